import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Tag } from '../../src/kmip/generated/tags.ts'
import { ItemType, TtlvError, decodeItem } from '../../src/ttlv/item.ts'
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
