import { createECDH, createPrivateKey, createPublicKey, generateKeyPair } from 'node:crypto'
import { CryptographicAlgorithm } from '../kmip/generated/enums.ts'
import { Secret } from '../kmip/secret.ts'
import { encodePkcs8, encodeSpki } from './asymmetric.ts'
import type { EcPrivate, PrivateNumbers } from './asymmetric.ts'
import { byteCurves, curveById, curves, sm2Curve } from './curve.ts'
import type { ByteCurve, Curve } from './curve.ts'
import { unsignedInteger } from './der.ts'
import { cryptographicFailure, invalidAttribute, notSupported } from './failure.ts'
import { heavily } from './heavy-work.ts'
import { bytesFrom, ecFrom, rsaFrom } from './generate-from.ts'
import type { KeySpec, PlainKey } from './provider.ts'
import { openSslSource } from './random-source.ts'
import type { RandomSource } from './random-source.ts'
import { symmetricFamily } from './symmetric.ts'
import type { SymmetricFamily } from './symmetric.ts'

export interface PlainPair {
  readonly privateKey: PlainKey
  readonly publicKey: PlainKey
}

/** A fresh symmetric key. @throws KmipError as `checkSymmetric` */
export function generateSymmetric(spec: KeySpec, source: RandomSource): PlainKey {
  const { length } = spec
  const bytes = source.bytes(checkSymmetric(spec).materialLength(length))
  if (spec.algorithm === c.DES3 || spec.algorithm === c.DES) setOddParity(bytes)
  return { algorithm: spec.algorithm, length, kind: 'symmetric', bytes: new Secret(bytes) }
}

/**
 * Checks that there are symmetric keys of this algorithm and length.
 *
 * @throws KmipError Feature Not Supported, or Invalid Attribute Value for the length
 */
export function checkSymmetric({ algorithm, length }: KeySpec): SymmetricFamily {
  const family = symmetricFamily(algorithm)
  if (family === undefined) throw notSupported('the cryptographic algorithm is not supported')
  const anyLength = length > 0 && length % 8 === 0 && length <= bitsMax
  const fits = family.lengths.length === 0 ? anyLength : family.lengths.includes(length)
  if (!fits) throw invalidAttribute('the cryptographic length does not fit the algorithm')
  return family
}

/** A fresh key pair, made in the thread pool where that takes long. OpenSSL makes pairs with its own generator only. */
export function generatePair(spec: KeySpec, source: RandomSource): Promise<PlainPair> | PlainPair {
  switch (spec.algorithm) {
    case c.RSA: return generateRsa(spec, source)
    case c.DSA: return generateDsa(spec, source)
    case c.SM2: return generateSm2(spec, source)
    case c.DH: throw notSupported('Diffie-Hellman keys can be registered, not made')
    default: return generateOnCurve(spec, source)
  }
}

/** The curve that a length alone stands for: NIST's of that size. */
export function curveForLength(length: number): Curve | undefined {
  return curves.find((curve) => curve.bits === length && defaultCurves.has(curve.name))
}

function generateRsa(spec: KeySpec, source: RandomSource): Promise<PlainPair> {
  if (!rsaLengths.includes(spec.length)) throw invalidAttribute('RSA keys are made with 1024 to 8192 bits')
  if (source !== openSslSource) return heavily(async () => pairOf(spec, await rsaFrom(spec.length, source.bytes)))
  return inThreadPool(spec, (done) => generateKeyPair('rsa', { modulusLength: spec.length, ...encodings }, done))
}

function generateDsa(spec: KeySpec, source: RandomSource): Promise<PlainPair> {
  if (source !== openSslSource) throw notSupported('DSA keys are not made with this random number generator')
  const divisorLength = dsaDivisors.get(spec.length)
  if (divisorLength === undefined) throw invalidAttribute('DSA keys are made with 1024, 2048 or 3072 bits')
  const options = { modulusLength: spec.length, divisorLength, ...encodings }
  return inThreadPool(spec, (done) => generateKeyPair('dsa', options, done))
}

/**
 * Not by `generateKeyPair`: what that gives signs ECDSA on the SM2 curve. The private key n - 1
 * would make signing loop for ever; OpenSSL draws it with probability 2^-256.
 */
function generateSm2(spec: KeySpec, source: RandomSource): PlainPair {
  if (spec.length !== sm2Curve.bits) throw invalidAttribute('SM2 keys have 256 bits')
  if (source !== openSslSource) return ecPair(spec, ecFrom(sm2Curve, source.bytes))
  const ecdh = createECDH(sm2Curve.name)
  const point = ecdh.generateKeys()
  return ecPair(spec, { type: 'ec', curve: sm2Curve, d: unsignedInteger(ecdh.getPrivateKey()), point })
}

