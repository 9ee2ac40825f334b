import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AttributeInstance, AttributeSet } from '../../src/kmip/attribute.ts'
import { NameType, UsageLimitsUnit } from '../../src/kmip/generated/enums.ts'
import { Tag } from '../../src/kmip/generated/tags.ts'
import { matcherOf } from '../../src/operation/locate-match.ts'
import type { Item } from '../../src/ttlv/item.ts'

const { UninterpretedTextString, URI } = NameType

describe('the matcher and a slow, obvious twin agree', () => {
  test('on random filters and objects', () => {
    let met = 0
    let count = 0
    fc.assert(fc.property(attributes, filters, (set, wanted) => {
      const expected = twin(wanted, set)
      met += expected ? 1 : 0
      count += 1
      return matcherOf(wanted)(set) === expected
    }), { numRuns: 5_000, seed: 7 })
    expect(met).toBeGreaterThan(count / 20)
    expect(met).toBeLessThan(count * 0.95)
  })

  test('and each way to be different is seen', () => {
    const set: AttributeSet = { cryptographicUsageMask: 12, activationDate: 5 }
    const cases: [AttributeInstance[], boolean][] = [
      [[{ name: 'cryptographicUsageMask', value: 4 }], true],
      [[{ name: 'cryptographicUsageMask', value: 5 }], false],
      [[{ name: 'activationDate', value: 5 }], true],
      [[{ name: 'activationDate', value: 4 }], false],
      [[{ name: 'activationDate', value: 5 }, { name: 'activationDate', value: 9 }], true],
      [[{ name: 'activationDate', value: 1 }, { name: 'activationDate', value: 5 }], true],
      [[{ name: 'activationDate', value: 6 }, { name: 'activationDate', value: 9 }], false],
      [[{ name: 'deactivationDate', value: 0 }, { name: 'deactivationDate', value: 9 }], false],
    ]
    for (const [wanted, expected] of cases) {
      expect(matcherOf(wanted)(set), JSON.stringify(wanted)).toBe(expected)
      expect(twin(wanted, set), JSON.stringify(wanted)).toBe(expected)
    }
  })
})

test('a date is given at most twice', () => {
  const date: AttributeInstance = { name: 'activationDate', value: 5 }
  expect(() => matcherOf([date, date, date])).toThrow(expect.objectContaining({ reason: 'InvalidField' }))
})

describe('custom dates', () => {
  const day = (type: 9 | 11, value: number | bigint, attributeName = 'made'): AttributeInstance => ({
    name: 'vendorAttribute',
    value: { vendorIdentification: 'x', attributeName, attributeValue: { tag: Tag.AttributeValue, type, value } },
  })
  const set = (...given: AttributeInstance[]): AttributeSet => (
    { vendorAttribute: given.map(({ value }) => value) } as AttributeSet)

  test.for<[string, AttributeInstance[], boolean]>([
    ['one is that moment', [day(9, 5)], true],
    ['and no other', [day(9, 4)], false],
    ['two are a range', [day(9, 4), day(9, 6)], true],
    ['with its limits', [day(9, 5), day(9, 6)], true],
    ['in either order', [day(9, 6), day(9, 4)], true],
    ['which may be past', [day(9, 6), day(9, 9)], false],
    ['of one attribute', [day(9, 4, 'other'), day(9, 6, 'other')], false],
    ['of one type', [day(11, 4n), day(11, 6n)], false],
  ])('%s', ([, wanted, expected]) => {
    expect(matcherOf(wanted)(set(day(9, 5)))).toBe(expected)
  })

  test('microseconds are a range too', () => {
    expect(matcherOf([day(11, 2n ** 60n), day(11, 1n)])(set(day(11, 1_000_000n)))).toBe(true)
    expect(matcherOf([day(11, 2n ** 60n), day(11, 1_000_001n)])(set(day(11, 1_000_000n)))).toBe(false)
  })
})

describe('filters are bounded', () => {
  const group = (number: number): AttributeInstance => ({ name: 'objectGroup', value: `group ${number}` })
  const children = (count: number): Item[] =>
    Array.from({ length: count }, (_, value) => ({ tag: Tag.AttributeValue, type: 2, value }))
  const structure = (value: Item[]): AttributeInstance => ({
    name: 'vendorAttribute',
    value: { vendorIdentification: 'x', attributeName: 's', attributeValue: { tag: Tag.AttributeValue, type: 1, value } },
  })

  test('by number', () => {
    const filters = Array.from({ length: 129 }, (_, number) => group(number))
    expect(matcherOf(filters.slice(1))({})).toBe(false)
    expect(() => matcherOf(filters)).toThrow(expect.objectContaining({ reason: 'InvalidField' }))
  })

  test('and by the items of structures', () => {
    expect(matcherOf([structure(children(127))])({})).toBe(false)
    expect(() => matcherOf([structure(children(128))])).toThrow(expect.objectContaining({ reason: 'InvalidField' }))
  })

  test('so that the largest object takes no time', () => {
    const filters = Array.from({ length: 126 }, () => structure([]))
    const matches = matcherOf([...filters, { ...structure([]), value: unlike }])
    const vendorAttribute = Array.from({ length: 1_024 }, () => structure(children(1)).value) as never
    const begin = performance.now()
    expect(matches({ vendorAttribute })).toBe(false)
    expect(performance.now() - begin).toBeLessThan(100)
  })

  const unlike = {
    vendorIdentification: 'x', attributeName: 's',
    attributeValue: { tag: Tag.AttributeValue, type: 1, value: children(1).map((each) => ({ ...each, value: 9 })) },
  }
})

