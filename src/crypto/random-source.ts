import { createCipheriv, randomBytes } from 'node:crypto'
import { ansiX931, drbg } from '../model/random-number-generator.ts'
import type { RandomNumberGenerator } from '../model/random-number-generator.ts'

/** Where the software provider has the random numbers from that keys are made of, and that clients get. */
export interface RandomSource {
  readonly generator: RandomNumberGenerator
  bytes(length: number): Buffer
  /** Mixes in what a client brings. @returns how many bytes of it were used */
  seed?(data: Buffer): number
}

/** OpenSSL's own generator, which the operating system seeds. Node has no way to add to that. */
export const openSslSource: RandomSource = { generator: drbg, bytes: randomBytes }

/**
 * The generator of ANSI X9.31 Appendix A.2.4 with AES-256, for who is told to have it. Its key and its first seed are
 * OpenSSL's random numbers, and so are its seed before each request and half of every date/time vector: what comes out
 * is never easier to guess than they are.
 */
export function ansiX931Source(): RandomSource {
  const encrypt = blockCipher(randomBytes(32))
  let seed: Buffer = randomBytes(blockBytes)
  return {
    generator: ansiX931,
    bytes(length) {
      const dateTimes = dateTimeVectors(Math.ceil(length / blockBytes))
      const blocks = ansiX931Blocks(encrypt, dateTimes, xor(seed, randomBytes(blockBytes)))
      seed = blocks.seed
      return blocks.output.subarray(0, length)
    },
    seed(data) {
      const used = data.subarray(0, blockBytes)
      seed = xor(seed, Buffer.concat([used], blockBytes))
      return used.length
    },
  }
}

/**
 * NIST, "Recommended Random Number Generator Based on ANSI X9.31 Appendix A.2.4 Using the 3-Key Triple DES and AES
 * Algorithms", section 3. For each block: I = E(DT), R = E(I xor V), V = E(R xor I).
 *
 * @param dateTimes the DT of every block, of 16 bytes each
 * @param seed V, of 16 bytes
 * @returns every R, and the V for what comes after
 * @throws Error for a block that is the same as the one before (FIPS 140-2 4.9.2)
 */
export function ansiX931Blocks(
  encrypt: (blocks: Buffer) => Buffer, dateTimes: Buffer, seed: Buffer,
): { readonly output: Buffer, readonly seed: Buffer } {
  const intermediates = encrypt(dateTimes)
  const output = Buffer.allocUnsafe(dateTimes.length)
  let [next, last] = [seed, seed.subarray(0, 0)]
  for (let offset = 0; offset < dateTimes.length; offset += blockBytes) {
    const intermediate = intermediates.subarray(offset, offset + blockBytes)
    const block = encrypt(xor(intermediate, next))
    if (block.equals(last)) throw new Error('the random number generator repeats itself')
    block.copy(output, offset)
    next = encrypt(xor(block, intermediate))
    last = block
  }
  return { output, seed: next }
}

/** AES of blocks, each for itself. @param key of 16, 24 or 32 bytes */
export function blockCipher(key: Buffer): (blocks: Buffer) => Buffer {
  const cipher = createCipheriv(`aes-${key.length * 8}-ecb`, key, null).setAutoPadding(false)
  return (blocks) => cipher.update(blocks)
}

/** Nanoseconds that only grow, and eight bytes that nobody knows. */
function dateTimeVectors(count: number): Buffer {
  const vectors = randomBytes(count * blockBytes)
  const now = process.hrtime.bigint()
  for (let index = 0; index < count; index += 1) vectors.writeBigUInt64BE(now + BigInt(index), index * blockBytes)
  return vectors
}

function xor(one: Buffer, other: Buffer): Buffer {
  const result = Buffer.allocUnsafe(blockBytes)
  for (let index = 0; index < blockBytes; index += 1) result[index] = one[index]! ^ other[index]!
  return result
}

const blockBytes = 16
