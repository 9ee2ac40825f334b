import { randomBytes } from 'node:crypto'
import { KmipError } from '../kmip/error.ts'
import type { Caller } from '../model/access.ts'

/**
 * Cryptographic operations in several parts (Init Indicator, Correlation Value, Final Indicator):
 * what is between their requests. Bounded per account in number, and in time from the last part.
 */
export class Streams {
  readonly #open = new Map<string, Stream>()
  readonly #perAccountMax: number
  readonly #idleSecondsMax: number
  readonly #thread: number

  /** @param thread of the listening threads, below 256: the first byte of its Correlation Values, so that others find it */
  constructor(perAccountMax: number, idleSecondsMax: number, thread = 0) {
    this.#perAccountMax = perAccountMax
    this.#idleSecondsMax = idleSecondsMax
    this.#thread = thread
  }

  /**
   * @param operation code of the operation, which alone may go on with it
   * @returns the Correlation Value
   * @throws KmipError Server Limit Exceeded
   */
  open(caller: Caller, operation: number, content: unknown, now: number): Buffer {
    this.#expire(now)
    let count = 0
    for (const stream of this.#open.values()) if (stream.account === caller.account) count += 1
    if (count >= this.#perAccountMax) throw new KmipError('ServerLimitExceeded', 'too many operations are under way')
    const correlationValue = randomBytes(correlationBytes)
    correlationValue[0] = this.#thread
    this.#open.set(correlationValue.toString('hex'), {
      account: caller.account, operation, content, lastUsed: now,
    })
    return correlationValue
  }

  /** @throws KmipError Invalid Correlation Value when it is not one of this account and operation */
  find(caller: Caller, operation: number, correlationValue: Buffer, now: number): unknown {
    this.#expire(now)
    const stream = this.#open.get(correlationValue.toString('hex'))
    if (stream === undefined || stream.account !== caller.account || stream.operation !== operation) {
      throw new KmipError('InvalidCorrelationValue', 'no operation with this Correlation Value is under way')
    }
    stream.lastUsed = now
    return stream.content
  }

  /** @returns opens it again */
  close(correlationValue: Buffer): () => void {
    const id = correlationValue.toString('hex')
    const stream = this.#open.get(id)
    this.#open.delete(id)
    return () => {
      if (stream !== undefined) this.#open.set(id, stream)
    }
  }

  #expire(now: number): void {
    for (const [id, { lastUsed }] of this.#open) {
      if (lastUsed + this.#idleSecondsMax < now) this.#open.delete(id)
    }
  }
}

/** Besides the thread, 120 random bits. */
const correlationBytes = 16

interface Stream {
  readonly account: string
  readonly operation: number
  readonly content: unknown
  lastUsed: number
}
