import { randomFillSync } from 'node:crypto'
import { PaddingMethod } from '../kmip/generated/enums.ts'
import { cryptographicFailure, unsupportedParameters } from './failure.ts'

/**
 * Padding of ECB and CBC (KMIP 2.1 11.36). PKCS5 is OpenSSL's own; the others are applied before
 * encryption and taken off the last block after decryption.
 */
export interface Padding {
  /** OpenSSL pads. */
  readonly native: boolean
  /** The bytes that follow data whose last block has `filled` bytes. */
  pad(filled: number, blockLength: number): Buffer
  /** How many bytes of the last block are data. */
  unpad(block: Buffer): number
}

/** Without a Padding Method nothing is padded. */
export function paddingOf(method: number | undefined): Padding {
  const padding = paddings.get(method ?? PaddingMethod.None)
  if (padding === undefined) throw unsupportedParameters('the padding method is not supported with this mode')
  return padding
}

/** ANSI X9.23 and ISO 10126: the last byte counts the padding, before it are zeros or random bytes. */
function counted(zeros: boolean): Padding {
  return {
    native: false,
    pad(filled, blockLength) {
      const count = blockLength - filled
      const bytes = Buffer.alloc(count)
      if (!zeros) randomFillSync(bytes)
      bytes[count - 1] = count
      return bytes
    },
    unpad(block) {
      const count = block[block.length - 1]!
      // Every byte is looked at whatever is wrong, so that time does not tell.
      let wrong = count === 0 || count > block.length ? 1 : 0
      for (let index = 0; index < block.length - 1; index += 1) {
        const padded = index >= block.length - count ? 0xff : 0
        if (zeros) wrong |= block[index]! & padded
      }
      if (wrong !== 0) throw cryptographicFailure()
      return block.length - count
    },
  }
}

const none: Padding = {
  native: false,
  pad: () => Buffer.alloc(0),
  unpad: (block) => block.length,
}

/** Fills the block with zeros, and takes all zeros at the end off: data that ends in zeros loses them. */
const zeros: Padding = {
  native: false,
  pad: (filled, blockLength) => Buffer.alloc((blockLength - filled) % blockLength),
  unpad(block) {
    let length = block.length
    while (length > 0 && block[length - 1] === 0) length -= 1
    return length
  },
}

const pkcs5: Padding = { ...none, native: true }

const paddings: ReadonlyMap<number, Padding> = new Map([
  [PaddingMethod.None, none],
  [PaddingMethod.PKCS5, pkcs5],
  [PaddingMethod.Zeros, zeros],
  [PaddingMethod.ANSIX9_23, counted(true)],
  [PaddingMethod.ISO10126, counted(false)],
])
