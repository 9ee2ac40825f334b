import fc from 'fast-check'
import { Tag } from '../../src/kmip/generated/tags.ts'
import { ItemType } from '../../src/ttlv/item.ts'
import type { Item } from '../../src/ttlv/item.ts'

/**
 * A change of a message that keeps it well-formed: some item gets another tag, type or value, is
 * repeated, lost, or stands where another one was.
 */
export interface ItemMutation {
  /** Which item, counted through the tree and around. */
  readonly at: number
  readonly change: 'drop' | 'repeat' | 'retag' | 'retype' | 'swap' | 'value' | 'empty' | 'nest'
  readonly pick: number
}

/** A change of the bytes, which need no longer be TTLV. */
export interface ByteMutation {
  readonly at: number
  readonly change: 'set' | 'flip' | 'cut' | 'insert' | 'length'
  readonly value: number
}

export const itemMutations = fc.array(fc.record({
  at: fc.nat(10_000),
  change: fc.constantFrom<ItemMutation['change']>(
    'drop', 'repeat', 'retag', 'retype', 'swap', 'value', 'empty', 'nest',
  ),
  pick: fc.nat(1_000_000),
}), { minLength: 1, maxLength: 4 })

export const byteMutations = fc.array(fc.record({
  at: fc.nat(100_000),
  change: fc.constantFrom<ByteMutation['change']>('set', 'flip', 'cut', 'insert', 'length'),
  value: fc.nat(0xffff_ffff),
}), { minLength: 1, maxLength: 6 })

export function mutateItem(message: Item, mutation: ItemMutation): Item {
  const count = countItems(message)
  const target = 1 + (mutation.at % Math.max(1, count - 1))
  const other = itemAt(message, mutation.pick % count)
  return rebuild(message, target, mutation, other)
}

export function mutateBytes(bytes: Buffer, { at, change, value }: ByteMutation): Buffer {
  if (bytes.length === 0) return bytes
  const offset = at % bytes.length
  const copy = Buffer.from(bytes)
  switch (change) {
    case 'set':
      copy[offset] = value % 256
      return copy
    case 'flip':
      copy[offset] = copy[offset]! ^ (1 << (value % 8))
      return copy
    case 'cut':
      return copy.subarray(0, offset)
    case 'insert':
      return Buffer.concat([copy.subarray(0, offset), Buffer.alloc((value % 4) * 8 + 1, value % 256), copy.subarray(offset)])
    case 'length': {
      const field = Math.floor(offset / 8) * 8 + 4
      if (field + 4 <= copy.length) copy.writeUInt32BE(value, field)
      return copy
    }
  }
}

function countItems(item: Item): number {
  return item.type === ItemType.Structure ? item.value.reduce((sum, child) => sum + countItems(child), 1) : 1
}

function itemAt(item: Item, index: number): Item {
  if (index === 0 || item.type !== ItemType.Structure) return item
  let left = index - 1
  for (const child of item.value) {
    const size = countItems(child)
    if (left < size) return itemAt(child, left)
    left -= size
  }
  return item
}

/** Copies the tree with the item at `index` changed. */
function rebuild(item: Item, index: number, mutation: ItemMutation, other: Item): Item {
  if (item.type !== ItemType.Structure) return item
  let left = index - 1
  const value = item.value.flatMap((child) => {
    const size = countItems(child)
    const here = left
    left -= size
    if (here < 0 || here >= size) return [child]
    return here === 0 ? changed(child, mutation, other) : [rebuild(child, here, mutation, other)]
  })
  return { ...item, value }
}

function changed(item: Item, { change, pick }: ItemMutation, other: Item): Item[] {
  switch (change) {
    case 'drop': return []
    case 'repeat': return [item, item]
    case 'retag': return [{ ...item, tag: tags[pick % tags.length]! }]
    case 'retype': return [{ ...other, tag: item.tag }]
    case 'swap': return [other]
    case 'value': return [withValue(item, pick)]
    case 'empty': return [{ tag: item.tag, type: ItemType.Structure, value: [] }]
    case 'nest': return [{ tag: item.tag, type: ItemType.Structure, value: [item] }]
  }
}

function withValue(item: Item, pick: number): Item {
  const number = numbers[pick % numbers.length]!
  switch (item.type) {
    case ItemType.Integer: return { ...item, value: Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, number)) }
    case ItemType.Enumeration:
    case ItemType.Interval: return { ...item, value: Math.abs(number) % 2 ** 32 }
    case ItemType.DateTime: return { ...item, value: number }
    case ItemType.LongInteger:
    case ItemType.BigInteger:
    case ItemType.DateTimeExtended: return { ...item, value: BigInt(number) }
    case ItemType.Boolean: return { ...item, value: !item.value }
    case ItemType.TextString: return { ...item, value: texts[pick % texts.length]! }
    case ItemType.ByteString: return { ...item, value: Buffer.alloc(pick % 300, pick % 256) }
    case ItemType.Structure: return { ...item, value: item.value.toReversed() }
  }
}

const tags = Object.values(Tag)
const numbers = [0, 1, -1, 2, 7, 8, 15, 16, 17, 255, 256, 65_535, 65_536, 2 ** 31 - 1, -(2 ** 31), 2 ** 32 - 1, 2 ** 40]
const texts = [
  '', '\0', 'x', '*', '../../etc/passwd', 'ä'.repeat(200), '\u202e', 'x-', 'y-z', 'key/1', 'alias/a', '%s%n',
  '__proto__', 'constructor',
]
