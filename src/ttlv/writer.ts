import { ItemType, largestDate } from './item.ts'
import type { Item } from './item.ts'

/**
 * Writes items one after the other into a growing buffer (KMIP 2.1 10.1). One writer serves many
 * messages: `take` copies the bytes out and starts anew. A value that its type cannot hold is a RangeError.
 */
export class TtlvWriter {
  #bytes: Buffer
  /** Of the same bytes: numbers are written many to a message, and so with the least ado. */
  #view: DataView
  #length = 0

  constructor(capacity = 4096) {
    this.#bytes = Buffer.allocUnsafe(capacity)
    this.#view = viewOf(this.#bytes)
  }

  /** Bytes written since the last `take`. */
  get length(): number {
    return this.#length
  }

  /** Opens a structure and returns the handle that `end` needs. */
  begin(tag: number): number {
    const start = this.#header(tag, ItemType.Structure, 0, 0)
    return start + 8
  }

  end(handle: number): void {
    this.#view.setUint32(handle - 4, this.#length - handle)
  }

  integer(tag: number, value: number): void {
    checkRange(value, -0x8000_0000, 0x7fff_ffff)
    const start = this.#header(tag, ItemType.Integer, 4, 8) + 8
    this.#view.setInt32(start, value)
    this.#view.setUint32(start + 4, 0)
  }

  enumeration(tag: number, value: number): void {
    this.#unsigned(tag, ItemType.Enumeration, value)
  }

  /** @param value whole seconds, 0 to 2^32 - 1 */
  interval(tag: number, value: number): void {
    this.#unsigned(tag, ItemType.Interval, value)
  }

  longInteger(tag: number, value: bigint): void {
    this.#long(tag, ItemType.LongInteger, value)
  }

  /** @param value microseconds since 1970-01-01 UTC */
  dateTimeExtended(tag: number, value: bigint): void {
    this.#long(tag, ItemType.DateTimeExtended, value)
  }

