import { ruleOf } from '../kmip/attribute.ts'
import type { AttributeInstance, AttributeName, AttributeSet } from '../kmip/attribute.ts'
import type { UsageLimits } from '../kmip/attribute-value.ts'
import { KmipError } from '../kmip/error.ts'
import { instancesAt, keyOf, keyText } from '../model/attribute-list.ts'
import type { AttributeKey } from '../model/attribute-list.ts'
import { unitsLeft } from '../model/usage-limits.ts'
import { hasMask } from '../model/usage.ts'

/**
 * What Locate's filters ask of an object's attributes (KMIP 2.1 6.1.28): every filter is met by some instance of its
 * attribute; of a structure only the fields that are given count; a date given twice is a range; a mask may have more
 * bits, and a usage limit more units.
 *
 * @throws KmipError Invalid Field for a date given more than twice
 */
export function matcherOf(filters: readonly AttributeInstance[]): (attributes: AttributeSet) => boolean {
  const groups = new Map<string, AttributeInstance[]>()
  for (const filter of filters) {
    const text = keyText(keyOf(filter))
    groups.set(text, [...groups.get(text) ?? [], filter])
  }
  const conditions = [...groups.values()].map(conditionOf)
  return (attributes) => conditions.every((isMet) => isMet(attributes))
}

/** Whether all that a structure or a list has is in `value` too; of anything else, whether the two are equal. */
export function covers(wanted: unknown, value: unknown): boolean {
  if (Buffer.isBuffer(wanted)) return Buffer.isBuffer(value) && wanted.equals(value)
  if (Array.isArray(wanted)) {
    return Array.isArray(value) && wanted.every((each) => value.some((present) => covers(each, present)))
  }
  if (typeof wanted !== 'object' || wanted === null) return wanted === value
  if (typeof value !== 'object' || value === null) return false
  const fields = value as Readonly<Record<string, unknown>>
  return Object.entries(wanted).every(([field, each]) => each === undefined || covers(each, fields[field]))
}

function conditionOf(filters: readonly AttributeInstance[]): (attributes: AttributeSet) => boolean {
  const key = keyOf(filters[0]!)
  const wanted = filters.map(({ value }) => value)
  if (key.name !== 'vendorAttribute' && ruleOf(key.name).types.includes('DateTime')) return isWithin(key.name, wanted)
  const isMet = comparisons[key.name] ?? covers
  return (attributes) => {
    const present = instanceValues(attributes, key)
    return wanted.every((each) => present.some((value) => isMet(each, value)))
  }
}

function isWithin(name: AttributeName, dates: readonly unknown[]): (attributes: AttributeSet) => boolean {
  if (dates.length > 2) throw new KmipError('InvalidField', 'a date is given at most twice: as the limits of a range')
  const from = Math.min(...dates as number[])
  const to = Math.max(...dates as number[])
  return ({ [name]: date }) => typeof date === 'number' && date >= from && date <= to
}

/** Custom attributes of one name are picked out; for others the list itself is enough. */
function instanceValues(attributes: AttributeSet, key: AttributeKey): readonly unknown[] {
  const value = attributes[key.name]
  if (value === undefined) return []
  if (key.name === 'vendorAttribute') return instancesAt(attributes, key).map((instance) => instance.value)
  return Array.isArray(value) ? value : [value]
}

function isSuperset(wanted: unknown, mask: unknown): boolean {
  return hasMask(mask as number, wanted as number)
}

function hasUnits(wanted: unknown, value: unknown): boolean {
  const { usageLimitsTotal: total = 0n, usageLimitsCount: count = 0n, usageLimitsUnit: unit } =
    wanted as Partial<UsageLimits>
  const limits = value as UsageLimits
  const isUnit = unit === undefined || unit === limits.usageLimitsUnit
  return isUnit && limits.usageLimitsTotal >= total && unitsLeft(limits) >= count
}

const comparisons: Partial<Record<AttributeName, (wanted: unknown, value: unknown) => boolean>> = {
  cryptographicUsageMask: isSuperset,
  protectionStorageMask: isSuperset,
  usageLimits: hasUnits,
}
