import { ruleOf } from '../kmip/attribute.ts'
import type { AttributeInstance, AttributeName, AttributeSet } from '../kmip/attribute.ts'
import type { UsageLimits, VendorAttribute } from '../kmip/attribute-value.ts'
import { KmipError } from '../kmip/error.ts'
import { weightOf } from '../model/attribute-count.ts'
import { keyOf, keyText } from '../model/attribute-list.ts'
import type { AttributeKey } from '../model/attribute-list.ts'
import { unitsLeft } from '../model/usage-limits.ts'
import { hasMask } from '../model/usage.ts'
import { ItemType, largestDate } from '../ttlv/item.ts'

/**
 * What Locate's filters ask of an object's attributes (KMIP 2.1 6.1.28): every filter is met by some instance of its
 * attribute; of a structure only the fields that are given count; a date given twice is a range; a mask may have more
 * bits, and a usage limit more units.
 *
 * What can be prepared is prepared here, once for all objects: they may be a million.
 *
 * @throws KmipError Invalid Field for more filters than `filtersMax`, and for a date given more than twice
 */
export function matcherOf(filters: readonly AttributeInstance[]): (attributes: AttributeSet) => boolean {
  if (weightOf(filters) > filtersMax) {
    throw new KmipError('InvalidField', `a Locate has at most ${filtersMax} filters, items of custom structures counted`)
  }
  const groups = Map.groupBy(filters, (filter) => keyText(keyOf(filter))).values()
  const conditions = [...groups].map((group): Condition => ({ key: keyOf(group[0]!), isMet: conditionOf(group) }))
  const vendors = conditions.map(({ key }) => key).filter((key) => key.name === 'vendorAttribute')
  return (attributes) => {
    const custom = vendorValues(attributes, vendors)
    return conditions.every(({ key, isMet }) => isMet(
      key.name === 'vendorAttribute' ? custom.get(key) ?? [] : valuesOf(attributes, key.name)))
  }
}

/** Whether the filter is one limit of a range of dates: what it names itself is then not all that meets it. */
export function isLimit(filter: AttributeInstance, filters: readonly AttributeInstance[]): boolean {
  const text = keyText(keyOf(filter))
  return isRange(filters.filter((each) => keyText(keyOf(each)) === text))
}

/** Tells whether all that a structure or a list has is in a value too; of anything else, whether the two are equal. */
export function covering(wanted: unknown): (value: unknown) => boolean {
  if (Buffer.isBuffer(wanted)) return (value) => Buffer.isBuffer(value) && wanted.equals(value)
  if (Array.isArray(wanted)) {
    const each = wanted.map(covering)
    return (value) => Array.isArray(value) && each.every((isCovered) => value.some(isCovered))
  }
  if (typeof wanted !== 'object' || wanted === null) return (value) => wanted === value
  const fields = Object.entries(wanted).filter(([, each]) => each !== undefined)
    .map(([field, each]) => [field, covering(each)] as const)
  return (value) => {
    if (typeof value !== 'object' || value === null) return false
    return fields.every(([field, isCovered]) => isCovered((value as Readonly<Record<string, unknown>>)[field]))
  }
}

interface Condition {
  readonly key: AttributeKey
  /** @param values the object's instances of the attribute */
  readonly isMet: (values: readonly unknown[]) => boolean
}

function conditionOf(filters: readonly AttributeInstance[]): Condition['isMet'] {
  const { name } = filters[0]!
  if (isRange(filters)) return isWithin(filters)
  const compare = comparisons[name]
  const tests = filters.map(({ value }) => (
    compare === undefined ? covering(value) : (present: unknown) => compare(value, present)))
  return (values) => tests.every((isMet) => values.some(isMet))
}

/** A custom date has a type, which is compared too: seconds are not microseconds. */
function isRange(filters: readonly AttributeInstance[]): boolean {
  const { name } = filters[0]!
  if (name !== 'vendorAttribute') return ruleOf(name).types.includes('DateTime')
  const [type, ...others] = new Set(filters.map(({ value }) => (value as Partial<VendorAttribute>).attributeValue?.type))
  return filters.length > 1 && others.length === 0 && type !== undefined && dateTypes.has(type)
}

/** Of a standard attribute one date is a range too; the largest possible one is "an undefined attribute". */
function isWithin(filters: readonly AttributeInstance[]): Condition['isMet'] {
  if (filters.length > 2) throw new KmipError('InvalidField', 'a date is given at most twice: as the limits of a range')
  const one = dateOf(filters[0]!)
  const other = dateOf(filters.at(-1)!)
  const [from, to] = one.date <= other.date ? [one.date, other.date] : [other.date, one.date]
  const { name } = filters[0]!
  const isUndefined = name !== 'vendorAttribute' && from === largestDate
  return (values) => (isUndefined && values.length === 0) || values.some((value) => {
    const { type, date } = dateOf({ name, value })
    return type === one.type && date >= from && date <= to
  })
}

function dateOf({ name, value }: AttributeInstance): { readonly type: ItemType; readonly date: number | bigint } {
  const item = name === 'vendorAttribute' ? (value as VendorAttribute).attributeValue : { type: ItemType.DateTime, value }
  return { type: item.type, date: item.value as number | bigint }
}

function valuesOf(attributes: AttributeSet, name: AttributeName): readonly unknown[] {
  const value = attributes[name]
  if (value === undefined) return []
  return Array.isArray(value) ? value : [value]
}

/**
 * The object's custom attributes that are asked for, each list found by walking once through all that it has. A filter
 * may leave out the name, and then asks for any of the vendor.
 */
function vendorValues(
  { vendorAttribute = [] }: AttributeSet, keys: readonly VendorKey[],
): ReadonlyMap<AttributeKey, VendorAttribute[]> {
  const found = new Map<AttributeKey, VendorAttribute[]>()
  if (keys.length === 0) return found
  const byName = Map.groupBy(vendorAttribute, ({ attributeName }) => attributeName)
  for (const key of keys) {
    const { attributeName }: Partial<VendorKey> = key
    const named = attributeName === undefined ? vendorAttribute : byName.get(attributeName) ?? []
    found.set(key, named.filter(({ vendorIdentification }) => vendorIdentification === key.vendorIdentification))
  }
  return found
}

type VendorKey = Extract<AttributeKey, { readonly name: 'vendorAttribute' }>

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

const dateTypes: ReadonlySet<ItemType> = new Set([ItemType.DateTime, ItemType.DateTimeExtended])
/** Clients ask for up to ten attributes; all objects of an account may have to be compared with each of these. */
const filtersMax = 128