  /** @param value seconds since 1970-01-01 UTC, a safe integer, or `largestDate` */
  dateTime(tag: number, value: number): void {
    if (value === largestDate) return this.#long(tag, ItemType.DateTime, 2n ** 63n - 1n)
    checkRange(value, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
    const start = this.#header(tag, ItemType.DateTime, 8, 8) + 8
    this.#view.setInt32(start, Math.floor(value / 0x1_0000_0000))
    this.#view.setUint32(start + 4, ((value % 0x1_0000_0000) + 0x1_0000_0000) % 0x1_0000_0000)
  }

  boolean(tag: number, value: boolean): void {
    const start = this.#header(tag, ItemType.Boolean, 8, 8) + 8
    this.#view.setUint32(start, 0)
    this.#view.setUint32(start + 4, value ? 1 : 0)
  }

  /** Two's complement, filled up to a multiple of eight bytes with the sign (KMIP 2.1 10.1.4). */
  bigInteger(tag: number, value: bigint): void {
    const length = bigIntegerBytes(value)
    const start = this.#header(tag, ItemType.BigInteger, length, length) + 8
    const hex = BigInt.asUintN(length * 8, value).toString(16).padStart(length * 2, '0')
    this.#bytes.write(hex, start, 'hex')
  }

  textString(tag: number, value: string): void {
    // No character of a string takes more than three bytes.
    this.#reserve(8 + value.length * 3 + 7)
    const length = this.#bytes.write(value, this.#length + 8)
    this.#pad(this.#header(tag, ItemType.TextString, length, Math.ceil(length / 8) * 8) + 8 + length)
  }

  byteString(tag: number, value: Uint8Array): void {
    const { length } = value
    const start = this.#header(tag, ItemType.ByteString, length, Math.ceil(length / 8) * 8) + 8
    this.#bytes.set(value, start)
    this.#pad(start + length)
  }

  item(item: Item, tag = item.tag): void {
    switch (item.type) {
      case ItemType.Structure: {
        const handle = this.begin(tag)
        for (const child of item.value) this.item(child)
        return this.end(handle)
      }
      case ItemType.Integer: return this.integer(tag, item.value)
      case ItemType.LongInteger: return this.longInteger(tag, item.value)
      case ItemType.BigInteger: return this.bigInteger(tag, item.value)
      case ItemType.Enumeration: return this.enumeration(tag, item.value)
      case ItemType.Boolean: return this.boolean(tag, item.value)
      case ItemType.TextString: return this.textString(tag, item.value)
      case ItemType.ByteString: return this.byteString(tag, item.value)
      case ItemType.DateTime: return this.dateTime(tag, item.value)
      case ItemType.Interval: return this.interval(tag, item.value)
      case ItemType.DateTimeExtended: return this.dateTimeExtended(tag, item.value)
    }
  }

  /** Gives the item that begins at `offset` another tag: 1.x sends every attribute as Attribute Value. */
  retag(offset: number, tag: number): void {
    this.#bytes.writeUIntBE(tag, offset, 3)
  }

  /** Copies bytes that are already encoded items. */
  raw(encoded: Uint8Array): void {
    this.#reserve(encoded.length)
    this.#bytes.set(encoded, this.#length)
    this.#length += encoded.length
  }

  /** A copy of all bytes written since the last `take`; wipes them here. */
  take(): Buffer {
    const result = Buffer.from(this.#bytes.subarray(0, this.#length))
    this.reset()
    return result
  }

  /** Forgets and wipes what was written: responses may carry key material. */
  reset(): void {
    if (this.#length === 0) return
    // Buffer has a `fill` of its own, which looks for more than numbers and takes longer than a small message.
    Uint8Array.prototype.fill.call(this.#bytes, 0, 0, this.#length)
    this.#length = 0
  }

  #unsigned(tag: number, type: number, value: number): void {
    checkRange(value, 0, 0xffff_ffff)
    const start = this.#header(tag, type, 4, 8) + 8
    this.#view.setUint32(start, value)
    this.#view.setUint32(start + 4, 0)
  }

  #long(tag: number, type: number, value: bigint): void {
    if (BigInt.asIntN(64, value) !== value) throw new RangeError('the value has more than 64 bits')
    const start = this.#header(tag, type, 8, 8) + 8
    this.#view.setBigInt64(start, value)
  }

  /** Zeros from `start` to the end of the item. */
  #pad(start: number): void {
    for (let at = start; at < this.#length; at += 1) this.#bytes[at] = 0
  }

  #header(tag: number, type: number, length: number, padded: number): number {
    this.#reserve(8 + padded)
    const start = this.#length
    // Tag and type are one number of four bytes.
    this.#view.setUint32(start, tag * 0x100 + type)
    this.#view.setUint32(start + 4, length)
    this.#length = start + 8 + padded
    return start
  }

  #reserve(more: number): void {
    const needed = this.#length + more
    if (needed <= this.#bytes.length) return
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2))
    this.#bytes.copy(grown, 0, 0, this.#length)
    this.#bytes.fill(0, 0, this.#length)
    this.#bytes = grown
    this.#view = viewOf(grown)
  }
}

/** Encodes one item by itself. */
export function encodeItem(item: Item): Buffer {
  const writer = new TtlvWriter()
  writer.item(item)
  return writer.take()
}

/** A DataView would write what is too large without its high bits, and say nothing. */
function checkRange(value: number, min: number, max: number): void {
  if (!(value >= min && value <= max)) throw new RangeError(`the value is not between ${min} and ${max}`)
}

function viewOf({ buffer, byteOffset, length }: Buffer): DataView {
  return new DataView(buffer, byteOffset, length)
}

function bigIntegerBytes(value: bigint): number {
  let bytes = Math.max(8, Math.floor((value < 0n ? -value : value).toString(16).length / 16) * 8)
  while (BigInt.asIntN(bytes * 8, value) !== value) bytes += 8
  return bytes
}
