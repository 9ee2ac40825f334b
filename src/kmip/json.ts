import { ItemType } from '../ttlv/item.ts'
import type { Item } from '../ttlv/item.ts'
import { Tag } from './generated/tags.ts'
import {
  EncodingError, bigIntegerDigits, defaultTextLimits, formatTag, formatType, formatValue, hex, parseTag, parseType,
  parseValue,
} from './text-value.ts'
import type { TextLimits, ValueItem } from './text-value.ts'

/**
 * Decodes one message of the JSON encoding (KMIP Additional Message Encodings 1.0 section 4):
 * `{"tag": "BatchCount", "type": "Integer", "value": 1}`; a structure has no type, or `Structure`,
 * and a list as its value.
 *
 * @throws EncodingError for anything that is not one well-formed message within the limits
 */
export function decodeJson(text: string, limits: TextLimits = defaultTextLimits): Item {
  if (text.length > limits.lengthMax) throw new EncodingError('size', 'the text is too long')
  const { itemsMax = Infinity } = limits
  const colons = colonsIn(text)
  if (colons > itemsMax * itemMembers.size) throw new EncodingError('size', 'there are too many items')
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch {
    // The parser's own message quotes the text, which may hold key material.
    throw new EncodingError('syntax', 'the text is not well-formed JSON')
  }
  const item = decodeObject(document, limits.depthMax, undefined)
  if (colons > membersOf(document)) throw new EncodingError('syntax', 'an item has a member twice')
  return item
}

/** Encodes one item in one line. */
export function encodeJson(item: Item): string {
  return JSON.stringify(objectOf(item, undefined))
}

const itemMembers: ReadonlySet<string> = new Set(['tag', 'type', 'value'])

/** Of well-formed JSON: as many as it has members. The parser takes the last one of a name, other readers the first. */
function colonsIn(text: string): number {
  let count = 0
  let isString = false
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index]
    if (character === '"') isString = !isString
    else if (character === '\\') index += 1
    else if (character === ':' && !isString) count += 1
  }
  return count
}

function membersOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  const own = Array.isArray(value) ? 0 : Object.keys(value).length
  return Object.values(value).reduce<number>((sum, each) => sum + membersOf(each), own)
}

function decodeObject(source: unknown, depth: number, attributeName: string | undefined): Item {
  if (typeof source !== 'object' || source === null || Array.isArray(source)) {
    throw new EncodingError('syntax', 'an item is an object')
  }
  if (Object.keys(source).some((name) => !itemMembers.has(name))) {
    throw new EncodingError('syntax', 'an item has an unknown member')
  }
  const { tag: tagText, type: typeText, value } = source as Record<string, unknown>
  if (typeof tagText !== 'string') throw new EncodingError('tag', 'a tag is a string')
  const tag = parseTag(tagText)
  if (typeText !== undefined && typeof typeText !== 'string') throw new EncodingError('type', 'a type is a string')
  const type = typeText === undefined ? ItemType.Structure : parseType(typeText)
  if (type !== ItemType.Structure) return valueOf(tag, type, value, attributeName)
  if (depth === 0) throw new EncodingError('depth', 'structures are nested too deep')
  if (!Array.isArray(value)) throw new EncodingError('value', 'the value of a structure is a list')
  return { tag, type, value: decodeList(value, depth - 1) }
}

function decodeList(values: readonly unknown[], depth: number): Item[] {
  let attributeName: string | undefined
  return values.map((element) => {
    const item = decodeObject(element, depth, attributeName)
    if (item.tag === Tag.AttributeName && item.type === ItemType.TextString) attributeName = item.value
    return item
  })
}

function valueOf(tag: number, type: ItemType, value: unknown, attributeName: string | undefined): ValueItem {
  if (typeof value === 'string') {
    // XML writes a Big Integer in bare hexadecimal digits; in JSON these would pass for a decimal number.
    if (type === ItemType.BigInteger && !value.startsWith('0x')) throw new EncodingError('value', 'not a Big Integer')
    return parseValue(tag, type, value, attributeName)
  }
  if (typeof value === 'boolean' && type === ItemType.Boolean) return { tag, type, value }
  if (typeof value !== 'number' || !numeric.has(type)) throw new EncodingError('value', 'the value has the wrong type')
  if (!Number.isSafeInteger(value)) throw new EncodingError('value', 'the number is not an exact integer')
  if (type === ItemType.BigInteger) return { tag, type, value: BigInt(value) }
  return parseValue(tag, type, String(value), attributeName)
}

function objectOf(item: Item, attributeName: string | undefined): object {
  const tag = formatTag(item.tag)
  if (item.type !== ItemType.Structure) {
    return { tag, type: formatType(item.type), value: jsonValue(item, attributeName) }
  }
  let sibling: string | undefined
  const value = item.value.map((child) => {
    const result = objectOf(child, sibling)
    if (child.tag === Tag.AttributeName && child.type === ItemType.TextString) sibling = child.value
    return result
  })
  return { tag, value }
}

/** Numbers beyond 2^52 lose digits in many readers, so they are written in hexadecimal (4.1.5). */
function jsonValue(item: ValueItem, attributeName: string | undefined): string | number | boolean {
  switch (item.type) {
    case ItemType.Integer: {
      const text = formatValue(item, '|', attributeName)
      return /^-?\d+$/.test(text) ? item.value : text
    }
    case ItemType.Interval:
    case ItemType.Boolean:
      return item.value
    case ItemType.LongInteger:
      if (item.value > -exactMax && item.value < exactMax) return Number(item.value)
      return hex(BigInt.asUintN(64, item.value), 16)
    case ItemType.BigInteger:
      return `0x${bigIntegerDigits(item.value)}`
    default:
      return formatValue(item, '|', attributeName)
  }
}

const exactMax = 2n ** 52n
const numeric: ReadonlySet<ItemType> = new Set<ItemType>([
  ItemType.Integer, ItemType.LongInteger, ItemType.BigInteger, ItemType.Enumeration, ItemType.Interval,
])
