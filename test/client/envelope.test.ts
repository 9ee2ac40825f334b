import { createHash, randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { CmkCipher } from '../../src/client/cmk-cipher.ts'
import { DataKeyCache } from '../../src/client/data-key-cache.ts'
import type { CacheLimits } from '../../src/client/data-key-cache.ts'
import { decryptStream, encryptStream } from '../../src/client/envelope.ts'
import type { EnvelopeOptions } from '../../src/client/envelope.ts'
import { EnvelopeError } from '../../src/client/envelope-format.ts'
import { Operation } from '../../src/kmip/generated/enums.ts'
import { Lab } from '../support/cmk.ts'

const chunkBytes = 1_000
const context = { table: 'orders' }

/** CMKs a and b, and how often the server was asked. */
async function place() {
  const lab = new Lab()
  const alice = lab.as('alice')
  const a = await alice.create({ 'cmk-alias': 'alias/a' })
  const b = await alice.create({ 'cmk-alias': 'alias/b', 'cmk-key-spec': 'Aliyun_SM4' })
  const asked: number[] = []
  const { client } = alice
  const counting = {
    version: client.version,
    send: (batch: Parameters<typeof client.send>[0]) => {
      asked.push(batch[0]!.operation)
      return client.send(batch)
    },
  }
  return { lab, alice, a, b, asked, cipher: new CmkCipher(counting as never) }
}

async function encrypted(
  cipher: CmkCipher, plain: Buffer, options: EnvelopeOptions & { cmks?: string[]; pieces?: number } = {},
): Promise<Buffer> {
  const { cmks = ['alias/a', 'alias/b'], pieces = 700, ...rest } = options
  return collect(encryptStream(cipher, cmks, pieceByPiece(plain, pieces), { context, chunkBytes, ...rest }))
}

function decrypted(
  cipher: CmkCipher, message: Buffer, options: EnvelopeOptions & { pieces?: number } = {},
): Promise<Buffer> {
  return collect(decryptStream(cipher, pieceByPiece(message, options.pieces ?? 333), { context, ...options }))
}

describe('a stream under a data key', () => {
  test.each([0, 1, 999, 1_000, 1_001, 2_000, 12_345])('of %i bytes comes back', async (length) => {
    const { cipher, asked } = await place()
    const plain = randomBytes(length)
    for (const pieces of [1, 700, 5_000]) {
      const message = await encrypted(cipher, plain, { pieces: Math.max(pieces, length / 100) })
      expect(await decrypted(cipher, message, { pieces: Math.max(pieces, length / 100) })).toEqual(plain)
    }
    expect(asked.slice(0, 3)).toEqual([Operation.Encrypt, Operation.Encrypt, Operation.Decrypt])
  })

  test('is decrypted by any one of its CMKs, and by no other', async () => {
    const { cipher, alice, a, b } = await place()
    const message = await encrypted(cipher, Buffer.from('hello'))
    await alice.set(a, 'cmk-enabled', false)
    expect((await decrypted(cipher, message)).toString()).toBe('hello')
    await alice.set(b, 'cmk-enabled', false)
    await expect(decrypted(cipher, message)).rejects.toThrow('Rejected.Disabled')
    await alice.set(a, 'cmk-enabled', true)
    expect((await decrypted(cipher, message)).toString()).toBe('hello')
    const bob = new CmkCipher((await place()).alice.client)
    await expect(decrypted(bob, message)).rejects.toThrow('the cryptographic operation failed')
    await expect(decrypted(cipher, message, { context: {} })).rejects.toThrow('the cryptographic operation failed')
  })

  test('shows nothing of the plaintext', async () => {
    const { cipher } = await place()
    const plain = Buffer.alloc(5_000, 'secret')
    expect((await encrypted(cipher, plain)).includes('secret')).toBe(false)
    expect(await encrypted(cipher, plain)).not.toEqual(await encrypted(cipher, plain))
  })

  const plain = randomBytes(3_500)
  const sealedChunk = chunkBytes + 16
  const damages: Record<string, (message: Buffer, head: number) => Buffer> = {
    'a flipped bit in a chunk': (message, head) => flipped(message, head + 10),
    'a flipped bit at the end': (message) => flipped(message, message.length - 1),
    'a flipped bit of the salt': (message, head) => flipped(message, head - 40),
    'no end': (message) => message.subarray(0, -1),
    'no last chunk': (message, head) => message.subarray(0, head + 3 * sealedChunk),
    'no chunk at all': (message, head) => message.subarray(0, head),
    'half a head': (message, head) => message.subarray(0, head / 2),
    'more behind it': (message) => Buffer.concat([message, Buffer.alloc(20)]),
    'two chunks in the other order': (message, head) => Buffer.concat([
      message.subarray(0, head), message.subarray(head + sealedChunk, head + 2 * sealedChunk),
      message.subarray(head, head + sealedChunk), message.subarray(head + 2 * sealedChunk),
    ]),
    'a chunk twice': (message, head) =>
      Buffer.concat([message.subarray(0, head + sealedChunk), message.subarray(head)]),
    'another magic': (message) => flipped(message, 0),
    'an endless head': (message) => Buffer.concat([message.subarray(0, 8), Buffer.alloc(4, 255), message.subarray(12)]),
    'nothing': () => Buffer.alloc(0),
  }
  test.each(Object.keys(damages))('is refused with %s', async (name) => {
    const { cipher } = await place()
    const message = await encrypted(cipher, plain)
    const head = 12 + message.readUInt32BE(8)
    await expect(decrypted(cipher, damages[name]!(message, head))).rejects.toThrow(EnvelopeError)
    expect(await decrypted(cipher, message)).toEqual(plain)
  })
})

describe('a message that could not be decrypted is not made', () => {
  test.each([
    { cmks: 0 }, { cmks: 33 }, { cmks: 1, chunkBytes: 0 }, { cmks: 1, chunkBytes: 1.5 }, { cmks: 1, chunkBytes: 2 ** 24 + 1 },
  ])('$cmks CMKs, chunks of $chunkBytes bytes', async ({ cmks, ...options }) => {
    const { cipher, asked } = await place()
    const attempt = encrypted(cipher, Buffer.from('hello'), { cmks: Array<string>(cmks).fill('alias/a'), ...options })
    await expect(attempt).rejects.toThrow(EnvelopeError)
    expect(asked).toEqual([])
  })

  test('32 CMKs', async () => {
    const { cipher } = await place()
    const message = await encrypted(cipher, Buffer.from('hello'), { cmks: Array<string>(32).fill('alias/a') })
    expect((await decrypted(cipher, message)).toString()).toBe('hello')
  })
})

describe('the source is closed', () => {
  async function* endless(state: { isClosed: boolean }): AsyncGenerator<Buffer> {
    try {
      for (;;) yield Buffer.alloc(chunkBytes)
    } finally {
      state.isClosed = true
    }
  }

  test('by who stops in the middle', async () => {
    const { cipher } = await place()
    const state = { isClosed: false }
    const message = encryptStream(cipher, ['alias/a'], endless(state), { chunkBytes })
    await message.next()
    await message.next()
    expect(state.isClosed).toBe(false)
    await message.return(undefined)
    expect(state.isClosed).toBe(true)
  })

  test('by what is no message', async () => {
    const { cipher } = await place()
    const state = { isClosed: false }
    await expect(collect(decryptStream(cipher, endless(state)))).rejects.toThrow(EnvelopeError)
    expect(state.isClosed).toBe(true)
  })
})

describe('the cache of data keys', () => {
  const places = async (limits: Partial<CacheLimits>) => {
    const set = await place()
    const cache = new DataKeyCache(limits, () => set.lab.nowMs)
    const send = async (bytes = 10, more: EnvelopeOptions = {}) =>
      encrypted(set.cipher, Buffer.alloc(bytes), { cmks: ['alias/a'], cache, ...more })
    return { ...set, cache, send }
  }

  test('asks the server once for many messages, both ways', async () => {
    const { cipher, cache, send, asked } = await places({})
    const messages = [await send(), await send(), await send()]
    expect(asked).toHaveLength(1)
    expect(new Set(messages.map((message) => createHash('sha256').update(message).digest('hex'))).size).toBe(3)
    for (const message of messages) expect(await decrypted(cipher, message, { cache })).toEqual(Buffer.alloc(10))
    expect(asked).toHaveLength(2)
    cache.clear()
    await send()
    expect(asked).toHaveLength(3)
  })

  test.each([
    ['messages', { messagesMax: 2 }, 10, 0], ['bytes', { bytesMax: 15 }, 10, 0], ['age', { ageMsMax: 1_000 }, 10, 500],
  ] as const)('ends the use of a key by its %s', async (_name, limits, bytes, ms) => {
    const { lab, send, asked } = await places(limits)
    await send(bytes)
    lab.nowMs += ms
    await send(bytes)
    expect(asked).toHaveLength(1)
    lab.nowMs += ms
    await send(bytes)
    expect(asked).toHaveLength(2)
  })

  test('keeps contexts and CMKs apart, and no more keys than it may', async () => {
    const { cipher, cache, send, asked } = await places({ keysMax: 2 })
    const first = await send()
    await send(10, { context: { table: 'other' } })
    expect(asked).toHaveLength(2)
    await send()
    expect(asked).toHaveLength(2)
    await send(10, { context: { table: 'third' } })
    await send()
    expect(asked).toHaveLength(4)
    await expect(decrypted(cipher, first, { cache, context: {} })).rejects.toThrow()
    expect(await decrypted(cipher, first, { cache })).toEqual(Buffer.alloc(10))
  })
})

async function collect(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = []
  for await (const chunk of chunks) all.push(chunk)
  return Buffer.concat(all)
}

function* pieceByPiece(bytes: Buffer, length: number): Generator<Buffer> {
  const step = Math.ceil(length)
  for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step)
}

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[at] = 255 - copy[at]!
  return copy
}
