import { createECDH, createHash, createSign, createVerify, timingSafeEqual } from 'node:crypto'
import type { CryptographicParameters } from '../kmip/attribute-value.ts'
import type { KmipError } from '../kmip/error.ts'
import { CryptographicAlgorithm, PaddingMethod } from '../kmip/generated/enums.ts'
import type { EcPrivate, EcPublic } from './asymmetric.ts'
import { convertPoint, curveParameters, publicPoint, sm2Curve } from './curve.ts'
import { derInteger, derOctets, derSequence, outerSequence, unsignedBytes, unsignedInteger } from './der.ts'
import { badParameters, cryptographicFailure, guarded, invalid, unsupportedParameters } from './failure.ts'
import { hash, hashInfo } from './hash.ts'
import { HashingExtension, PaddingExtension } from '../kmip/extension.ts'
import { privateNumbers, publicNumbers } from './key-check.ts'
import type { SoftwareKey } from './key.ts'
import { nobleCurve } from './noble-curve.ts'
import type { Signable } from './provider.ts'
import { signatureScheme } from './signature.ts'

/** The identity that is hashed into signatures when the parties agreed on none (GM/T 0009 10). */
export const defaultUserId = Buffer.from('1234567812345678')

/**
 * SM2 signature with SM3 (GB/T 32918.2), DER. OpenSSL's `createSign` signs SM3 of what it is given, so Z(A)
 * comes first; its one-shot call would use an empty identity. A digest is e = SM3(Z(A) || data), and is signed
 * over @noble/curves, because OpenSSL cannot be given one.
 */
export function signSm2(
  key: SoftwareKey, parameters: CryptographicParameters, input: Signable, userId: Buffer = defaultUserId,
): Buffer {
  checkSm3(parameters, input, true)
  if ('digest' in input) return guarded(() => signDigest(key, input.digest))
  const { data } = input
  return guarded(() => createSign('sm3').update(identityHash(pointOf(key), userId)).update(data).sign(key.object))
}

export function verifySm2(
  key: SoftwareKey, parameters: CryptographicParameters, input: Signable, signature: Buffer,
  userId: Buffer = defaultUserId,
): boolean {
  checkSm3(parameters, input, false)
  try {
    if ('digest' in input) return verifyDigest(key, input.digest, signature)
    const state = createVerify('sm3').update(identityHash(pointOf(key), userId))
    return state.update(input.data).verify(key.object, signature)
  } catch {
    return false
  }
}

/**
 * SM2 encryption leaves nothing to choose but the form of the ciphertext; decryption takes both.
 *
 * @throws KmipError Invalid Field or Feature Not Supported for parameters that choose otherwise
 */
export function sm2FormOf(parameters: CryptographicParameters): Sm2Form {
  const { blockCipherMode, paddingMethod = PaddingMethod.None, hashingAlgorithm, cryptographicAlgorithm } = parameters
  const form = sm2Forms.get(paddingMethod)
  if (blockCipherMode !== undefined || form === undefined) throw badParameters('SM2 encryption has no mode and no padding')
  if (hashingAlgorithm !== undefined && hashInfo(hashingAlgorithm) !== sm3) throw unsupportedParameters('SM2 encrypts with SM3')
  if (cryptographicAlgorithm !== undefined && cryptographicAlgorithm !== CryptographicAlgorithm.SM2) {
    throw badParameters('the key is for another algorithm')
  }
  return form
}

export type Sm2Form = 'C1C3C2' | 'asn1'

/**
 * SM2 public-key encryption (GB/T 32918.4): C1 || C3 || C2 with an uncompressed C1, or the ASN.1
 * form of GM/T 0009.
 */
