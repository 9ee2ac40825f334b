import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Tag } from '../../src/kmip/generated/tags.ts'
import { ItemType, TtlvError, decodeItem, largestDate } from '../../src/ttlv/item.ts'
import type { Item } from '../../src/ttlv/item.ts'
import { encodeItem } from '../../src/ttlv/writer.ts'

type Decoded = [tag: string, type: keyof typeof ItemType, value: unknown]
interface Vectors {
  valid: { name: string; hex: string; decoded: Decoded }[]
  malformed: { name: string; hex: string; why: string }[]
}
const vectors = JSON.parse(readFileSync(new URL('../../fixtures/ttlv/vectors.json', import.meta.url), 'utf8')) as Vectors

describe('published encodings decode to what they say and encode to the same bytes', () => {
  it.each(vectors.valid)('$name', ({ hex, decoded }) => {
    const item = decodeItem(Buffer.from(hex, 'hex'))
    expect(plain(item)).toEqual(normalized(decoded))
    expect(encodeItem(item).toString('hex')).toBe(hex.toLowerCase())
  })
})

describe('malformed encodings are refused', () => {
  it.each(vectors.malformed)('$name: $why', ({ hex }) => {
    expect(() => decodeItem(Buffer.from(hex, 'hex'))).toThrow(TtlvError)
  })
})

it('takes as many items as there may be, and no more', () => {
  const values = Array.from({ length: 9 }, () => ({ tag: Tag.BatchCount, type: ItemType.Integer, value: 1 }))
  const bytes = encodeItem({ tag: Tag.CustomAttribute, type: ItemType.Structure, value: values })
  expect(decodeItem(bytes, 32, 10)).toMatchObject({ value: values })
  expect(() => decodeItem(bytes, 32, 9)).toThrow(expect.objectContaining({ code: 'size' }))
})

describe('the writer', () => {
  const tag = Tag.CustomAttribute
  it.each<[string, Item, boolean]>([
    ['the least Integer', { tag, type: ItemType.Integer, value: -(2 ** 31) }, true],
    ['an Integer below it', { tag, type: ItemType.Integer, value: -(2 ** 31) - 1 }, false],
    ['an Integer above the largest', { tag, type: ItemType.Integer, value: 2 ** 31 }, false],
    ['no number', { tag, type: ItemType.Integer, value: Number.NaN }, false],
    ['the largest Enumeration', { tag, type: ItemType.Enumeration, value: 2 ** 32 - 1 }, true],
    ['an Enumeration above it', { tag, type: ItemType.Enumeration, value: 2 ** 32 }, false],
    ['a negative Interval', { tag, type: ItemType.Interval, value: -1 }, false],
    ['the least Long Integer', { tag, type: ItemType.LongInteger, value: -(2n ** 63n) }, true],
    ['a Long Integer above the largest', { tag, type: ItemType.LongInteger, value: 2n ** 63n }, false],
    ['the earliest Date-Time', { tag, type: ItemType.DateTime, value: Number.MIN_SAFE_INTEGER }, true],
    ['a Date-Time before it', { tag, type: ItemType.DateTime, value: -(2 ** 53) }, false],
    ['text of characters of all lengths', { tag, type: ItemType.TextString, value: 'aé€😀'.repeat(1_000) }, true],
    ['text that decodes to the replacement character', { tag, type: ItemType.TextString, value: '\ufffd' }, true],
  ])('%s', (_, item, isHeld) => {
    if (isHeld) expect(plain(decodeItem(encodeItem(item)))).toEqual(plain(item))
    else expect(() => encodeItem(item)).toThrow(RangeError)
  })
})

describe('the writer, when its buffer is full', () => {
  const tag = Tag.CustomAttribute
  const bytes = (length: number): Item => ({ tag, type: ItemType.ByteString, value: Buffer.alloc(length, 1) })
  it.each<Item>([
    { tag, type: ItemType.Integer, value: 1 }, { tag, type: ItemType.LongInteger, value: 1n },
    { tag, type: ItemType.BigInteger, value: 1n }, { tag, type: ItemType.Enumeration, value: 1 },
    { tag, type: ItemType.Boolean, value: true }, { tag, type: ItemType.TextString, value: 'a' }, bytes(1),
    { tag, type: ItemType.DateTime, value: 1 }, { tag, type: ItemType.DateTime, value: largestDate },
    { tag, type: ItemType.Interval, value: 1 }, { tag, type: ItemType.DateTimeExtended, value: 1n },
    { tag, type: ItemType.Structure, value: [] },
  ])('takes another item: $type, $value', (item) => {
    // More than twice the buffer, so that it becomes as large as that, and lengths around it.
    for (const length of [9_000, ...Array.from({ length: 8 }, (_, index) => 4_040 + 8 * index)]) {
      const all: Item = { tag, type: ItemType.Structure, value: [bytes(length), item] }
      expect(plain(decodeItem(encodeItem(all)))).toEqual(plain(all))
    }
  })
})

function plain(item: Item): unknown {
  const type = Object.keys(ItemType).find((name) => ItemType[name as keyof typeof ItemType] === item.type)
  if (item.type === ItemType.Structure) return [item.tag, type, item.value.map(plain)]
  if (item.type === ItemType.ByteString) return [item.tag, type, item.value.toString('hex')]
  return [item.tag, type, typeof item.value === 'bigint' ? item.value.toString() : item.value]
}

function normalized([tag, type, value]: Decoded): unknown {
  const number = tag.startsWith('0x') ? Number(tag) : Tag[tag as keyof typeof Tag]
  if (type === 'Structure') return [number, type, (value as Decoded[]).map(normalized)]
  if (type === 'Enumeration') return [number, type, Number(value)]
  if (type === 'ByteString') return [number, type, (value as string).toLowerCase()]
  return [number, type, value]
}
