import { ItemType, largestDate } from '../ttlv/item.ts'
import type { Item } from '../ttlv/item.ts'
import { tagName, tagNumber, valueNames } from './names.ts'

export type EncodingErrorCode = 'syntax' | 'tag' | 'type' | 'value' | 'depth' | 'size'

/** The text is not a message in the XML or JSON encoding. The message shows no value of the text. */
export class EncodingError extends Error {
  override name = 'EncodingError'
  readonly code: EncodingErrorCode
  constructor(code: EncodingErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Bounds of a text encoding, checked before anything is built from it. */
export interface TextLimits {
  /** UTF-16 units of the text. */
  readonly lengthMax: number
  /** Structures may be nested this deep. */
  readonly depthMax: number
  /** Structures and values, all together. Absent: any number. */
  readonly itemsMax?: number
}

export const defaultTextLimits: TextLimits = { lengthMax: 4 * 1024 * 1024, depthMax: 32 }

/** A value item, as opposed to a structure. */
export type ValueItem = Exclude<Item, { readonly type: 0x01 }>

/** @param name a tag's name, or `0x` and six digits */
export function parseTag(name: string): number {
  const tag = tagNumber(name) ?? (/^0x(42|54)[0-9a-f]{4}$/i.test(name) ? Number(name) : undefined)
  if (tag === undefined) throw new EncodingError('tag', 'unknown tag')
  return tag
}

/** The tag's name, or `0x` and six digits when it has none. */
export function formatTag(tag: number): string {
  return tagName(tag) ?? hex(tag, 6)
}

/** @param name as the profiles spell it: `TextString`, `DateTime` */
export function parseType(name: string): ItemType {
  const type = typesByName.get(name)
  if (type === undefined) throw new EncodingError('type', 'unknown item type')
  return type
}

export function formatType(type: ItemType): string {
  return typeNames.get(type)!
}

/**
 * The value of an item from its text, in any of the forms that the XML and JSON encodings allow
 * (KMIP Additional Message Encodings 1.0, 4.1.5 and 6.1.5).
 *
 * @param attributeName the Attribute Name beside an Attribute Value
 */
export function parseValue(tag: number, type: ItemType, text: string, attributeName?: string): ValueItem {
  switch (type) {
    case ItemType.Integer:
      return { tag, type, value: parseInteger(tag, text, attributeName) }
    case ItemType.LongInteger:
      return { tag, type, value: parseLong(text) }
    case ItemType.BigInteger:
      return { tag, type, value: parseBigInteger(text) }
    case ItemType.Enumeration:
      return { tag, type, value: parseEnumeration(tag, text, attributeName) }
    case ItemType.Boolean:
      return { tag, type, value: parseBoolean(text) }
    case ItemType.TextString:
      if (!text.isWellFormed()) throw badValue('a Text String is Unicode')
      return { tag, type, value: text }
    case ItemType.ByteString:
      return { tag, type, value: parseBytes(text) }
    case ItemType.DateTime:
      return { tag, type, value: parseDate(text) }
    case ItemType.Interval:
      return { tag, type, value: parseUnsigned(text, 'not an Interval') }
    case ItemType.DateTimeExtended:
      return { tag, type, value: parseDateExtended(text) }
    default:
      throw new EncodingError('type', 'a structure has no value')
  }
}

/**
 * The text of an item's value: names for enumerations and masks, ISO 8601 for dates (with zero
 * offset, as the published cases have it), digits, or hexadecimal.
 *
 * @param separator between the names of a mask: a space in XML, a bar in JSON
 */
export function formatValue(item: ValueItem, separator: string, attributeName?: string): string {
  switch (item.type) {
    case ItemType.Integer:
      return formatInteger(item.tag, item.value, separator, attributeName)
    case ItemType.Enumeration:
      return valueNames(item.tag, attributeName)?.names.get(item.value) ?? hex(item.value, 8)
    case ItemType.BigInteger:
      return bigIntegerDigits(item.value)
    case ItemType.ByteString:
      return item.value.toString('hex')
    case ItemType.DateTime:
      if (item.value === largestDate) return hex(largestLong, 16)
      return isIsoDate(item.value) ? isoSeconds(item.value) : hex(BigInt.asUintN(64, BigInt(item.value)), 16)
    case ItemType.DateTimeExtended:
      return formatDateExtended(item.value)
    default:
      return String(item.value)
  }
}

/** Two's complement, in whole groups of eight bytes (KMIP 2.1 10.1.4). */
export function bigIntegerDigits(value: bigint): string {
  let bytes = 8
  while (BigInt.asIntN(bytes * 8, value) !== value) bytes += 8
  return BigInt.asUintN(bytes * 8, value).toString(16).padStart(bytes * 2, '0')
}

export function hex(value: number | bigint, digits: number): string {
  return `0x${value.toString(16).padStart(digits, '0')}`
}

function parseInteger(tag: number, text: string, attributeName?: string): number {
  const plain = integerOf(text)
  if (plain !== undefined) return plain
  const table = valueNames(tag, attributeName)
  if (table?.mask !== true) throw badValue('not an Integer')
  let mask = 0
  for (const part of text.split(/[\s|]+/)) {
    if (part === '') continue
    const bit = table.numbers.get(part) ?? integerOf(part)
    if (bit === undefined) throw badValue('unknown name in a mask')
    mask |= bit
  }
  return mask
}

function integerOf(text: string): number | undefined {
  if (/^0x[0-9a-f]{1,8}$/i.test(text)) return Number(text) | 0
  if (!/^-?\d{1,10}$/.test(text)) return undefined
  const value = Number(text)
  return (value | 0) === value ? value : undefined
}

function formatInteger(tag: number, value: number, separator: string, attributeName?: string): string {
  const table = valueNames(tag, attributeName)
  if (table?.mask !== true || value <= 0) return String(value)
  const named = [...table.names].filter(([bit]) => (value & bit) === bit)
  const rest = named.reduce((left, [bit]) => left & ~bit, value)
  const names = named.map(([, name]) => name)
  return (rest === 0 ? names : [...names, hex(rest, 8)]).join(separator)
}

function parseEnumeration(tag: number, text: string, attributeName?: string): number {
  const value = valueNames(tag, attributeName)?.numbers.get(text)
  if (value !== undefined) return value
  return parseUnsigned(text, 'unknown enumeration value')
}

function parseLong(text: string): bigint {
  if (/^0x[0-9a-f]{1,16}$/i.test(text)) return BigInt.asIntN(64, BigInt(text))
  if (!/^-?\d{1,19}$/.test(text)) throw badValue('not a Long Integer')
  const value = BigInt(text)
  if (BigInt.asIntN(64, value) !== value) throw badValue('a Long Integer has 64 bits')
  return value
}

function parseBigInteger(text: string): bigint {
  const digits = /^(?:0x)?((?:[0-9a-f]{2})+)$/i.exec(text)?.[1]
  if (digits === undefined) throw badValue('not a Big Integer')
  return BigInt.asIntN(digits.length * 4, BigInt(`0x${digits}`))
}

function parseBoolean(text: string): boolean {
  if (text === 'true' || /^0x0*1$/.test(text)) return true
  if (text === 'false' || /^0x0+$/.test(text)) return false
  throw badValue('not a Boolean')
}

function parseBytes(text: string): Buffer {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(text)) throw badValue('not a Byte String')
  return Buffer.from(text, 'hex')
}

function parseUnsigned(text: string, complaint: string): number {
  if (!/^(0x[0-9a-f]{1,8}|\d{1,10})$/i.test(text) || Number(text) > unsignedMax) throw badValue(complaint)
  return Number(text)
}

function parseDate(text: string): number {
  if (/^0x[0-9a-f]{1,16}$/i.test(text)) {
    const value = BigInt.asIntN(64, BigInt(text))
    if (value === largestLong) return largestDate
    const seconds = Number(value)
    if (!Number.isSafeInteger(seconds) || seconds === largestDate) throw badValue('the date is out of range')
    return seconds
  }
  return Number(isoDate(text).seconds)
}

function parseDateExtended(text: string): bigint {
  if (/^(0x|-?\d+$)/i.test(text)) return parseLong(text)
  const { seconds, microseconds } = isoDate(text)
  return seconds * 1_000_000n + microseconds
}

function isoDate(text: string): { seconds: bigint, microseconds: bigint } {
  const parts = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(?:Z|([+-])([01]\d|2[0-3]):([0-5]\d))$/.exec(text)
  if (parts === null) throw badValue('not an ISO 8601 date')
  const [, local, fraction = '', sign, hours = '0', minutes = '0'] = parts
  const localMs = Date.parse(`${local}Z`)
  // Date.parse takes the 30th of February for the 2nd of March.
  if (Number.isNaN(localMs) || !new Date(localMs).toISOString().startsWith(local!)) throw badValue('no such date')
  const offsetMs = (Number(hours) * 60 + Number(minutes)) * 60_000
  const ms = sign === '-' ? localMs + offsetMs : localMs - offsetMs
  return { seconds: BigInt(ms / 1000), microseconds: BigInt(fraction.padEnd(6, '0')) }
}

function formatDateExtended(microseconds: bigint): string {
  const fraction = ((microseconds % 1_000_000n) + 1_000_000n) % 1_000_000n
  const seconds = Number((microseconds - fraction) / 1_000_000n)
  if (!isIsoDate(seconds)) return hex(BigInt.asUintN(64, microseconds), 16)
  return isoSeconds(seconds).replace('+', `.${String(fraction).padStart(6, '0')}+`)
}

function isIsoDate(seconds: number): boolean {
  return seconds >= isoSecondsMin && seconds <= isoSecondsMax
}

function isoSeconds(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', '+00:00')
}

function badValue(message: string): EncodingError {
  return new EncodingError('value', message)
}

const largestLong = 2n ** 63n - 1n
const unsignedMax = 0xffff_ffff
/** The years that ISO 8601 writes with four digits: 0000 and 9999. */
const isoSecondsMin = Date.parse('0000-01-01T00:00:00Z') / 1000
const isoSecondsMax = Date.parse('9999-12-31T23:59:59Z') / 1000
const typesByName: ReadonlyMap<string, ItemType> = new Map(Object.entries(ItemType))
const typeNames: ReadonlyMap<ItemType, string> = new Map([...typesByName].map(([name, type]) => [type, name]))