export function encryptSm2(key: SoftwareKey, data: Buffer, form: Sm2Form = 'C1C3C2'): Buffer {
  if (data.length === 0) throw invalid('there is no data to encrypt')
  if (data.length > dataBytesMax) throw tooLong()
  return guarded(() => {
    const ephemeral = createECDH(sm2Curve.name)
    const point = nobleCurve(sm2Curve).fromBytes(pointOf(key))
    for (;;) {
      const c1 = ephemeral.generateKeys()
      const shared = point.multiply(unsignedInteger(ephemeral.getPrivateKey())).toBytes(false).subarray(1)
      const stream = keyStream(shared, data.length)
      // A key stream of zeros would give the data away (GB/T 32918.4 6.1 A5).
      if (stream.every((byte) => byte === 0)) continue
      const c2 = xor(data, stream)
      const c3 = bound(shared, data)
      return form === 'C1C3C2' ? Buffer.concat([c1, c3, c2]) : encodeCiphertext(c1, c3, c2)
    }
  })
}

/** Takes both forms; the first byte of the one is 04, of the other 30. */
export function decryptSm2(key: SoftwareKey, ciphertext: Buffer): Buffer {
  return guarded(() => {
    const { c1, c3, c2 } = ciphertext[0] === 0x30 ? decodeCiphertext(ciphertext) : splitCiphertext(ciphertext)
    if (c2.length > dataBytesMax) throw tooLong()
    const numbers = privateNumbers(key.material.reveal()) as EcPrivate
    const point = nobleCurve(sm2Curve).fromBytes(convertPoint(sm2Curve, c1, 'uncompressed'))
    const shared = point.multiply(numbers.d).toBytes(false).subarray(1)
    const data = xor(c2, keyStream(shared, c2.length))
    if (!timingSafeEqual(bound(shared, data), c3)) throw cryptographicFailure()
    return data
  })
}

function tooLong(): KmipError {
  return invalid(`SM2 encrypts at most ${dataBytesMax} bytes`)
}

function checkSm3(parameters: CryptographicParameters, input: Signable, strict: boolean): void {
  const scheme = signatureScheme('sm2', parameters, input, strict)
  if (scheme.hash !== undefined && scheme.hash !== sm3) throw unsupportedParameters('an SM2 key signs with SM3')
  if (strict && 'digest' in input && input.digest.length !== sm3.length) throw invalid('the digest has 32 bytes')
}

/** GB/T 32918.2 6.1, from A3 on. */
function signDigest(key: SoftwareKey, digest: Buffer): Buffer {
  const { d } = privateNumbers(key.material.reveal()) as EcPrivate
  const { n } = curveParameters(sm2Curve)
  const scalar = nobleCurve(sm2Curve).Fn
  const ephemeral = createECDH(sm2Curve.name)
  for (;;) {
    const x = unsignedInteger(ephemeral.generateKeys().subarray(1, 33))
    const k = unsignedInteger(ephemeral.getPrivateKey())
    const r = (unsignedInteger(digest) + x) % n
    // A factor that nobody knows keeps the private key out of arithmetic whose time depends on its operands.
    const blind = unsignedInteger(createECDH(sm2Curve.name).generateKeys().subarray(1, 33)) % n
    const numerator = scalar.sub(scalar.mul(blind, k), scalar.mul(scalar.mul(blind, r), d))
    const s = scalar.mul(scalar.inv(scalar.mul(blind, scalar.add(1n, d))), numerator)
    if (r !== 0n && r + k !== n && s !== 0n) return derSequence(derInteger(r), derInteger(s))
  }
}

/** GB/T 32918.2 7.1. */
function verifyDigest(key: SoftwareKey, digest: Buffer, signature: Buffer): boolean {
  const sequence = outerSequence(signature)
  const [r, s] = [sequence.integer(), sequence.integer()]
  sequence.end()
  const { n } = curveParameters(sm2Curve)
  if (digest.length !== sm3.length || r < 1n || r >= n || s < 1n || s >= n) return false
  const t = (r + s) % n
  if (t === 0n) return false
  const Point = nobleCurve(sm2Curve)
  const sum = Point.BASE.multiply(s).add(Point.fromBytes(pointOf(key)).multiply(t))
  return (unsignedInteger(digest) + sum.toAffine().x) % n === r
}

