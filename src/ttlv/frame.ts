import { addChunk } from './chunks.ts'
import { TtlvError, headerBytes } from './item.ts'

/**
 * Cuts a byte stream into messages. A message is refused by its 8-byte header alone, before any
 * byte of its body is kept; what is kept never exceeds one message and one chunk.
 */
export class Framer {
  readonly #firstTag: number
  readonly #messageBytesMax: number
  #chunks: Buffer[] = []
  #buffered = 0
  #needed = headerBytes

  /**
   * @param firstTag the tag every message starts with (Request Message for a server)
   * @param messageBytesMax header included
   */
  constructor(firstTag: number, messageBytesMax: number) {
    this.#firstTag = firstTag
    this.#messageBytesMax = messageBytesMax
  }

  /** Bytes of an unfinished message held back. */
  get buffered(): number {
    return this.#buffered
  }

  /** What has come of the message that was refused, from its first byte. */
  get refused(): Buffer {
    return Buffer.concat(this.#chunks)
  }

  /**
   * Takes the next chunk and returns the messages that it completes, in order.
   *
   * @param messages to which they are added: there they are also when what follows them is none
   * @throws TtlvError when the stream is not a sequence of messages; the stream cannot go on
   */
  push(chunk: Buffer, messages: Buffer[] = []): Buffer[] {
    addChunk(this.#chunks, chunk)
    this.#buffered += chunk.length
    while (this.#buffered >= this.#needed) {
      const bytes = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks)
      const length = this.#messageLength(bytes)
      if (bytes.length < length) {
        this.#chunks = [bytes]
        this.#needed = length
        break
      }
      this.#needed = headerBytes
      this.#buffered = bytes.length - length
      if (this.#buffered === 0) {
        messages.push(bytes)
        // Keeps the array's room for the next, unlike to set its length.
        while (this.#chunks.length > 0) this.#chunks.pop()
      } else {
        messages.push(bytes.subarray(0, length))
        this.#chunks = [bytes.subarray(length)]
      }
    }
    return messages
  }

  #messageLength(bytes: Buffer): number {
    if (bytes.readUIntBE(0, 3) !== this.#firstTag) throw new TtlvError('tag', 0, 'not the start of a message')
    if (bytes[3] !== 0x01) throw new TtlvError('type', 3, 'a message is a structure')
    const length = headerBytes + bytes.readUInt32BE(4)
    if (length % 8 !== 0) throw new TtlvError('length', 4, 'wrong length for the item type')
    if (length > this.#messageBytesMax) throw new TtlvError('size', 4, 'the message is too large')
    return length
  }
}
