import { createCipheriv } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { Digest } from './provider.ts'

/**
 * CMAC (NIST SP 800-38B) over OpenSSL's CBC: all blocks but the last go through it as they come, the last is
 * masked with a subkey.
 *
 * @param cbc OpenSSL's name of the cipher in CBC mode
 */
export function openCmac(key: KeyObject, cbc: string, blockLength: number): Digest {
  const state = createCipheriv(cbc, key, Buffer.alloc(blockLength)).setAutoPadding(false)
  let held = Buffer.alloc(0)
  return {
    update(data) {
      const all = Buffer.concat([held, data])
      const whole = Math.max(0, Math.ceil(all.length / blockLength) - 1) * blockLength
      if (whole > 0) state.update(all.subarray(0, whole))
      held = all.subarray(whole)
    },
    final() {
      const subkey = double(encryptZero(key, cbc, blockLength))
      const last = Buffer.alloc(blockLength)
      held.copy(last)
      if (held.length < blockLength) last[held.length] = 0x80
      const mask = held.length < blockLength ? double(subkey) : subkey
      for (let index = 0; index < blockLength; index += 1) last[index]! ^= mask[index]!
      return state.update(last)
    },
  }
}

function encryptZero(key: KeyObject, cbc: string, blockLength: number): Buffer {
  const zero = Buffer.alloc(blockLength)
  return createCipheriv(cbc, key, zero).setAutoPadding(false).update(zero)
}

/** Times x in the field of the block (SP 800-38B 6.1). */
function double(block: Buffer): Buffer {
  const result = Buffer.alloc(block.length)
  for (let index = 0; index < block.length; index += 1) {
    result[index] = ((block[index]! << 1) & 0xff) | ((block[index + 1] ?? 0) >>> 7)
  }
  result[block.length - 1]! ^= -(block[0]! >>> 7) & (block.length === 16 ? 0x87 : 0x1b)
  return result
}
