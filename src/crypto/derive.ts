import { createSecretKey, hkdf, pbkdf2 } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { KmipError } from '../kmip/error.ts'
import { DerivationMethod, HashingAlgorithm } from '../kmip/generated/enums.ts'
import { Secret } from '../kmip/secret.ts'
import { agree } from './agreement.ts'
import { encryptSymmetric } from './cipher.ts'
import { cryptographicFailure, invalid, notSupported } from './failure.ts'
import { hash, hashInfo } from './hash.ts'
import { heavily } from './heavy-work.ts'
import type { HashInfo } from './hash.ts'
import { checkKind } from './key.ts'
import type { SoftwareKey } from './key.ts'
import { hashOfHmac, hmac, hmacHash } from './mac.ts'
import type { Derivation } from './provider.ts'

/**
 * Derives `request.length` bytes from a key or secret (KMIP 2.1 6.1.14, 7.12).
 *
 * @throws KmipError Invalid Field for missing or contradicting parameters, Cryptographic Failure when the method gives
 *   fewer bytes than asked for (KMIP 1.4 11.7)
 */
export async function derive(key: SoftwareKey, request: Derivation): Promise<Secret> {
  const method = methods.get(request.method)
  if (method === undefined) throw notSupported('the derivation method is not supported')
  if (!Number.isInteger(request.length) || request.length < 1 || request.length > lengthMax) {
    throw invalid('the derived length is out of bounds')
  }
  const bytes = await method(key, request)
  if (bytes.length < request.length) throw tooLong()
  return new Secret(bytes.subarray(0, request.length))
}

type Method = (key: SoftwareKey, request: Derivation) => Buffer | Promise<Buffer>

/** PKCS#5: the key is the password. HMAC-SHA-1 unless a hash is given (RFC 8018 A.2). */
function derivePbkdf2(key: SoftwareKey, { parameters, salt, iterationCount, length }: Derivation): Promise<Buffer> {
  if (salt === undefined || iterationCount === undefined) throw invalid('PBKDF2 needs a salt and an iteration count')
  if (iterationCount < 1 || iterationCount > iterationsMax) throw invalid('the iteration count is out of bounds')
  const { cryptographicAlgorithm, hashingAlgorithm = HashingAlgorithm.SHA_1 } = parameters
  const info = hashOfHmac(cryptographicAlgorithm) ?? hashInfo(hashingAlgorithm)
  return heavily(() => new Promise((resolve, reject) => {
    pbkdf2(keyBytes(key), salt, iterationCount, length, info.name, (error, derived) => {
      if (error === null) resolve(derived)
      else reject(cryptographicFailure())
    })
  }))
}

/** The hash of the key, or of the derivation data where that is given instead. */
function deriveHash(key: SoftwareKey, { parameters, derivationData }: Derivation): Buffer {
  return hash(hashInfo(parameters.hashingAlgorithm), derivationData ?? keyBytes(key))
}

/** The key says which HMAC; the parameters speak only where it does not. */
function deriveHmac(key: SoftwareKey, { parameters, derivationData }: Derivation): Buffer {
  const info = hashOfHmac(key.algorithm) ?? hmacHash(key.algorithm, parameters)
  return hmac(info, secretOf(key), required(derivationData))
}

/** The ciphertext of the derivation data. Here an absent IV is an empty one, never a random one. */
function deriveEncrypt(key: SoftwareKey, { parameters, initializationVector, derivationData }: Derivation): Buffer {
  const data = required(derivationData)
  return encryptSymmetric(key, { ...parameters, randomIV: false }, { data, iv: initializationVector }).data
}

/**
 * NIST SP 800-108 with 32-bit counters before the fixed input, which is the derivation data as it
 * stands (Label || 00 || Context; the client adds the length if it wants it there).
 */
function deriveCounter(key: SoftwareKey, request: Derivation): Buffer {
  const { prf, data, count } = kdf(key, request)
  return Buffer.concat(range(count).map((index) => prf(counter(index), data)))
}

/** The IV is the first K. */
function deriveFeedback(key: SoftwareKey, request: Derivation): Buffer {
  const { prf, data, count } = kdf(key, request)
  let previous = request.initializationVector ?? Buffer.alloc(0)
  return Buffer.concat(range(count).map((index) => (previous = prf(previous, counter(index), data))))
}

function deriveDoublePipeline(key: SoftwareKey, request: Derivation): Buffer {
  const { prf, data, count } = kdf(key, request)
  let a = data
  return Buffer.concat(range(count).map((index) => {
    a = prf(a)
    return prf(a, counter(index), data)
  }))
}

