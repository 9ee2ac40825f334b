import { randomBytes } from 'node:crypto'

/**
 * Random bytes for IVs and nonces, cut from a pool: filling 4 KB at once costs about as much as
 * one call for 12 bytes. No byte of a pool is given out twice.
 *
 * @param length bytes; a RangeError when negative, which would give out again what was given
 */
export function randomIv(length: number): Buffer {
  if (length < 0) throw new RangeError('an IV has no negative length')
  if (length > poolBytes) return randomBytes(length)
  if (offset + length > poolBytes) {
    // Another one, because what was cut from the last is still in use.
    pool = randomBytes(poolBytes)
    offset = 0
  }
  offset += length
  return pool.subarray(offset - length, offset)
}

const poolBytes = 4096
let pool = Buffer.alloc(0)
let offset = poolBytes
