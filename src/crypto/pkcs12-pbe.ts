import { createCipheriv, createDecipheriv, hash as hashOnce, pbkdf2, randomBytes } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { KmipError } from '../kmip/error.ts'
import type { Secret } from '../kmip/secret.ts'
import { derInteger, derNull, derOctets, derOid, derSequence, DerTag } from './der.ts'
import type { DerReader } from './der.ts'
import { cryptographicFailure, guarded, invalid } from './failure.ts'
import { decoded } from './key-check.ts'

/** Encryption under a password as PKCS#12 containers have it (RFC 7292 appendix B, RFC 8018). */

interface KdfHash {
  readonly name: string
  /** Bytes of a digest, and of a block. */
  readonly length: number
  readonly blockLength: number
}

/**
 * Decrypts with PBES2 (PBKDF2 and AES-CBC) or with PKCS#12's own Triple DES.
 *
 * @throws KmipError Key Format Type Not Supported for anything else
 */
export async function decryptPbe(algorithm: DerReader, encrypted: Buffer, password: Secret): Promise<Buffer> {
  const oid = decoded(() => algorithm.oid())
  const parameters = decoded(() => algorithm.sequence())
  if (oid === pbes2Oid) {
    const { hash, salt, iterations, cipher, iv } = decoded(() => readPbes2(parameters))
    const key = await stretched(password.reveal(), salt, iterations, cipher.keyLength, hash)
    return guarded(() => run(createDecipheriv(cipher.name, key, iv), encrypted))
  }
  if (oid !== tripleDesOid) throw notSupported()
  const [salt, iterations] = decoded(() => [parameters.octets(), parameters.integer()] as const)
  const sha1 = macHashes.get(sha1Oid)!
  const text = bmpPassword(password)
  // The keys of one container's parts are each some 40 ms for the event loop.
  await setImmediate()
  const key = pkcs12Key(sha1, 1, text, salt, iterations, 24)
  const iv = pkcs12Key(sha1, 2, text, salt, iterations, 8)
  return guarded(() => run(createDecipheriv('des-ede3-cbc', key, iv), encrypted))
}

/** AES-256-CBC under PBKDF2 with HMAC-SHA-256. */
export async function encryptPbes2(
  data: Buffer, password: Secret,
): Promise<{ readonly algorithm: Buffer; readonly encrypted: Buffer }> {
  const [salt, iv] = [randomBytes(16), randomBytes(16)]
  const key = await stretched(password.reveal(), salt, pbkdf2Iterations, 32, 'sha256')
  const kdf = derSequence(derOid(pbkdf2Oid), derSequence(
    derOctets(salt), derInteger(BigInt(pbkdf2Iterations)), derSequence(derOid(hmacSha256Oid), derNull()),
  ))
  const cipher = derSequence(derOid(aes256CbcOid), derOctets(iv))
  return {
    algorithm: derSequence(derOid(pbes2Oid), derSequence(kdf, cipher)),
    encrypted: run(createCipheriv('aes-256-cbc', key, iv), data),
  }
}

/**
 * The key derivation of PKCS#12 (RFC 7292 B.2).
 *
 * @param id 1 for a key, 2 for an IV, 3 for a MAC key
 */
export function pkcs12Key(
  hash: KdfHash, id: number, password: Buffer, salt: Buffer, iterations: bigint, length: number,
): Buffer {
  if (iterations < 1n || iterations > iterationsMax) throw invalid('the iteration count is out of bounds')
  const { blockLength } = hash
  const count = Number(iterations)
  const diversifier = Buffer.alloc(blockLength, id)
  let input = Buffer.concat([repeated(salt, blockLength), repeated(password, blockLength)])
  const parts: Buffer[] = []
  for (let made = 0; made < length; made += hash.length) {
    let a = hashOnce(hash.name, Buffer.concat([diversifier, input]), 'buffer')
    for (let round = 1; round < count; round += 1) a = hashOnce(hash.name, a, 'buffer')
    parts.push(a)
    input = added(input, repeated(a.subarray(0, blockLength), blockLength), blockLength)
  }
  return Buffer.concat(parts, length)
}

/** UTF-16, big-endian, with a terminating zero (RFC 7292 B.1). */
export function bmpPassword(password: Secret): Buffer {
  return Buffer.from(`${password.reveal().toString('utf8')}\0`, 'utf16le').swap16()
}

