import { KmipError } from '../kmip/error.ts'
import { Tag } from '../kmip/generated/tags.ts'
import { ResponseBatchItem } from '../kmip/message.ts'
import type { Version } from '../kmip/version.ts'
import { TtlvWriter } from '../ttlv/writer.ts'

/**
 * The bytes that a response may still take: Maximum Response Size, and a bound of our own for
 * batches. An item that does not fit is refused before its changes are committed, so that a client
 * that is told of a failure has none of them (KMIP 2.1 9.12).
 */
export class ResponseRoom {
  readonly #version: Version
  readonly #bytesMax: number
  #left: number
  #reserved = 0

  /**
   * @param bytesMax of the whole response
   * @param headerBytes of what is around its items
   */
  constructor(bytesMax: number, headerBytes: number, version: Version) {
    this.#bytesMax = bytesMax
    this.#left = bytesMax - headerBytes
    this.#version = version
  }

  /** @throws KmipError Response Too Large */
  reserve(item: ResponseBatchItem): void {
    try {
      ResponseBatchItem.encode(writer, Tag.BatchItem, item, { version: this.#version, omitsUnknown: true })
      this.#reserved = writer.length
    } finally {
      writer.reset()
    }
    if (this.#reserved <= this.#left) return
    throw new KmipError('ResponseTooLarge', `the response has more than ${this.#bytesMax} bytes`)
  }

  /** The item that was reserved for last is in the response. */
  confirm(): void {
    this.#left -= this.#reserved
    this.#reserved = 0
  }
}

/** Measuring never awaits, so one buffer serves all. */
const writer = new TtlvWriter(16_384)