function deriveAsymmetric(key: SoftwareKey, { peer }: Derivation): Buffer {
  if (peer === undefined) throw invalid('key agreement needs the other public key')
  return agree(key, peer)
}

/** The signing key of a day, a region and a service, which are the derivation data, in this order (KMIP 2.1 7.12). */
function deriveAwsSignature(key: SoftwareKey, { derivationParts: parts = [] }: Derivation): Buffer {
  if (parts.length !== 3) throw invalid('the derivation data are date, region and service')
  const info = hashInfo(HashingAlgorithm.SHA_256)
  const start: Buffer = Buffer.concat([Buffer.from('AWS4'), keyBytes(key)])
  return [...parts, Buffer.from('aws4_request')].reduce((secret, part) => hmac(info, createSecretKey(secret), part), start)
}

/** RFC 5869: the derivation data is the info; SHA-256 unless a hash is given (KMIP 2.1 7.12). */
function deriveHkdf(key: SoftwareKey, { parameters, salt, derivationData, length }: Derivation): Promise<Buffer> {
  const info = hashInfo(parameters.hashingAlgorithm ?? HashingAlgorithm.SHA_256)
  if (length > 255 * info.length) throw tooLong()
  const context = derivationData ?? Buffer.alloc(0)
  if (context.length > hkdfInfoMax) return Promise.resolve(expandByHand(key, info, salt, context, length))
  return new Promise((resolve, reject) => {
    hkdf(info.name, secretOf(key), salt ?? Buffer.alloc(0), context, length, (error, derived) => {
      if (error === null) resolve(Buffer.from(derived))
      else reject(cryptographicFailure())
    })
  })
}

/** node:crypto bounds the info at 1024 bytes; the standard does not. */
function expandByHand(
  key: SoftwareKey, info: HashInfo, salt: Buffer | undefined, context: Buffer, length: number,
): Buffer {
  checkWork(Math.ceil(length / info.length), context)
  const prk = createSecretKey(hmac(info, createSecretKey(salt ?? Buffer.alloc(info.length)), keyBytes(key)))
  let previous: Buffer = Buffer.alloc(0)
  const parts = range(Math.ceil(length / info.length)).map((index) => {
    previous = hmac(info, prk, previous, context, Buffer.from([index]))
    return previous
  })
  return Buffer.concat(parts, length)
}

function kdf(key: SoftwareKey, { parameters, derivationData, length }: Derivation): {
  prf: (...parts: Buffer[]) => Buffer; data: Buffer; count: number
} {
  const info = hmacHash(key.algorithm, parameters)
  const [secret, data, count] = [secretOf(key), required(derivationData), Math.ceil(length / info.length)]
  checkWork(count, data)
  return { prf: (...parts) => hmac(info, secret, ...parts), data, count }
}

/** @throws KmipError Invalid Field where the data, which goes into each block of the outcome, is too long for its length */
function checkWork(count: number, data: Buffer): void {
  if (count * data.length > workBytesMax) throw invalid('the derivation data is too long for the derived length')
}

/** No secret of the key's: the length follows from what was asked for. */
function tooLong(): KmipError {
  return new KmipError('CryptographicFailure', 'the derivation method gives fewer bytes than asked for')
}

function required(data: Buffer | undefined): Buffer {
  if (data === undefined) throw invalid('the derivation method needs derivation data')
  return data
}

function keyBytes(key: SoftwareKey): Buffer {
  checkKind(key, 'symmetric', 'secret')
  return key.material.reveal()
}

function secretOf(key: SoftwareKey): KeyObject {
  checkKind(key, 'symmetric', 'secret')
  return key.object
}

/** 1 to `count`. */
function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1)
}

function counter(index: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(index)
  return bytes
}

/** Bytes: 1 Mbit, far above any key, far below what would hurt. */
const lengthMax = 0x2_0000
/** What is hashed in the event loop, in some 30 ms by the slowest hash: a kilobyte for each block of the greatest length. */
const workBytesMax = 0x80_0000
/** Less than two seconds of one thread-pool thread with SHA-256; three times what is advised for passwords. */
const iterationsMax = 2_000_000
const hkdfInfoMax = 1024

const m = DerivationMethod
export const methods: ReadonlyMap<number, Method> = new Map<number, Method>([
  [m.PBKDF2, derivePbkdf2], [m.HASH, deriveHash], [m.HMAC, deriveHmac], [m.ENCRYPT, deriveEncrypt],
  [m.NIST800_108_C, deriveCounter], [m.NIST800_108_F, deriveFeedback], [m.NIST800_108_DPI, deriveDoublePipeline],
  [m.AsymmetricKey, deriveAsymmetric], [m.AWSSignatureVersion4, deriveAwsSignature], [m.HKDF, deriveHkdf],
])
