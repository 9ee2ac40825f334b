import { KmipError } from '../kmip/error.ts'
import { AdjustmentType } from '../kmip/generated/enums.ts'
import { ItemType } from '../ttlv/item.ts'
import type { Item } from '../ttlv/item.ts'

/**
 * A value after an adjustment (KMIP 2.1 6.1.3, 11.1). Items are under any tag.
 *
 * @param value the present one
 * @param by the adjustment's parameter: 1, one second or one microsecond where the request gives none
 * @throws KmipError Invalid Field for an unknown Adjustment Type, Invalid Data Type for a type that cannot be adjusted
 *   so, Numeric Range for a result outside the type
 */
export function adjusted(value: Item, adjustmentType: number, by: Item | undefined): Item {
  if (!adjustmentTypes.has(adjustmentType)) throw new KmipError('InvalidField', 'the Adjustment Type is unknown')
  if (adjustmentType === AdjustmentType.Negate) return negated(value)
  const amount = by === undefined ? 1n : amountOf(value, by)
  const present = integerOf(value)
  if (present === undefined) throw new KmipError('InvalidDataType', 'values of this type cannot be counted')
  return withInteger(value, adjustmentType === AdjustmentType.Increment ? present + amount : present - amount)
}

/** What an attribute that the object does not have counts as: 0 or false; dates and other types have no such value. */
export function zeroOf(type: ItemType, tag: number): Item | undefined {
  switch (type) {
    case ItemType.Integer:
    case ItemType.Interval: return { tag, type, value: 0 }
    case ItemType.LongInteger:
    case ItemType.BigInteger: return { tag, type, value: 0n }
    case ItemType.Boolean: return { tag, type, value: false }
    default: return undefined
  }
}

function negated(value: Item): Item {
  if (value.type === ItemType.Boolean) return { ...value, value: !value.value }
  const present = integerOf(value)
  if (present === undefined || !negatable.has(value.type)) {
    throw new KmipError('InvalidDataType', 'values of this type cannot be negated')
  }
  return withInteger(value, -present)
}

/** An amount is of the value's own type; a date may also be moved by an interval. */
function amountOf(value: Item, by: Item): bigint {
  const isInterval = by.type === ItemType.Interval && value.type === ItemType.DateTime
  const amount = by.type === value.type || isInterval ? integerOf(by) : undefined
  if (amount === undefined) throw new KmipError('InvalidDataType', 'the adjustment is not of the type of the value')
  return amount
}

function integerOf(item: Item): bigint | undefined {
  if (item.type === ItemType.Enumeration) return undefined
  if (typeof item.value === 'number') return BigInt(item.value)
  return typeof item.value === 'bigint' ? item.value : undefined
}

function withInteger(item: Item, value: bigint): Item {
  const [least, greatest] = ranges.get(item.type) ?? [undefined, undefined]
  if (least !== undefined && (value < least || value > greatest)) {
    throw new KmipError('NumericRange', 'the result is outside the range of the type')
  }
  return { ...item, value: typeof item.value === 'bigint' ? value : Number(value) } as Item
}

const adjustmentTypes: ReadonlySet<number> = new Set(Object.values(AdjustmentType))
const negatable: ReadonlySet<ItemType> = new Set([ItemType.Integer, ItemType.LongInteger, ItemType.BigInteger])
/** A Big Integer has none; a date is kept as a safe integer. */
const ranges: ReadonlyMap<ItemType, readonly [bigint, bigint]> = new Map([
  [ItemType.Integer, [-(2n ** 31n), 2n ** 31n - 1n]],
  [ItemType.LongInteger, [-(2n ** 63n), 2n ** 63n - 1n]],
  [ItemType.DateTimeExtended, [-(2n ** 63n), 2n ** 63n - 1n]],
  [ItemType.Interval, [0n, 2n ** 32n - 1n]],
  [ItemType.DateTime, [BigInt(Number.MIN_SAFE_INTEGER), BigInt(Number.MAX_SAFE_INTEGER)]],
])
