import { expect, test } from 'vitest'
import { AdjustmentType } from '../../src/kmip/generated/enums.ts'
import { adjusted } from '../../src/model/adjustment.ts'
import { ItemType } from '../../src/ttlv/item.ts'
import type { Item } from '../../src/ttlv/item.ts'

type Kind = keyof typeof ItemType
type Value = number | bigint | boolean | string

/** Adjustment, type and value, type and value of the parameter, the result or the reason of the refusal. */
const cases: [keyof typeof AdjustmentType, [Kind, Value], [Kind, Value] | undefined, Value][] = [
  ['Increment', ['Integer', 41], undefined, 42],
  ['Increment', ['Integer', 2_147_483_647], undefined, 'NumericRange'],
  ['Decrement', ['Integer', -2_147_483_648], undefined, 'NumericRange'],
  ['Decrement', ['Integer', 1], ['Integer', -2], 3],
  ['Increment', ['LongInteger', 2n ** 63n - 2n], ['LongInteger', 1n], 2n ** 63n - 1n],
  ['Increment', ['LongInteger', 2n ** 63n - 1n], undefined, 'NumericRange'],
  ['Increment', ['BigInteger', 2n ** 80n], undefined, 2n ** 80n + 1n],
  ['Decrement', ['Interval', 0], undefined, 'NumericRange'],
  ['Increment', ['Interval', 4_294_967_295], undefined, 'NumericRange'],
  ['Increment', ['DateTime', 1_000], undefined, 1_001],
  ['Decrement', ['DateTime', 1_000], ['Interval', 60], 940],
  ['Increment', ['DateTimeExtended', 5n], undefined, 6n],
  ['Increment', ['DateTime', 1_000], ['Integer', 60], 'InvalidDataType'],
  ['Increment', ['Boolean', true], undefined, 'InvalidDataType'],
  ['Increment', ['TextString', 'a'], undefined, 'InvalidDataType'],
  ['Increment', ['Enumeration', 1], undefined, 'InvalidDataType'],
  ['Negate', ['Boolean', true], undefined, false],
  ['Negate', ['Integer', 7], undefined, -7],
  ['Negate', ['Integer', -2_147_483_648], undefined, 'NumericRange'],
  ['Negate', ['Interval', 7], undefined, 'InvalidDataType'],
  ['Negate', ['DateTime', 7], undefined, 'InvalidDataType'],
  ['Negate', ['Enumeration', 1], undefined, 'InvalidDataType'],
]

test.for(cases)('%s %o by %o', ([adjustment, value, by, expected]) => {
  const adjust = (): unknown => adjusted(item(...value), AdjustmentType[adjustment], by && item(...by)).value
  if (typeof expected === 'string') expect(adjust).toThrow(expect.objectContaining({ reason: expected }))
  else expect(adjust()).toBe(expected)
})

function item(kind: Kind, value: Value): Item {
  return { tag: 0x42_000b, type: ItemType[kind], value } as Item
}