/** Written as the text of the standard reads, filter by filter, without sharing anything with the matcher. */
function twin(wanted: readonly AttributeInstance[], set: AttributeSet): boolean {
  return wanted.every((filter) => {
    switch (filter.name) {
      case 'cryptographicUsageMask': {
        if (set.cryptographicUsageMask === undefined) return false
        return (set.cryptographicUsageMask & (filter.value as number)) === filter.value
      }
      case 'activationDate': {
        const dates = wanted.filter(({ name }) => name === 'activationDate').map(({ value }) => value as number)
        const date = set.activationDate
        if (date === undefined) return false
        return dates.length === 1 ? date === dates[0] : date >= Math.min(...dates) && date <= Math.max(...dates)
      }
      case 'usageLimits': {
        const limits = set.usageLimits
        if (limits === undefined) return false
        const given = filter.value as Partial<NonNullable<AttributeSet['usageLimits']>>
        if (given.usageLimitsTotal !== undefined && limits.usageLimitsTotal < given.usageLimitsTotal) return false
        if (given.usageLimitsUnit !== undefined && limits.usageLimitsUnit !== given.usageLimitsUnit) return false
        return given.usageLimitsCount === undefined
          || (limits.usageLimitsCount ?? limits.usageLimitsTotal) >= given.usageLimitsCount
      }
      case 'name': {
        const given = filter.value as { nameValue?: string; nameType?: number }
        return (set.name ?? []).some((name) => (given.nameValue ?? name.nameValue) === name.nameValue
          && (given.nameType ?? name.nameType) === name.nameType)
      }
      case 'vendorAttribute': {
        const given = filter.value as NonNullable<AttributeSet['vendorAttribute']>[number]
        return (set.vendorAttribute ?? []).some((each) => each.vendorIdentification === given.vendorIdentification
          && each.attributeName === given.attributeName && plain(each.attributeValue) === plain(given.attributeValue))
      }
      default: return (set.objectGroup ?? []).includes(filter.value as string)
    }
  })
}

function plain({ type, value }: Item): string {
  if (Buffer.isBuffer(value)) return `${type} ${value.toString('hex')}`
  if (typeof value === 'object') throw new Error('a structure is not among the values')
  return `${type} ${value}`
}

const few = fc.integer({ min: 0, max: 3 })
const nameValue = fc.constantFrom('a', 'b', 'c')
const nameType = fc.constantFrom(UninterpretedTextString, URI)
const unit = fc.constantFrom(UsageLimitsUnit.Byte, UsageLimitsUnit.Object)
const units = fc.integer({ min: 0, max: 3 }).map(BigInt)
const tag = Tag.AttributeValue
const item: fc.Arbitrary<Item> = fc.oneof(
  fc.constantFrom('a', 'b').map((value): Item => ({ tag, type: 0x07, value })),
  few.map((value): Item => ({ tag, type: 0x02, value })),
  few.map((value): Item => ({ tag, type: 0x09, value })),
  units.map((value): Item => ({ tag, type: 0x03, value })),
  few.map((value): Item => ({ tag, type: 0x08, value: Buffer.from([value]) })),
)
const vendorAttribute = fc.record({
  vendorIdentification: fc.constantFrom('x', 'y'), attributeName: fc.constantFrom('m', 'n'), attributeValue: item,
})

const attributes = fc.record({
  name: fc.array(fc.record({ nameValue, nameType }), { maxLength: 3 }),
  objectGroup: fc.array(nameValue, { maxLength: 2 }),
  cryptographicUsageMask: fc.integer({ min: 0, max: 7 }),
  activationDate: few,
  usageLimits: fc.record(
    { usageLimitsTotal: units, usageLimitsCount: units, usageLimitsUnit: unit },
    { requiredKeys: ['usageLimitsTotal', 'usageLimitsUnit'] },
  ),
  vendorAttribute: fc.array(vendorAttribute, { maxLength: 3 }),
}, { requiredKeys: [] }) as fc.Arbitrary<AttributeSet>

const filter: fc.Arbitrary<AttributeInstance> = fc.oneof(
  fc.record({ nameValue, nameType }, { requiredKeys: [] }).map((value) => ({ name: 'name' as const, value })),
  nameValue.map((value) => ({ name: 'objectGroup' as const, value })),
  fc.integer({ min: 0, max: 7 }).map((value) => ({ name: 'cryptographicUsageMask' as const, value })),
  few.map((value) => ({ name: 'activationDate' as const, value })),
  fc.record({ usageLimitsTotal: units, usageLimitsCount: units, usageLimitsUnit: unit }, { requiredKeys: [] })
    .map((value) => ({ name: 'usageLimits' as const, value })),
  vendorAttribute.map((value) => ({ name: 'vendorAttribute' as const, value })),
)
const filters = fc.array(filter, { maxLength: 4 })
  .filter((list) => list.filter(({ name }) => name === 'activationDate').length <= 2)
