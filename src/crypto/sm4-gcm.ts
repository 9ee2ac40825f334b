import { createCipheriv, timingSafeEqual } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { Transform } from './cipher.ts'
import { cryptographicFailure } from './failure.ts'

/**
 * SM4 in GCM (RFC 8998, NIST SP 800-38D) for a runtime whose OpenSSL has it not: counter mode is
 * OpenSSL's, GHASH is here.
 */
export interface GcmOptions {
  readonly iv: Buffer
  readonly additionalData: Buffer
  /** Bytes. */
  readonly tagLength: number
  /** Given to decrypt. */
  readonly tag?: Buffer | undefined
}

/** In decryption the caller holds back the plaintext of `update` until `final` has checked the tag. */
export function openSm4Gcm(key: KeyObject, { iv, additionalData, tagLength, tag }: GcmOptions): Transform {
  const table = hashTable(encryptBlock(key, Buffer.alloc(blockBytes)))
  const counter = firstCounter(table, iv)
  const mask = encryptBlock(key, counter)
  const stream = createCipheriv('sm4-ctr', key, nextCounter(counter))
  const state = new Ghash(table)
  state.update(additionalData)
  state.pad()
  let length = 0
  const authTag = (): Buffer => {
    state.pad()
    state.update(lengthBlock(additionalData.length, length))
    const digest = state.digest()
    return Buffer.from(mask.map((byte, index) => byte ^ digest[index]!)).subarray(0, tagLength)
  }
  return {
    update(data) {
      length += data.length
      const result = stream.update(data)
      state.update(tag === undefined ? result : data)
      return result
    },
    final() {
      if (tag !== undefined && !timingSafeEqual(authTag(), tag)) throw cryptographicFailure()
      return Buffer.alloc(0)
    },
    getAuthTag: authTag,
  }
}

function encryptBlock(key: KeyObject, block: Buffer): Buffer {
  return createCipheriv('sm4-ecb', key, null).setAutoPadding(false).update(block)
}

/** J0 (SP 800-38D 7.1): a 96-bit IV is followed by the counter 1, any other is hashed. */
function firstCounter(table: HashTable, iv: Buffer): Buffer {
  if (iv.length === 12) return Buffer.concat([iv, Buffer.from([0, 0, 0, 1])])
  const state = new Ghash(table)
  state.update(iv)
  state.pad()
  state.update(lengthBlock(0, iv.length))
  return state.digest()
}

/** Adds 1 to the last 32 bits. OpenSSL carries over all 128, which differs only past 2^32 blocks or a hashed IV. */
function nextCounter(counter: Buffer): Buffer {
  const next = Buffer.from(counter)
  next.writeUInt32BE((counter.readUInt32BE(12) + 1) % 0x1_0000_0000, 12)
  return next
}

function lengthBlock(additionalBytes: number, dataBytes: number): Buffer {
  const block = Buffer.alloc(blockBytes)
  block.writeBigUInt64BE(BigInt(additionalBytes) * 8n, 0)
  block.writeBigUInt64BE(BigInt(dataBytes) * 8n, 8)
  return block
}

/** GHASH (SP 800-38D 6.4) by four bits at a time: multiples of H by every nibble, as four words each. */
class Ghash {
  readonly #table: HashTable
  readonly #state = Buffer.alloc(blockBytes)
  #filled = 0

  constructor(table: HashTable) {
    this.#table = table
  }

  update(data: Uint8Array): void {
    for (const byte of data) {
      this.#state[this.#filled]! ^= byte
      this.#filled += 1
      if (this.#filled === blockBytes) this.#multiply()
    }
  }

  /** Fills the block with zeros. */
  pad(): void {
    if (this.#filled > 0) this.#multiply()
  }

  digest(): Buffer {
    return Buffer.from(this.#state)
  }

  #multiply(): void {
    const table = this.#table
    let z0 = 0
    let z1 = 0
    let z2 = 0
    let z3 = 0
    for (let index = 31; index >= 0; index -= 1) {
      const byte = this.#state[index >>> 1]!
      const nibble = index % 2 === 1 ? byte & 0x0f : byte >>> 4
      const carry = reduction[z3 & 0x0f]!
      z3 = ((z3 >>> 4) | (z2 << 28)) ^ table[nibble * 4 + 3]!
      z2 = ((z2 >>> 4) | (z1 << 28)) ^ table[nibble * 4 + 2]!
      z1 = ((z1 >>> 4) | (z0 << 28)) ^ table[nibble * 4 + 1]!
      z0 = (z0 >>> 4) ^ (carry << 16) ^ table[nibble * 4]!
    }
    this.#state.writeInt32BE(z0 | 0, 0)
    this.#state.writeInt32BE(z1 | 0, 4)
    this.#state.writeInt32BE(z2 | 0, 8)
    this.#state.writeInt32BE(z3 | 0, 12)
    this.#filled = 0
  }
}

type HashTable = Int32Array

/** Nibble n (its highest bit is x^0) times H, for n from 0 to 15. */
function hashTable(h: Buffer): HashTable {
  const table = new Int32Array(64)
  let words = [h.readInt32BE(0), h.readInt32BE(4), h.readInt32BE(8), h.readInt32BE(12)]
  for (let bit = 8; bit >= 1; bit = bit / 2) {
    for (let nibble = 0; nibble < 16; nibble += 1) {
      if ((nibble & bit) === 0) continue
      for (let word = 0; word < 4; word += 1) table[nibble * 4 + word]! ^= words[word]!
    }
    words = timesX(words)
  }
  return table
}

/** A shift towards higher powers, reduced by x^128 + x^7 + x^2 + x + 1 in GCM's reflected bit order. */
function timesX(words: readonly number[]): number[] {
  const [w0, w1, w2, w3] = words as [number, number, number, number]
  const carry = w3 & 1
  return [
    (w0 >>> 1) ^ (carry === 1 ? 0xe100_0000 : 0), (w1 >>> 1) | (w0 << 31), (w2 >>> 1) | (w1 << 31),
    (w3 >>> 1) | (w2 << 31),
  ]
}

const blockBytes = 16

/** What four bits shifted out at the end add at the front, as the first 16 bits. */
const reduction: readonly number[] = [
  0x0000, 0x1c20, 0x3840, 0x2460, 0x7080, 0x6ca0, 0x48c0, 0x54e0,
  0xe100, 0xfd20, 0xd940, 0xc560, 0x9180, 0x8da0, 0xa9c0, 0xb5e0,
]
