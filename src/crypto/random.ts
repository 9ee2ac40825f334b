import { randomBytes, randomFillSync } from 'node:crypto'

/**
 * Random bytes for IVs and nonces, cut from a pool: filling 4 KB at once costs about as much as
 * one call for 12 bytes. What is given out is zeroed in the pool, so it is never given out twice.
 *
 * @param length bytes
 */
export function randomIv(length: number): Buffer {
  if (length > poolBytes) return randomBytes(length)
  if (offset + length > poolBytes) {
    randomFillSync(pool)
    offset = 0
  }
  const iv = Buffer.from(pool.subarray(offset, offset + length))
  pool.fill(0, offset, offset + length)
  offset += length
  return iv
}

const poolBytes = 4096
const pool = Buffer.alloc(poolBytes)
let offset = poolBytes
