import { describe, expect, test } from 'vitest'
import { Tag } from '../../src/kmip/generated/tags.ts'
import {
  canonicalValue, customNameOf, isCmkAttribute, keywardAttribute, keywardAttributes, parseDuration, textValue,
} from '../../src/kmip/keyward-attribute.ts'
import { ItemType } from '../../src/ttlv/item.ts'
import type { Item } from '../../src/ttlv/item.ts'

const text = (value: string): Item => ({ tag: Tag.AttributeValue, type: ItemType.TextString, value })

describe('text of 1.x', () => {
  test.each([
    ['cmk-enabled', 'true', ItemType.Boolean, true],
    ['cmk-enabled', 'false', ItemType.Boolean, false],
    ['cmk-deletion-window', '7', ItemType.Integer, 7],
    ['cmk-deletion-window', '-1', ItemType.Integer, -1],
    ['cmk-rotation-interval', '604800s', ItemType.Interval, 604_800],
    ['cmk-delete-date', '2026-01-01T00:00:00Z', ItemType.DateTime, 1_767_225_600],
    ['cmk-alias', 'alias/app', ItemType.TextString, 'alias/app'],
    ['cmk-tag-team', 'db', ItemType.TextString, 'db'],
  ] as const)('%s = %s and back', (name, written, type, value) => {
    const item = canonicalValue(name, text(written))
    expect(item).toEqual({ tag: Tag.AttributeValue, type, value })
    expect(textValue(item)).toEqual(text(written))
    expect(canonicalValue(name, item)).toEqual(item)
  })

  test.each([
    ['cmk-enabled', 'True'], ['cmk-enabled', '1'], ['cmk-enabled', ''], ['cmk-deletion-window', '7.5'],
    ['cmk-deletion-window', '7d'], ['cmk-deletion-window', '99999999999'], ['cmk-rotation-interval', '1y'],
    ['cmk-delete-date', 'tomorrow'], ['cmk-delete-date', '2026-13-01T00:00:00Z'], ['cmk-delete-date', '2026-01-01'],
    ['cmk-delete-date', '2026-02-29T00:00:00Z'], ['cmk-delete-date', '2026-01-01T24:00:00Z'],
  ])('%s = %j is refused', (name, written) => {
    expect(() => canonicalValue(name, text(written))).toThrow(expect.objectContaining({ reason: 'InvalidAttributeValue' }))
  })

  test('a value of another type is refused', () => {
    const item: Item = { tag: Tag.AttributeValue, type: ItemType.Integer, value: 1 }
    expect(() => canonicalValue('cmk-enabled', item)).toThrow(expect.objectContaining({ reason: 'InvalidAttributeValue' }))
  })
})

const intervals: [string, number][] = [['7d', 604_800], ['12h', 43_200], ['30m', 1_800], ['90s', 90], ['90', 90], ['0', 0]]
test.each(intervals)('%s is %d s', (given, seconds) => {
  expect(parseDuration(given)).toBe(seconds)
})

test.each(['', 'd', '-7d', '7 d', '7D', '1.5d', '9999999999'])('%j is no duration', (given) => {
  expect(parseDuration(given)).toBeUndefined()
})

test('in 1.x, what only the server sets is "y-", the rest "x-"', () => {
  expect(customNameOf('cmk-state')).toBe('y-cmk-state')
  expect(customNameOf('cmk-enabled')).toBe('x-cmk-enabled')
  expect(customNameOf('cmk-tag-state')).toBe('x-cmk-tag-state')
  for (const [name, { setBy }] of Object.entries(keywardAttributes)) {
    expect(customNameOf(name).startsWith('y-'), name).toBe(setBy === 'server')
  }
})

test('only attributes of our own vendor are a CMK\'s', () => {
  expect(isCmkAttribute({ vendorIdentification: 'Keyward', attributeName: 'cmk-anything' })).toBe(true)
  expect(isCmkAttribute({ vendorIdentification: 'x', attributeName: 'cmk-state' })).toBe(false)
  expect(isCmkAttribute({ vendorIdentification: 'Keyward', attributeName: 'other' })).toBe(false)
  expect(keywardAttribute('toString')).toBeUndefined()
})
