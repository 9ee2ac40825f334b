import { createECDH, ECDH, generateKeyPairSync } from 'node:crypto'
import { RecommendedCurve } from '../kmip/generated/enums.ts'
import { DerTag, outerSequence, unsignedBytes, unsignedInteger } from './der.ts'
import type { DerReader } from './der.ts'
import { notSupported } from './failure.ts'

/** A prime curve in short Weierstrass form. */
export interface Curve {
  /** KMIP's value; undefined for SM2's, which has none. */
  readonly id: number | undefined
  /** OpenSSL's name. */
  readonly name: string
  /** Hex of the contents of the object identifier. */
  readonly oid: string
  /** Cryptographic Length. */
  readonly bits: number
}

/** Domain parameters (SEC 1 3.1.1.1). */
export interface CurveParameters {
  readonly p: bigint
  readonly a: bigint
  readonly b: bigint
  readonly n: bigint
  readonly h: bigint
  readonly Gx: bigint
  readonly Gy: bigint
  /** Bytes of a coordinate. */
  readonly fieldLength: number
  /** Bytes of a scalar. */
  readonly orderLength: number
}

/** An Edwards or Montgomery curve, whose keys are plain bytes (RFC 8410). */
export interface ByteCurve {
  readonly id: number
  readonly name: 'ed25519' | 'ed448' | 'x25519' | 'x448'
  readonly oid: string
  readonly bits: number
  readonly length: number
  readonly use: 'sign' | 'agree'
}

/** @throws KmipError Feature Not Supported */
export function curveById(id: number | undefined): Curve {
  const curve = byId.get(id ?? 0)
  if (curve === undefined) throw notSupported('the curve is not supported')
  return curve
}

export function curveByOid(oid: string): Curve | undefined {
  return byOid.get(oid)
}

export function byteCurveByOid(oid: string): ByteCurve | undefined {
  return byteCurves.find((curve) => curve.oid === oid)
}

/**
 * OpenSSL is asked for the parameters by making a key with them written out, so that none of these
 * numbers is typed here.
 */
export function curveParameters(curve: Curve): CurveParameters {
  const known = parametersByName.get(curve.name)
  if (known !== undefined) return known
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: curve.name, paramEncoding: 'explicit' })
  const spki = outerSequence(publicKey.export({ type: 'spki', format: 'der' }))
  const parameters = readParameters(spki.sequence())
  parametersByName.set(curve.name, parameters)
  return parameters
}

/**
 * The point in another encoding (SEC 1 2.3.3). OpenSSL checks that it is on the curve, which for curves
 * of cofactor 1 is all there is to check; the point at infinity is refused here.
 *
 * @throws Error for what is not a point of the curve
 */
export function convertPoint(curve: Curve, point: Uint8Array, form: 'compressed' | 'uncompressed' | 'hybrid'): Buffer {
  if (point.length < 2) throw new RangeError('the point at infinity is no key')
  return ECDH.convertKey(point, curve.name, undefined, undefined, form) as Buffer
}

/** d·G, uncompressed. @throws Error for 0 and for what is not below the order */
export function publicPoint(curve: Curve, d: bigint): Buffer {
  const ecdh = createECDH(curve.name)
  ecdh.setPrivateKey(unsignedBytes(d, curveParameters(curve).orderLength))
  return ecdh.getPublicKey()
}

/** SpecifiedECDomain (SEC 1 C.2), inside an AlgorithmIdentifier. */
function readParameters(algorithm: DerReader): CurveParameters {
  algorithm.oid()
  const domain = algorithm.sequence()
  domain.integer()
  const field = domain.sequence()
  field.oid()
  const p = field.integer()
  const coefficients = domain.sequence()
  const a = unsignedInteger(coefficients.octets())
  const b = unsignedInteger(coefficients.octets())
  const base = domain.octets()
  const n = domain.integer()
  const h = domain.peek() === DerTag.Integer ? domain.integer() : 1n
  const fieldLength = (base.length - 1) / 2
  return {
    p, a, b, n, h, fieldLength,
    Gx: unsignedInteger(base.subarray(1, 1 + fieldLength)),
    Gy: unsignedInteger(base.subarray(1 + fieldLength)),
    orderLength: unsignedBytes(n).length,
  }
}