function readPbes2(parameters: DerReader): {
  hash: string; salt: Buffer; iterations: number; cipher: CbcCipher; iv: Buffer
} {
  const kdf = parameters.sequence()
  if (kdf.oid() !== pbkdf2Oid) throw notSupported()
  const settings = kdf.sequence()
  const salt = settings.octets()
  const iterations = Number(settings.integer())
  if (settings.peek() === DerTag.Integer) settings.integer()
  const hash = settings.done ? 'sha1' : prfs.get(settings.sequence().oid())
  const scheme = parameters.sequence()
  const cipher = cbcCiphers.get(scheme.oid())
  if (hash === undefined || cipher === undefined) throw notSupported()
  if (iterations < 1 || iterations > pbkdf2IterationsMax) throw invalid('the iteration count is out of bounds')
  return { hash, salt, iterations, cipher, iv: scheme.octets() }
}

interface CbcCipher {
  readonly name: string
  readonly keyLength: number
}

function stretched(
  password: Buffer, salt: Buffer, iterations: number, length: number, hash: string,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    pbkdf2(password, salt, iterations, length, hash, (error, key) => {
      if (error === null) resolve(key)
      else reject(cryptographicFailure())
    })
  })
}

function run(state: { update(data: Buffer): Buffer; final(): Buffer }, data: Buffer): Buffer {
  return Buffer.concat([state.update(data), state.final()])
}

/** As many copies as fill whole blocks. */
function repeated(bytes: Buffer, blockLength: number): Buffer {
  const length = Math.ceil(bytes.length / blockLength) * blockLength
  return length === 0 ? Buffer.alloc(0) : Buffer.alloc(length, bytes)
}

/** Each block of `input` plus `block` plus 1, modulo its size. */
function added(input: Buffer, block: Buffer, blockLength: number): Buffer<ArrayBuffer> {
  const result = Buffer.from(input)
  for (let start = 0; start < result.length; start += blockLength) {
    let carry = 1
    for (let index = blockLength - 1; index >= 0; index -= 1) {
      carry += result[start + index]! + block[index]!
      result[start + index] = carry % 256
      carry = Math.floor(carry / 256)
    }
  }
  return result
}

function notSupported(): KmipError {
  return new KmipError('KeyFormatTypeNotSupported', 'the PKCS#12 container is encrypted in a way that is not supported')
}

const sha1Oid = '2b0e03021a'
export const macHashes: ReadonlyMap<string, KdfHash> = new Map([
  [sha1Oid, { name: 'sha1', length: 20, blockLength: 64 }],
  ['608648016503040201', { name: 'sha256', length: 32, blockLength: 64 }],
  ['608648016503040202', { name: 'sha384', length: 48, blockLength: 128 }],
  ['608648016503040203', { name: 'sha512', length: 64, blockLength: 128 }],
])

const pbes2Oid = '2a864886f70d01050d'
const pbkdf2Oid = '2a864886f70d01050c'
const tripleDesOid = '2a864886f70d010c0103'
const hmacSha256Oid = '2a864886f70d0209'
const prfs: ReadonlyMap<string, string> = new Map([
  ['2a864886f70d0207', 'sha1'], ['2a864886f70d0208', 'sha224'], [hmacSha256Oid, 'sha256'],
  ['2a864886f70d020a', 'sha384'], ['2a864886f70d020b', 'sha512'],
])
const aes256CbcOid = '60864801650304012a'
const cbcCiphers: ReadonlyMap<string, CbcCipher> = new Map([
  ['608648016503040102', { name: 'aes-128-cbc', keyLength: 16 }],
  ['608648016503040116', { name: 'aes-192-cbc', keyLength: 24 }],
  [aes256CbcOid, { name: 'aes-256-cbc', keyLength: 32 }],
  ['2a864886f70d0307', { name: 'des-ede3-cbc', keyLength: 24 }],
])
/** OWASP's figure for PBKDF2 with HMAC-SHA-256 is higher; readers of containers expect thousands. */
const pbkdf2Iterations = 10_000
/** In the thread pool: a second or two. */
const pbkdf2IterationsMax = 5_000_000
/** In the event loop: one key is then some 10 ms. */
const iterationsMax = 10_000n
