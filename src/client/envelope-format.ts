import { createCipheriv, createDecipheriv, hash, hkdfSync } from 'node:crypto'

/**
 * A message that is encrypted locally: a head, and chunks under AES-256-GCM.
 *
 * The head is 8 octets of magic, the length of its body in 4, and the body, JSON: the data key as each CMK has
 * encrypted it, a random salt, and the length of a chunk. The key of the chunks is HKDF-SHA-256 of the data key and the
 * salt, so that a data key may serve many messages. The nonce of a chunk is its number, with a last octet that is 1 for
 * the last chunk: none can be left out, moved or cut off. Each chunk authenticates the SHA-256 of the head.
 */
export interface EnvelopeHead {
  readonly keys: readonly EncryptedDataKey[]
  readonly salt: Buffer
  readonly chunkBytes: number
}

/** A data key as one CMK has encrypted it. */
export interface EncryptedDataKey {
  /** How the CMK was addressed: for people, nothing relies on it. */
  readonly cmk: string
  readonly blob: Buffer
}

/** The message is damaged, cut off, or none of ours; or it could not be read again if it were made so. */
export class EnvelopeError extends Error {
  override name = 'EnvelopeError'
}

export function encodeHead({ keys, salt, chunkBytes }: EnvelopeHead): Buffer {
  const body = Buffer.from(JSON.stringify({
    keys: keys.map(({ cmk, blob }) => ({ cmk, blob: blob.toString('base64') })),
    salt: salt.toString('base64'),
    chunkBytes,
  }))
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length)
  return Buffer.concat([magic, length, body])
}

/** Bytes of the head's body. @param start at least `headStartBytes` of the message @throws EnvelopeError */
export function headBodyBytes(start: Buffer): number {
  if (!start.subarray(0, magic.length).equals(magic)) throw new EnvelopeError('this is no message of keyward\'s')
  const length = start.readUInt32BE(magic.length)
  if (length > headBytesMax) throw new EnvelopeError('the head of the message is too long')
  return length
}

/** @throws EnvelopeError */
export function decodeHead(body: Buffer): EnvelopeHead {
  try {
    const { keys, salt, chunkBytes } = JSON.parse(body.toString('utf8')) as Record<string, unknown>
    if (Array.isArray(keys) && typeof salt === 'string' && areBounded(keys.length, chunkBytes)) {
      const known = (keys as { cmk: unknown; blob: unknown }[]).map(({ cmk, blob }) => (
        { cmk: String(cmk), blob: Buffer.from(String(blob), 'base64') }))
      return { keys: known, salt: Buffer.from(salt, 'base64'), chunkBytes: chunkBytes as number }
    }
  } catch {
    // The parser's words would say no more.
  }
  throw new EnvelopeError('the head of the message is damaged')
}

/** What decryption does not take, encryption does not make. @throws EnvelopeError */
export function checkBounds(keys: number, chunkBytes: number): void {
  if (areBounded(keys, chunkBytes)) return
  throw new EnvelopeError(`a message has 1 to ${keysMax} CMKs, and chunks of 1 to ${chunkBytesMax} bytes`)
}

function areBounded(keys: number, chunkBytes: unknown): boolean {
  return keys >= 1 && keys <= keysMax && Number.isInteger(chunkBytes) && Number(chunkBytes) >= 1 &&
    Number(chunkBytes) <= chunkBytesMax
}

/** Encrypts and decrypts the chunks of one message, each in its place. */
export class Chunks {
  readonly #key: Buffer
  readonly #head: Buffer

  /** @param head as it is encoded */
  constructor(dataKey: Buffer, salt: Buffer, head: Buffer) {
    this.#key = Buffer.from(hkdfSync('sha256', dataKey, salt, 'keyward envelope 1', 32))
    this.#head = hash('sha256', head, 'buffer')
  }

  encrypt(chunk: Buffer, index: number, isLast: boolean): Buffer {
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonceOf(index, isLast), { authTagLength: tagBytes })
    cipher.setAAD(this.#head)
    const data = cipher.update(chunk)
    cipher.final()
    return Buffer.concat([data, cipher.getAuthTag()])
  }

  /** @throws EnvelopeError */
  decrypt(chunk: Buffer, index: number, isLast: boolean): Buffer {
    if (chunk.length < tagBytes) throw damaged()
    const decipher = createDecipheriv('aes-256-gcm', this.#key, nonceOf(index, isLast), { authTagLength: tagBytes })
    decipher.setAAD(this.#head)
    decipher.setAuthTag(chunk.subarray(chunk.length - tagBytes))
    const data = decipher.update(chunk.subarray(0, chunk.length - tagBytes))
    try {
      decipher.final()
    } catch {
      throw damaged()
    }
    return data
  }

  /** Nothing is left of the key. */
  erase(): void {
    this.#key.fill(0)
  }
}

function damaged(): EnvelopeError {
  return new EnvelopeError('the message is damaged or cut off')
}

function nonceOf(index: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(12)
  nonce.writeBigUInt64BE(BigInt(index), 3)
  nonce[11] = isLast ? 1 : 0
  return nonce
}

const magic = Buffer.from('KEYWARD\u0001', 'latin1')
export const headStartBytes = magic.length + 4
export const tagBytes = 16
/** A chunk is in memory whole, on both sides. */
export const defaultChunkBytes = 1_048_576
const chunkBytesMax = 16 * 1_048_576
const headBytesMax = 65_536
const keysMax = 32
