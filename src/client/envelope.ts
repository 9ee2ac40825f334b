import { randomBytes } from 'node:crypto'
import type { EncryptionContext } from '../kmip/ciphertext-extension.ts'
import { KmipError } from '../kmip/error.ts'
import type { CmkCipher } from './cmk-cipher.ts'
import type { DataKey, DataKeyCache } from './data-key-cache.ts'
import {
  Chunks, EnvelopeError, checkBounds, decodeHead, defaultChunkBytes, encodeHead, headBodyBytes, headStartBytes, tagBytes,
} from './envelope-format.ts'
import type { EnvelopeHead } from './envelope-format.ts'

export interface EnvelopeOptions {
  readonly context?: EncryptionContext
  readonly cache?: DataKeyCache
  /** Bytes that are encrypted at once, and held in memory. */
  readonly chunkBytes?: number
}

type Bytes = AsyncIterable<Uint8Array> | Iterable<Uint8Array>

/**
 * Encrypts a stream of any length locally under a data key, which each of the CMKs encrypts: any one of them decrypts
 * it. Only the data key goes to the server. Chunks come as they are ready, so memory stays as it is.
 *
 * @param cmks 1 to 32: the first makes the data key
 * @throws EnvelopeError for too many CMKs and chunks too long, KmipError, ConnectionError: before the first chunk
 */
export async function* encryptStream(
  cipher: CmkCipher, cmks: readonly string[], source: Bytes, options: EnvelopeOptions = {},
): AsyncGenerator<Buffer> {
  const { context = {}, cache, chunkBytes = defaultChunkBytes } = options
  checkBounds(cmks.length, chunkBytes)
  const make = () => newDataKey(cipher, cmks, context)
  const taken = cache === undefined ? undefined : await cache.toEncrypt(cmks, context, make)
  const dataKey = taken ?? await make()
  const salt = randomBytes(32)
  const head = encodeHead({ keys: dataKey.keys, salt, chunkBytes })
  const chunks = new Chunks(dataKey.plaintext, salt, head)
  if (cache === undefined) dataKey.plaintext.fill(0)
  const reader = new Reader(source)
  try {
    yield head
    let index = 0
    for (;;) {
      const chunk = await reader.take(chunkBytes)
      const isLast = await reader.isAtEnd()
      yield chunks.encrypt(chunk, index, isLast)
      taken?.used(chunk.length)
      if (isLast) return
      index += 1
    }
  } finally {
    chunks.erase()
    await reader.close()
  }
}

/**
 * Decrypts what `encryptStream` has made. Each chunk that comes is authentic and in its place; that nothing is missing
 * at the end is known at the end.
 *
 * @throws EnvelopeError for a message that is damaged or cut off
 * @throws KmipError when none of the CMKs decrypts the data key, ConnectionError
 */
export async function* decryptStream(
  cipher: CmkCipher, source: Bytes, options: Omit<EnvelopeOptions, 'chunkBytes'> = {},
): AsyncGenerator<Buffer> {
  const reader = new Reader(source)
  try {
    yield* decrypted(cipher, reader, options)
  } finally {
    await reader.close()
  }
}

async function* decrypted(
  cipher: CmkCipher, reader: Reader, { context = {}, cache }: EnvelopeOptions,
): AsyncGenerator<Buffer> {
  const start = await reader.take(headStartBytes)
  if (start.length < headStartBytes) throw new EnvelopeError('this is no message of keyward\'s')
  const body = await reader.take(headBodyBytes(start))
  const { keys, salt, chunkBytes } = decodeHead(body)
  const dataKey = await openDataKey(cipher, keys, context, cache)
  const chunks = new Chunks(dataKey, salt, Buffer.concat([start, body]))
  if (cache === undefined) dataKey.fill(0)
  try {
    let index = 0
    for (;;) {
      const chunk = await reader.take(chunkBytes + tagBytes)
      const isLast = await reader.isAtEnd()
      yield chunks.decrypt(chunk, index, isLast)
      if (isLast) return
      index += 1
    }
  } finally {
    chunks.erase()
  }
}

async function newDataKey(
  cipher: CmkCipher, [first = '', ...others]: readonly string[], context: EncryptionContext,
): Promise<DataKey> {
  const { plaintext, blob } = await cipher.generateDataKey(first, dataKeyBytes, context)
  const more = await Promise.all(others.map(async (cmk) => (
    { cmk, blob: (await cipher.encrypt(cmk, plaintext, context)).blob })))
  return { plaintext, keys: [{ cmk: first, blob }, ...more] }
}

/** The CMKs in their order, until one decrypts. */
async function openDataKey(
  cipher: CmkCipher, keys: EnvelopeHead['keys'], context: EncryptionContext, cache: DataKeyCache | undefined,
): Promise<Buffer> {
  let refusal: unknown
  for (const { blob } of keys) {
    const open = async () => (await cipher.decrypt(blob, context)).plaintext
    try {
      return await (cache === undefined ? open() : cache.toDecrypt(blob, context, open))
    } catch (error) {
      if (!(error instanceof KmipError)) throw error
      refusal ??= error
    }
  }
  throw refusal
}

/** Takes a stream in pieces of a length of ours. */
class Reader {
  readonly #source: AsyncIterator<Uint8Array> | Iterator<Uint8Array>
  #parts: Uint8Array[] = []
  #length = 0
  #ended = false

  constructor(source: Bytes) {
    this.#source = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
  }

  /** So many bytes, or what is left. */
  async take(bytes: number): Promise<Buffer> {
    while (this.#length < bytes && await this.#more()) continue
    const all = Buffer.concat(this.#parts, this.#length)
    const taken = all.subarray(0, bytes)
    this.#parts = [all.subarray(taken.length)]
    this.#length = all.length - taken.length
    return taken
  }

  async isAtEnd(): Promise<boolean> {
    while (this.#length === 0 && await this.#more()) continue
    return this.#length === 0
  }

  /** Whoever stops before the end lets the source go. */
  async close(): Promise<void> {
    if (!this.#ended) await this.#source.return?.()
  }

  async #more(): Promise<boolean> {
    if (this.#ended) return false
    const next = await this.#source.next()
    if (next.done === true) {
      this.#ended = true
      return false
    }
    this.#parts.push(next.value)
    this.#length += next.value.length
    return true
  }
}

const dataKeyBytes = 32