const r = RecommendedCurve
const brainpool = '2b24030302080101'

/** GB/T 32918.5; KMIP names its algorithm and not its curve. */
export const sm2Curve: Curve = { id: undefined, name: 'SM2', oid: '2a811ccf5501822d', bits: 256 }

/** The prime curves of KMIP from 192 bits on that OpenSSL has; those of characteristic two are left out. */
export const curves: readonly Curve[] = [
  { id: r.P_192, name: 'prime192v1', oid: '2a8648ce3d030101', bits: 192 },
  { id: r.P_224, name: 'secp224r1', oid: '2b81040021', bits: 224 },
  { id: r.P_256, name: 'prime256v1', oid: '2a8648ce3d030107', bits: 256 },
  { id: r.P_384, name: 'secp384r1', oid: '2b81040022', bits: 384 },
  { id: r.P_521, name: 'secp521r1', oid: '2b81040023', bits: 521 },
  { id: r.SECP192K1, name: 'secp192k1', oid: '2b8104001f', bits: 192 },
  { id: r.SECP224K1, name: 'secp224k1', oid: '2b81040020', bits: 224 },
  { id: r.SECP256K1, name: 'secp256k1', oid: '2b8104000a', bits: 256 },
  { id: r.BRAINPOOLP192R1, name: 'brainpoolP192r1', oid: `${brainpool}03`, bits: 192 },
  { id: r.BRAINPOOLP192T1, name: 'brainpoolP192t1', oid: `${brainpool}04`, bits: 192 },
  { id: r.BRAINPOOLP224R1, name: 'brainpoolP224r1', oid: `${brainpool}05`, bits: 224 },
  { id: r.BRAINPOOLP224T1, name: 'brainpoolP224t1', oid: `${brainpool}06`, bits: 224 },
  { id: r.BRAINPOOLP256R1, name: 'brainpoolP256r1', oid: `${brainpool}07`, bits: 256 },
  { id: r.BRAINPOOLP256T1, name: 'brainpoolP256t1', oid: `${brainpool}08`, bits: 256 },
  { id: r.BRAINPOOLP320R1, name: 'brainpoolP320r1', oid: `${brainpool}09`, bits: 320 },
  { id: r.BRAINPOOLP320T1, name: 'brainpoolP320t1', oid: `${brainpool}0a`, bits: 320 },
  { id: r.BRAINPOOLP384R1, name: 'brainpoolP384r1', oid: `${brainpool}0b`, bits: 384 },
  { id: r.BRAINPOOLP384T1, name: 'brainpoolP384t1', oid: `${brainpool}0c`, bits: 384 },
  { id: r.BRAINPOOLP512R1, name: 'brainpoolP512r1', oid: `${brainpool}0d`, bits: 512 },
  { id: r.BRAINPOOLP512T1, name: 'brainpoolP512t1', oid: `${brainpool}0e`, bits: 512 },
]

export const byteCurves: readonly ByteCurve[] = [
  { id: r.CURVE25519, name: 'ed25519', oid: '2b6570', bits: 256, length: 32, use: 'sign' },
  { id: r.CURVE448, name: 'ed448', oid: '2b6571', bits: 456, length: 57, use: 'sign' },
  { id: r.CURVE25519, name: 'x25519', oid: '2b656e', bits: 256, length: 32, use: 'agree' },
  { id: r.CURVE448, name: 'x448', oid: '2b656f', bits: 448, length: 56, use: 'agree' },
]

const byId = new Map(curves.map((curve) => [curve.id!, curve]))
const byOid = new Map([...curves, sm2Curve].map((curve) => [curve.oid, curve]))
const parametersByName = new Map<string, CurveParameters>()