/** Z(A) (GB/T 32918.2 5.5). */
function identityHash(point: Buffer, userId: Buffer): Buffer {
  if (userId.length > userIdMax) throw invalid('the user identity is too long')
  const { a, b, Gx, Gy } = curveParameters(sm2Curve)
  const bits = Buffer.alloc(2)
  bits.writeUInt16BE(userId.length * 8)
  return hash(sm3, bits, userId, ...[a, b, Gx, Gy].map((value) => unsignedBytes(value, 32)), point.subarray(1))
}

/** The public point, uncompressed; computed once for a key. */
function pointOf(key: SoftwareKey): Buffer {
  const known = points.get(key)
  if (known !== undefined) return known
  const der = key.material.reveal()
  const point = key.kind === 'private'
    ? publicPoint(sm2Curve, (privateNumbers(der) as EcPrivate).d)
    : convertPoint(sm2Curve, (publicNumbers(der) as EcPublic).point, 'uncompressed')
  points.set(key, point)
  return point
}

/** KDF (GB/T 32918.4 5.4.3). */
function keyStream(shared: Uint8Array, length: number): Buffer {
  const parts: Buffer[] = []
  const counter = Buffer.alloc(4)
  for (let index = 1; (index - 1) * sm3.length < length; index += 1) {
    counter.writeUInt32BE(index)
    parts.push(createHash(sm3.name).update(shared).update(counter).digest())
  }
  return Buffer.concat(parts, length)
}

/** C3 = SM3(x2 || M || y2). */
function bound(shared: Uint8Array, data: Buffer): Buffer {
  return hash(sm3, shared.subarray(0, 32), data, shared.subarray(32))
}

function splitCiphertext(bytes: Buffer): Ciphertext {
  if (bytes[0] !== 0x04 || bytes.length <= pointLength + sm3.length) throw cryptographicFailure()
  const rest = pointLength + sm3.length
  return { c1: bytes.subarray(0, pointLength), c3: bytes.subarray(pointLength, rest), c2: bytes.subarray(rest) }
}

/** SM2Cipher (GM/T 0009 7.2): SEQUENCE { x, y, hash, ciphertext }. */
function encodeCiphertext(c1: Buffer, c3: Buffer, c2: Buffer): Buffer {
  const [x, y] = [unsignedInteger(c1.subarray(1, 33)), unsignedInteger(c1.subarray(33))]
  return derSequence(derInteger(x), derInteger(y), derOctets(c3), derOctets(c2))
}

function decodeCiphertext(der: Buffer): Ciphertext {
  const sequence = outerSequence(der)
  const [x, y] = [sequence.integer(), sequence.integer()]
  const [c3, c2] = [sequence.octets(), sequence.octets()]
  sequence.end()
  const { p } = curveParameters(sm2Curve)
  if (x >= p || y >= p || c3.length !== sm3.length || c2.length === 0) throw cryptographicFailure()
  return { c1: Buffer.concat([Buffer.from([4]), unsignedBytes(x, 32), unsignedBytes(y, 32)]), c3, c2 }
}

function xor(data: Buffer, stream: Buffer): Buffer {
  const result = Buffer.alloc(data.length)
  for (let index = 0; index < data.length; index += 1) result[index] = data[index]! ^ stream[index]!
  return result
}

interface Ciphertext {
  readonly c1: Buffer
  readonly c3: Buffer
  readonly c2: Buffer
}

const sm3 = hashInfo(HashingExtension.SM3)
const sm2Forms: ReadonlyMap<number, Sm2Form> = new Map<number, Sm2Form>([
  [PaddingMethod.None, 'C1C3C2'], [PaddingExtension.SM2ASN1, 'asn1'],
])
/** Bytes: the length in bits has two bytes. */
const userIdMax = 8191
/** 25 ms in the event loop: the key stream is a hash for every 32 bytes. */
const dataBytesMax = 0x4_0000
/** Bytes of an uncompressed point. */
const pointLength = 65
const points = new WeakMap<SoftwareKey, Buffer>()