function generateOnCurve(spec: KeySpec, source: RandomSource): Promise<PlainPair> | PlainPair {
  const byteCurve = byteCurveOf(spec)
  if (byteCurve !== undefined) {
    const full = { ...spec, length: byteCurve.bits, curve: byteCurve.id }
    if (source !== openSslSource) return pairOf(full, bytesFrom(byteCurve, source.bytes))
    // One call for each name: the overloads of generateKeyPair take single literals.
    return inThreadPool(full, (done) => generateKeyPair(byteCurve.name as 'ed25519', encodings, done))
  }
  if (![c.EC, c.ECDSA, c.ECDH].includes(spec.algorithm as 6)) throw notSupported('the algorithm has no key pairs')
  const curve = spec.curve === undefined ? curveForLength(spec.length) : curveById(spec.curve)
  if (curve === undefined) throw invalidAttribute('no curve is named, and none has this length')
  if (spec.length !== 0 && spec.length !== curve.bits) throw invalidAttribute('the curve has another length')
  const full = { ...spec, length: curve.bits, curve: curve.id }
  if (source !== openSslSource) return ecPair(full, ecFrom(curve, source.bytes))
  return inThreadPool(full, (done) => generateKeyPair('ec', { namedCurve: curve.name, ...encodings }, done))
}

/** Curve25519 and Curve448 are Edwards curves for the signature algorithms, else Montgomery. */
function byteCurveOf({ algorithm, curve, length }: KeySpec): ByteCurve | undefined {
  if (algorithm === c.Ed25519 || algorithm === c.Ed448) {
    const found = byteCurves.find(({ name }) => name === (algorithm === c.Ed25519 ? 'ed25519' : 'ed448'))!
    if (curve !== undefined && curve !== found.id) throw invalidAttribute('the algorithm has another curve')
    if (length !== 0 && length !== found.bits && length !== 448) throw invalidAttribute('the curve has another length')
    return found
  }
  if (algorithm !== c.EC && algorithm !== c.ECDH) return undefined
  return byteCurves.find(({ id, use }) => id === curve && use === 'agree')
}

function inThreadPool(
  spec: KeySpec, start: (done: (error: Error | null, publicKey: Buffer, privateKey: Buffer) => void) => void,
): Promise<PlainPair> {
  return heavily(() => new Promise((resolve, reject) => {
    start((error, publicKey, privateKey) => {
      if (error === null) resolve(pair(spec, privateKey, publicKey))
      else reject(cryptographicFailure())
    })
  }))
}

function pairOf(spec: KeySpec, numbers: PrivateNumbers): PlainPair {
  const privateDer = encodePkcs8(numbers)
  const publicKey = createPublicKey(createPrivateKey({ key: privateDer, format: 'der', type: 'pkcs8' }))
  return pair(spec, privateDer, publicKey.export(encodings.publicKeyEncoding))
}

function ecPair(spec: KeySpec, numbers: EcPrivate & { readonly point: Buffer }): PlainPair {
  return pair(spec, encodePkcs8(numbers), encodeSpki({ type: 'ec', curve: numbers.curve, point: numbers.point }))
}

function pair({ algorithm, length, curve }: KeySpec, privateDer: Buffer, publicDer: Buffer): PlainPair {
  const spec = { algorithm, length, curve }
  return {
    privateKey: { ...spec, kind: 'private', bytes: new Secret(privateDer) },
    publicKey: { ...spec, kind: 'public', bytes: new Secret(publicDer) },
  }
}

/** Each byte of a DES key has odd parity in its lowest bit (FIPS 46-3). */
function setOddParity(bytes: Buffer): void {
  for (let index = 0; index < bytes.length; index += 1) {
    let ones = bytes[index]! >>> 1
    ones ^= ones >>> 4
    ones ^= ones >>> 2
    ones ^= ones >>> 1
    bytes[index] = (bytes[index]! & 0xfe) | (~ones & 1)
  }
}

const c = CryptographicAlgorithm
const encodings = {
  publicKeyEncoding: { type: 'spki', format: 'der' },
  privateKeyEncoding: { type: 'pkcs8', format: 'der' },
} as const
/** Bits: longest symmetric key that is made. */
const bitsMax = 65_536
export const rsaLengths: readonly number[] = [1024, 2048, 3072, 4096, 6144, 8192]
export const dsaDivisors: ReadonlyMap<number, number> = new Map([[1024, 160], [2048, 256], [3072, 256]])
const defaultCurves: ReadonlySet<string> = new Set(['prime192v1', 'secp224r1', 'prime256v1', 'secp384r1', 'secp521r1'])
