import { randomBytes } from 'node:crypto'
import { badParameters, cryptographicFailure, invalid } from './failure.ts'
import { hash } from './hash.ts'
import type { HashInfo } from './hash.ts'

/**
 * The encodings of RFC 8017 that node:crypto cannot be asked for: OAEP and PSS with a mask generation hash
 * of its own, and PSS over a digest that the caller made.
 */
export interface OaepOptions {
  readonly hash: HashInfo
  readonly maskHash: HashInfo
  /** P Source: the label. */
  readonly label: Buffer
}

export interface PssOptions {
  readonly hash: HashInfo
  readonly maskHash: HashInfo
  /** Bytes; absent in verification: whatever the signature has. */
  readonly saltLength: number | undefined
}

/** EME-OAEP encoding (RFC 8017 7.1.1) for a modulus of `length` bytes. */
export function encodeOaep(message: Buffer, length: number, options: OaepOptions): Buffer {
  const { hash: info, maskHash, label } = options
  if (message.length > length - 2 * info.length - 2) throw invalid('the data is too long for the key')
  const block = Buffer.alloc(length - info.length - 1)
  hash(info, label).copy(block)
  block[block.length - message.length - 1] = 1
  message.copy(block, block.length - message.length)
  const seed = randomBytes(info.length)
  xorInto(block, mask(maskHash, seed, block.length))
  xorInto(seed, mask(maskHash, block, seed.length))
  return Buffer.concat([Buffer.from([0]), seed, block])
}

/**
 * EME-OAEP decoding (RFC 8017 7.1.2). All checks run over all bytes before the one branch on them,
 * so that neither message nor time says which one failed (Manger's attack).
 */
export function decodeOaep(encoded: Buffer, options: OaepOptions): Buffer {
  const { hash: info, maskHash, label } = options
  if (encoded.length < 2 * info.length + 2) throw cryptographicFailure()
  const seed = Buffer.from(encoded.subarray(1, 1 + info.length))
  const block = Buffer.from(encoded.subarray(1 + info.length))
  xorInto(seed, mask(maskHash, block, seed.length))
  xorInto(block, mask(maskHash, seed, block.length))
  const expected = hash(info, label)
  let wrong = encoded[0]!
  for (let index = 0; index < info.length; index += 1) wrong |= block[index]! ^ expected[index]!
  // `before` stays all ones up to the first byte that is not zero; that one has to be 1.
  let before = 0xff
  let start = 0
  for (let index = info.length; index < block.length; index += 1) {
    const byte = block[index]!
    const first = before & -((byte + 0xff) >>> 8)
    wrong |= first & (byte ^ 1)
    start += (first & 1) * (index + 1)
    before &= ~first
  }
  wrong |= before
  if (wrong !== 0) throw cryptographicFailure()
  return block.subarray(start)
}

/**
 * EME-PKCS1-v1_5 decoding (RFC 8017 7.2.2), like OAEP's with one branch at the end. To tell bad padding is still what
 * Bleichenbacher's attack needs: this is for keys that open nothing but what was encrypted to be told about.
 */
export function decodePkcs1(encoded: Buffer): Buffer {
  let wrong = encoded[0]! | (encoded[1]! ^ 2)
  // As above, up to the first byte that is zero.
  let before = 0xff
  let start = 0
  for (let index = 2; index < encoded.length; index += 1) {
    const first = before & ((encoded[index]! - 1) >> 8)
    start += (first & 1) * (index + 1)
    before &= ~first
  }
  wrong |= before | ((start - pkcs1PaddingMin) >> 31)
  if (wrong !== 0) throw cryptographicFailure()
  return encoded.subarray(start)
}

/**
 * EMSA-PSS encoding (RFC 8017 9.1.1).
 *
 * @param modulusBits of the key; the result has as many bytes as the modulus
 */
export function encodePss(digest: Buffer, modulusBits: number, options: PssOptions): Buffer {
  const { hash: info, maskHash } = options
  const saltLength = options.saltLength ?? info.length
  const bits = modulusBits - 1
  const length = Math.ceil(bits / 8)
  if (length < info.length + saltLength + 2) throw badParameters('the key is too short for the hash and the salt')
  const salt = randomBytes(saltLength)
  const check = hash(info, Buffer.alloc(8), digest, salt)
  const block = Buffer.alloc(length - info.length - 1)
  block[block.length - saltLength - 1] = 1
  salt.copy(block, block.length - saltLength)
  xorInto(block, mask(maskHash, check, block.length))
  block[0]! &= 0xff >>> (8 * length - bits)
  const encoded = Buffer.concat([block, check, Buffer.from([0xbc])])
  return length === Math.ceil(modulusBits / 8) ? encoded : Buffer.concat([Buffer.from([0]), encoded])
}

/** EMSA-PSS verification (RFC 8017 9.1.2). */
export function verifyPss(encoded: Buffer, digest: Buffer, modulusBits: number, options: PssOptions): boolean {
  const { hash: info, maskHash, saltLength } = options
  const bits = modulusBits - 1
  const length = Math.ceil(bits / 8)
  if (encoded.length !== length && encoded[0] !== 0) return false
  const message = encoded.subarray(encoded.length - length)
  if (length < info.length + 2 || message[length - 1] !== 0xbc || digest.length !== info.length) return false
  const block = Buffer.from(message.subarray(0, length - info.length - 1))
  const check = message.subarray(block.length, length - 1)
  const top = 0xff >>> (8 * length - bits)
  if ((block[0]! & ~top & 0xff) !== 0) return false
  xorInto(block, mask(maskHash, check, block.length))
  block[0]! &= top
  const one = block.findIndex((byte) => byte !== 0)
  if (one === -1 || block[one] !== 1) return false
  const salt = block.subarray(one + 1)
  if (saltLength !== undefined && salt.length !== saltLength) return false
  return hash(info, Buffer.alloc(8), digest, salt).equals(check)
}

/** MGF1 (RFC 8017 B.2.1). */
function mask(info: HashInfo, seed: Buffer, length: number): Buffer {
  const parts: Buffer[] = []
  const counter = Buffer.alloc(4)
  for (let index = 0; index * info.length < length; index += 1) {
    counter.writeUInt32BE(index)
    parts.push(hash(info, seed, counter))
  }
  return Buffer.concat(parts, length)
}

function xorInto(target: Buffer, other: Buffer): void {
  for (let index = 0; index < target.length; index += 1) target[index]! ^= other[index]!
}

/** Two bytes, eight that are not zero, and one that is. */
const pkcs1PaddingMin = 11
