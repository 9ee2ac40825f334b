import { byteCurveByOid, curveByOid, curveParameters } from './curve.ts'
import type { ByteCurve, Curve } from './curve.ts'
import {
  DerReader, derBits, derElement, DerError, derInteger, derNull, derOctets, derOid, derSequence, DerTag, outerSequence,
  unsignedBytes, unsignedInteger,
} from './der.ts'

/** The numbers of a key pair, between its encodings. */
export interface RsaPublic {
  readonly type: 'rsa'
  readonly n: bigint
  readonly e: bigint
}
export interface RsaPrivate extends RsaPublic {
  readonly d: bigint
  readonly p: bigint
  readonly q: bigint
  readonly dp: bigint
  readonly dq: bigint
  readonly qi: bigint
}
export interface EcPublic {
  readonly type: 'ec'
  readonly curve: Curve
  readonly point: Buffer
}
export interface EcPrivate {
  readonly type: 'ec'
  readonly curve: Curve
  readonly d: bigint
  /** Where the encoding has it. */
  readonly point?: Buffer | undefined
}
/** Keys of RFC 8410 and, as their public half, the same. */
export interface ByteKey {
  readonly type: 'bytes'
  readonly curve: ByteCurve
  readonly bytes: Buffer
}
/** DSA, and Diffie-Hellman, where q is optional and j (its cofactor) may follow. */
export interface FiniteGroup {
  readonly type: 'dsa' | 'dh'
  readonly p: bigint
  readonly q?: bigint | undefined
  readonly g: bigint
  readonly j?: bigint | undefined
}
export type FinitePrivate = FiniteGroup & { readonly x: bigint }
export type FinitePublic = FiniteGroup & { readonly y: bigint }

export type PrivateNumbers = RsaPrivate | EcPrivate | ByteKey | FinitePrivate
export type PublicNumbers = RsaPublic | EcPublic | ByteKey | FinitePublic

/**
 * PrivateKeyInfo (RFC 5208, 5958).
 *
 * @throws DerError for anything else, and for an algorithm or curve that is not known
 */
export function decodePkcs8(der: Buffer): PrivateNumbers {
  const info = outerSequence(der)
  const version = info.integer()
  if (version > 1n) throw new DerError('unknown version')
  const { oid, parameters } = readAlgorithm(info)
  const key = info.octets()
  // Attributes [0] and the public key [1] may follow; they do not change the key.
  while (!info.done) {
    if (info.peek() !== 0xa0 && info.peek() !== 0x81) throw new DerError('unexpected element')
    info.readRaw()
  }
  if (oid === rsaOid) return decodePkcs1Private(key)
  if (oid === ecOid || oid === sm2AlgorithmOid) return decodeSec1(key, curveOf(parameters))
  const byteCurve = byteCurveByOid(oid)
  if (byteCurve !== undefined) return byteKey(byteCurve, outerElement(key, DerTag.OctetString))
  const group = readGroup(oid, parameters)
  const inner = new DerReader(key)
  const x = inner.integer()
  inner.end()
  return { ...group, x }
}

export function encodePkcs8(key: PrivateNumbers): Buffer {
  const [algorithm, bytes] = encodePrivate(key)
  return derSequence(derInteger(0n), algorithm, derOctets(bytes))
}

/** SubjectPublicKeyInfo (RFC 5280 4.1). */
export function decodeSpki(der: Buffer): PublicNumbers {
  const info = outerSequence(der)
  const { oid, parameters } = readAlgorithm(info)
  const key = info.bits()
  info.end()
  if (oid === rsaOid) return decodePkcs1Public(key)
  if (oid === ecOid || oid === sm2AlgorithmOid) return { type: 'ec', curve: curveOf(parameters), point: key }
  const byteCurve = byteCurveByOid(oid)
  if (byteCurve !== undefined) return byteKey(byteCurve, key)
  const group = readGroup(oid, parameters)
  const inner = new DerReader(key)
  const y = inner.integer()
  inner.end()
  return { ...group, y }
}

export function encodeSpki(key: PublicNumbers): Buffer {
  switch (key.type) {
    case 'rsa': return derSequence(derSequence(derOid(rsaOid), derNull()), derBits(encodePkcs1Public(key)))
    case 'ec': return derSequence(ecAlgorithm(key.curve), derBits(key.point))
    case 'bytes': return derSequence(derSequence(derOid(key.curve.oid)), derBits(key.bytes))
    default: return derSequence(groupAlgorithm(key), derBits(derInteger(key.y)))
  }
}

/** RSAPrivateKey (RFC 8017 A.1.2), of two primes. */
export function decodePkcs1Private(der: Buffer): RsaPrivate {
  const sequence = outerSequence(der)
  if (sequence.integer() !== 0n) throw new DerError('not a key of two primes')
  const next = (): bigint => sequence.integer()
  const [n, e, d] = [next(), next(), next()]
  const [p, q, dp, dq, qi] = [next(), next(), next(), next(), next()]
  sequence.end()
  return { type: 'rsa', n, e, d, p, q, dp, dq, qi }
}

export function encodePkcs1Private({ n, e, d, p, q, dp, dq, qi }: RsaPrivate): Buffer {
  return derSequence(...[0n, n, e, d, p, q, dp, dq, qi].map(derInteger))
}

