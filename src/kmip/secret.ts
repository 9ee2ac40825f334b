import { inspect } from 'node:util'

/**
 * Key bytes. They leave only through `reveal`, so that a log line, an error message or a JSON
 * document that happens to hold the object shows nothing of them.
 */
export class Secret {
  readonly #bytes: Buffer

  /** Takes ownership of `bytes`. */
  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  /** Bytes. */
  get length(): number {
    return this.#bytes.length
  }

  /** The bytes themselves, not a copy: do not change or keep them. */
  reveal(): Buffer {
    return this.#bytes
  }

  toJSON(): string {
    return redacted
  }

  toString(): string {
    return redacted
  }

  [inspect.custom](): string {
    return redacted
  }
}

const redacted = '[secret]'
