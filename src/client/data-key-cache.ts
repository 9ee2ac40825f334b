import { hash } from 'node:crypto'
import type { EncryptionContext } from '../kmip/ciphertext-extension.ts'
import type { EncryptedDataKey } from './envelope-format.ts'

/** Bounds of a cache of data keys: what is reached first ends the use of a key. */
export interface CacheLimits {
  readonly keysMax: number
  readonly ageMsMax: number
  /** Messages and bytes that one key encrypts. */
  readonly messagesMax: number
  readonly bytesMax: number
}

/** A data key in the clear, with its encrypted forms. */
export interface DataKey {
  readonly plaintext: Buffer
  readonly keys: readonly EncryptedDataKey[]
}

/**
 * Keeps data keys for a while, so that not every message asks the server: for encryption under the same CMKs and
 * context, and for decryption. What a key may still do shrinks with its age and its use; the oldest key makes room.
 */
export class DataKeyCache {
  readonly #limits: CacheLimits
  readonly #nowMs: () => number
  readonly #entries = new Map<string, Entry>()

  constructor(limits: Partial<CacheLimits>, nowMs: () => number) {
    this.#limits = { ...defaultLimits, ...limits }
    this.#nowMs = nowMs
  }

  /** A key to encrypt one more message with, made where there is none that may. */
  async toEncrypt(
    cmks: readonly string[], context: EncryptionContext, make: () => Promise<DataKey>,
  ): Promise<DataKey & { used(bytes: number): void }> {
    const id = idOf('encrypt', [...cmks], context)
    const { messagesMax, bytesMax } = this.#limits
    let entry = this.#fresh(id)
    if (entry === undefined || entry.messages >= messagesMax || entry.bytes >= bytesMax) {
      entry = this.#put(id, await make())
    }
    const taken = entry
    taken.messages += 1
    return { ...taken.key, used: (bytes) => void (taken.bytes += bytes) }
  }

  /** The data key of an encrypted form under a context. */
  async toDecrypt(blob: Buffer, context: EncryptionContext, open: () => Promise<Buffer>): Promise<Buffer> {
    const id = idOf('decrypt', blob.toString('base64'), context)
    return (this.#fresh(id) ?? this.#put(id, { plaintext: await open(), keys: [] })).key.plaintext
  }

  /** Forgets all keys. */
  clear(): void {
    this.#entries.clear()
  }

  #fresh(id: string): Entry | undefined {
    const entry = this.#entries.get(id)
    if (entry === undefined || this.#nowMs() - entry.madeMs < this.#limits.ageMsMax) return entry
    this.#entries.delete(id)
    return undefined
  }

  #put(id: string, key: DataKey): Entry {
    this.#entries.delete(id)
    const [oldest] = this.#entries.keys()
    if (oldest !== undefined && this.#entries.size >= this.#limits.keysMax) this.#entries.delete(oldest)
    const entry: Entry = { key, madeMs: this.#nowMs(), messages: 0, bytes: 0 }
    this.#entries.set(id, entry)
    return entry
  }
}

interface Entry {
  readonly key: DataKey
  readonly madeMs: number
  messages: number
  bytes: number
}

function idOf(use: string, what: unknown, context: EncryptionContext): string {
  const sorted = Object.entries(context).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return hash('sha256', JSON.stringify([use, what, sorted]), 'base64url')
}

/** Five minutes and a thousand messages: a stolen key opens little, and the server is asked a thousand times less. */
const defaultLimits: CacheLimits = {
  keysMax: 1_000, ageMsMax: 300_000, messagesMax: 1_000, bytesMax: 2 ** 36,
}
