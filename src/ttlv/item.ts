import { isUtf8 } from 'node:buffer'

/** Item Type codes (KMIP 2.1 10.1.2 Table 491). */
export const ItemType = {
  Structure: 0x01,
  Integer: 0x02,
  LongInteger: 0x03,
  BigInteger: 0x04,
  Enumeration: 0x05,
  Boolean: 0x06,
  TextString: 0x07,
  ByteString: 0x08,
  DateTime: 0x09,
  Interval: 0x0a,
  DateTimeExtended: 0x0b,
} as const
export type ItemType = (typeof ItemType)[keyof typeof ItemType]

/**
 * One Tag-Type-Length-Value item. DateTime is in seconds, DateTimeExtended in microseconds since
 * 1970-01-01 UTC, Interval in seconds. A DateTime outside the safe integers is refused, but for `largestDate`.
 */
export type Item =
  | { readonly tag: number; readonly type: 0x01; readonly value: readonly Item[] }
  | { readonly tag: number; readonly type: 0x02 | 0x05 | 0x09 | 0x0a; readonly value: number }
  | { readonly tag: number; readonly type: 0x03 | 0x04 | 0x0b; readonly value: bigint }
  | { readonly tag: number; readonly type: 0x06; readonly value: boolean }
  | { readonly tag: number; readonly type: 0x07; readonly value: string }
  | { readonly tag: number; readonly type: 0x08; readonly value: Buffer }

export type TtlvErrorCode = 'short' | 'length' | 'type' | 'tag' | 'value' | 'trailing' | 'depth' | 'size'

/** The bytes are not TTLV. `offset` counts bytes from the start of what was decoded. */
export class TtlvError extends Error {
  override name = 'TtlvError'
  readonly code: TtlvErrorCode
  readonly offset: number
  constructor(code: TtlvErrorCode, offset: number, message: string) {
    super(`${message} at byte ${offset}`)
    this.code = code
    this.offset = offset
  }
}

/**
 * Decodes exactly one item from `bytes` (KMIP 2.1 10.1). Byte strings are views of `bytes`.
 * Tags and enumeration values that no table knows are kept as numbers.
 *
 * @param depthMax structures may be nested this deep
 * @param itemsMax there may be so many items, all structures' together
 * @throws TtlvError for anything that is not one whole, well-formed item
 */
export function decodeItem(bytes: Buffer, depthMax = 32, itemsMax = Infinity): Item {
  const place = { next: 0, left: itemsMax }
  const item = decodeAt(bytes, place, bytes.length, depthMax)
  if (place.next !== bytes.length) throw new TtlvError('trailing', place.next, 'bytes follow the item')
  return item
}

/** Where the next item begins, and how many may still come. */
interface Place {
  next: number
  left: number
}

/** Decodes the item at a place, which ends before `end`, and moves the place behind it. */
function decodeAt(bytes: Buffer, place: Place, end: number, depth: number): Item {
  const offset = place.next
  place.left -= 1
  if (place.left < 0) throw new TtlvError('size', offset, 'there are too many items')
  if (end - offset < headerBytes) throw new TtlvError('short', offset, 'an item header is cut off')
  const first = bytes[offset]!
  if (first !== standardTagByte && first !== extensionTagByte) throw new TtlvError('tag', offset, 'not a KMIP tag')
  const type = bytes[offset + 3]!
  const rule = lengthRules[type]
  if (rule === undefined) throw new TtlvError('type', offset + 3, 'unknown item type')
  const length = unsigned(bytes, offset + 4)
  if (rule > 0 ? length !== rule : rule < 0 && length % -rule !== 0) {
    throw new TtlvError('length', offset + 4, 'wrong length for the item type')
  }
  const tag = first * 0x1_0000 + bytes[offset + 1]! * 0x100 + bytes[offset + 2]!
  const start = offset + headerBytes
  // Arithmetic, not masks: a length near 2^32 would turn negative as an int32.
  const next = start + Math.ceil(length / 8) * 8
  if (next > end) throw new TtlvError('length', offset + 4, 'the item exceeds its parent')
  if (type !== ItemType.Structure) {
    place.next = next
    return decodeSingle(bytes, tag, type, start, length)
  }
  if (depth === 0) throw new TtlvError('depth', offset, 'structures are nested too deep')
  const value: Item[] = []
  place.next = start
  while (place.next < next) value.push(decodeAt(bytes, place, next, depth - 1))
  return { tag, type, value }
}

function decodeSingle(bytes: Buffer, tag: number, type: number, start: number, length: number): Item {
  switch (type) {
    case ItemType.Integer:
      return { tag, type, value: bytes.readInt32BE(start) }
    case ItemType.Enumeration:
    case ItemType.Interval:
      return { tag, type, value: unsigned(bytes, start) }
    case ItemType.LongInteger:
    case ItemType.DateTimeExtended:
      return { tag, type, value: bytes.readBigInt64BE(start) }
    case ItemType.BigInteger:
      return { tag, type, value: decodeBigInteger(bytes, start, length) }
    case ItemType.Boolean:
      return { tag, type, value: decodeBoolean(bytes, start) }
    case ItemType.TextString:
      return { tag, type, value: decodeText(bytes, start, start + length) }
    case ItemType.ByteString:
      return { tag, type, value: bytes.subarray(start, start + length) }
    default:
      return { tag, type: ItemType.DateTime, value: decodeDateTime(bytes, start) }
  }
}

function unsigned(bytes: Buffer, at: number): number {
  return bytes[at]! * 0x100_0000 + bytes[at + 1]! * 0x1_0000 + bytes[at + 2]! * 0x100 + bytes[at + 3]!
}

function decodeBigInteger(bytes: Buffer, start: number, length: number): bigint {
  if (length === 0) throw new TtlvError('length', start - 4, 'a Big Integer has at least eight bytes')
  const magnitude = BigInt(`0x${bytes.toString('hex', start, start + length)}`)
  return BigInt.asIntN(length * 8, magnitude)
}

function decodeBoolean(bytes: Buffer, start: number): boolean {
  const high = bytes.readUInt32BE(start)
  const low = bytes.readUInt32BE(start + 4)
  if (high !== 0 || low > 1) throw new TtlvError('value', start, 'a Boolean is 0 or 1')
  return low === 1
}

function decodeText(bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString('utf8', start, end)
  // What is no UTF-8 is decoded to this character, which a text may also have.
  if (text.includes('\ufffd') && !isUtf8(bytes.subarray(start, end))) {
    throw new TtlvError('value', start, 'a Text String is UTF-8')
  }
  return text
}

function decodeDateTime(bytes: Buffer, start: number): number {
  const high = bytes.readInt32BE(start)
  const low = bytes.readUInt32BE(start + 4)
  if (high === 0x7fff_ffff && low === 0xffff_ffff) return largestDate
  const seconds = high * 0x1_0000_0000 + low
  if (!Number.isSafeInteger(seconds) || seconds === largestDate) {
    throw new TtlvError('value', start, 'the date is out of range')
  }
  return seconds
}

/** Stands for the largest DateTime that can be written, 2^63 - 1, which no number is: it means no date (KMIP 2.1 6.1.28). */
export const largestDate = Number.MAX_SAFE_INTEGER

/** Bytes of tag, type and length. */
export const headerBytes = 8
const standardTagByte = 0x42
const extensionTagByte = 0x54

/** Legal lengths by item type (KMIP 2.1 10.1.3): n > 0 exactly n, n < 0 a multiple of -n, 0 any. */
const lengthRules: readonly (number | undefined)[] = [
  undefined, -8, 4, 8, -8, 4, 8, 0, 0, 8, 4, 8,
]