/** RSAPublicKey (RFC 8017 A.1.1). */
export function decodePkcs1Public(der: Buffer): RsaPublic {
  const sequence = outerSequence(der)
  const key = { type: 'rsa', n: sequence.integer(), e: sequence.integer() } as const
  sequence.end()
  return key
}

export function encodePkcs1Public({ n, e }: RsaPublic): Buffer {
  return derSequence(derInteger(n), derInteger(e))
}

/** ECPrivateKey (RFC 5915); inside PKCS#8 the curve comes from outside. */
export function decodeSec1(der: Buffer, outer?: Curve): EcPrivate {
  const sequence = outerSequence(der)
  if (sequence.integer() !== 1n) throw new DerError('unknown version')
  const scalar = sequence.octets()
  if (scalar.length > scalarLengthMax) throw new DerError('the private key is too long')
  let curve = outer
  if (sequence.peek() === 0xa0) {
    const named = curveOf(sequence.read(0xa0))
    if (curve !== undefined && curve !== named) throw new DerError('two curves')
    curve = named
  }
  if (curve === undefined) throw new DerError('no curve')
  const point = sequence.peek() === 0xa1 ? new DerReader(sequence.read(0xa1)).bits() : undefined
  sequence.end()
  return { type: 'ec', curve, d: unsignedInteger(scalar), point }
}

/** @param standalone with the curve inside: the SEC1 file; without: as PKCS#8 holds it */
export function encodeSec1({ curve, d, point }: EcPrivate, standalone: boolean): Buffer {
  return derSequence(
    derInteger(1n),
    derOctets(unsignedBytes(d, curveParameters(curve).orderLength)),
    ...(standalone ? [derElement(0xa0, derOid(curve.oid))] : []),
    ...(point === undefined ? [] : [derElement(0xa1, derBits(point))]),
  )
}

function encodePrivate(key: PrivateNumbers): readonly [algorithm: Buffer, bytes: Buffer] {
  switch (key.type) {
    case 'rsa': return [derSequence(derOid(rsaOid), derNull()), encodePkcs1Private(key)]
    case 'ec': return [ecAlgorithm(key.curve), encodeSec1(key, false)]
    case 'bytes': return [derSequence(derOid(key.curve.oid)), derOctets(key.bytes)]
    default: return [groupAlgorithm(key), derInteger(key.x)]
  }
}

function readAlgorithm(info: DerReader): { oid: string; parameters: Buffer } {
  const algorithm = info.sequence()
  const oid = algorithm.oid()
  const parameters = algorithm.done ? Buffer.alloc(0) : algorithm.readRaw()
  algorithm.end()
  return { oid, parameters }
}

/** Only named curves: parameters of the client's making could be of a weak curve. */
function curveOf(parameters: Buffer): Curve {
  const reader = new DerReader(parameters)
  const curve = curveByOid(reader.oid())
  reader.end()
  if (curve === undefined) throw new DerError('unknown curve')
  return curve
}

function ecAlgorithm(curve: Curve): Buffer {
  return derSequence(derOid(ecOid), derOid(curve.oid))
}

function readGroup(oid: string, parameters: Buffer): FiniteGroup {
  if (oid === dsaOid) {
    const sequence = outerSequence(parameters)
    const group = { type: 'dsa', p: sequence.integer(), q: sequence.integer(), g: sequence.integer() } as const
    sequence.end()
    return group
  }
  if (oid === dhOid) {
    const sequence = outerSequence(parameters)
    const group = { type: 'dh', p: sequence.integer(), g: sequence.integer() } as const
    if (!sequence.done) sequence.integer()
    sequence.end()
    return group
  }
  if (oid !== dhxOid) throw new DerError('unknown algorithm')
  const sequence = outerSequence(parameters)
  const group = { type: 'dh', p: sequence.integer(), g: sequence.integer(), q: sequence.integer() } as const
  const j = sequence.peek() === DerTag.Integer ? sequence.integer() : undefined
  if (!sequence.done) sequence.readRaw()
  sequence.end()
  return { ...group, j }
}

/** Diffie-Hellman with q is the X9.42 form (RFC 3279 2.3.3), without it PKCS#3. */
function groupAlgorithm({ type, p, q, g, j }: FiniteGroup): Buffer {
  if (type === 'dsa') return derSequence(derOid(dsaOid), derSequence(derInteger(p), derInteger(q!), derInteger(g)))
  if (q === undefined) return derSequence(derOid(dhOid), derSequence(derInteger(p), derInteger(g)))
  const numbers = j === undefined ? [p, g, q] : [p, g, q, j]
  return derSequence(derOid(dhxOid), derSequence(...numbers.map(derInteger)))
}

function byteKey(curve: ByteCurve, bytes: Buffer): ByteKey {
  if (bytes.length !== curve.length) throw new DerError('wrong key length')
  return { type: 'bytes', curve, bytes }
}

function outerElement(der: Buffer, tag: number): Buffer {
  const reader = new DerReader(der)
  const contents = reader.read(tag)
  reader.end()
  return contents
}

/** Bytes; no curve here has longer scalars. */
const scalarLengthMax = 66

const rsaOid = '2a864886f70d010101'
const ecOid = '2a8648ce3d0201'
/** Some write SM2 keys under the algorithm's own identifier. */
const sm2AlgorithmOid = '2a811ccf5501822d'
const dsaOid = '2a8648ce380401'
const dhOid = '2a864886f70d010301'
const dhxOid = '2a8648ce3e0201'
