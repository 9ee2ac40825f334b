import { isMultiInstance } from '../kmip/attribute.ts'
import type { AttributeInstance, AttributeName, AttributeReference, AttributeSet } from '../kmip/attribute.ts'
import type { VendorAttribute } from '../kmip/attribute-value.ts'
import { instancesOf } from '../kmip/attribute-codec.ts'

/**
 * Instances of attributes in a set, by their Attribute Index of 1.x, which never changes when others come and go
 * (KMIP 1.4 2.1.1). Custom attributes of one name are the instances of one attribute. Sets are not changed.
 */

/** The attribute that is meant; several instances of it may be in a set. */
export type AttributeKey = Exclude<AttributeReference, { readonly unknown: string }>

/** What attribute an instance belongs to. */
export function keyOf({ name, value }: AttributeInstance): AttributeKey {
  if (name !== 'vendorAttribute') return { name }
  const { vendorIdentification, attributeName } = value as VendorAttribute
  return { name, vendorIdentification, attributeName }
}

/** Text that is the same for the same attribute, for comparing and for maps. */
export function keyText(key: AttributeKey): string {
  if (key.name !== 'vendorAttribute') return key.name
  return JSON.stringify([key.vendorIdentification, key.attributeName])
}

/** The instances of an attribute, in the order of the set. */
export function instancesAt(set: AttributeSet, key: AttributeKey): AttributeInstance[] {
  const text = keyText(key)
  return instancesAll(set, key.name).filter((instance) => keyText(keyOf(instance)) === text)
}

/** All instances in the set, by the text of the attribute that they belong to, in its order. */
export function instancesByKey(set: AttributeSet): Map<string, AttributeInstance[]> {
  const found = new Map<string, AttributeInstance[]>()
  for (const instance of instancesOf(set)) {
    const text = keyText(keyOf(instance))
    const others = found.get(text)
    if (others === undefined) found.set(text, [instance])
    else others.push(instance)
  }
  return found
}

/** @returns the set with the instance, and the instance with its index: one above those that there are */
export function withAdded(
  set: AttributeSet, { name, value }: AttributeInstance,
): { set: AttributeSet; added: AttributeInstance } {
  if (!isMultiInstance(name)) return { set: { ...set, [name]: value }, added: { name, value } }
  const taken = instancesAt(set, keyOf({ name, value })).map(({ index }) => index!)
  const added = { name, index: Math.max(-1, ...taken) + 1, value }
  return { set: withInstances(set, name, [...instancesAll(set, name), added]), added }
}

/** @param old an instance as `instancesAt` gave it */
export function withModified(set: AttributeSet, old: AttributeInstance, value: unknown): AttributeSet {
  if (!isMultiInstance(old.name)) return { ...set, [old.name]: value }
  const text = keyText(keyOf(old))
  const changed = instancesAll(set, old.name).map((instance) =>
    instance.index === old.index && keyText(keyOf(instance)) === text ? { ...instance, value } : instance)
  return withInstances(set, old.name, changed)
}

/** @param old instances of one attribute as `instancesAt` gave them */
export function withDeleted(set: AttributeSet, old: readonly AttributeInstance[]): AttributeSet {
  const [first] = old
  if (first === undefined) return set
  if (!isMultiInstance(first.name)) return withoutAttribute(set, first.name)
  const text = keyText(keyOf(first))
  const gone = new Set(old.map(({ index }) => index))
  const left = instancesAll(set, first.name)
    .filter((instance) => !gone.has(instance.index) || keyText(keyOf(instance)) !== text)
  return left.length === 0 ? withoutAttribute(set, first.name) : withInstances(set, first.name, left)
}

function instancesAll(set: AttributeSet, name: AttributeName): AttributeInstance[] {
  if (set[name] === undefined) return []
  return instancesOf({ [name]: set[name], ...(set.indices !== undefined && { indices: set.indices }) })
}

/** Indices are kept only where they are not what counting gives. */
function withInstances(set: AttributeSet, name: AttributeName, instances: readonly AttributeInstance[]): AttributeSet {
  const values: AttributeSet = { [name]: instances.map(({ value }) => value) }
  const counted = instancesOf(values)
  const isCounted = instances.every(({ index }, at) => index === counted[at]!.index)
  const others = without(set.indices ?? {}, name)
  const indices = isCounted ? others : { ...others, [name]: instances.map(({ index }) => index!) }
  return withIndices({ ...set, ...values }, indices)
}

function withoutAttribute(set: AttributeSet, name: AttributeName): AttributeSet {
  return withIndices(without(set, name), without(set.indices ?? {}, name))
}

function withIndices(set: AttributeSet, indices: NonNullable<AttributeSet['indices']>): AttributeSet {
  return Object.keys(indices).length > 0 ? { ...set, indices } : without(set, 'indices')
}

function without<T extends object>(value: T, key: keyof T): T {
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key)) as T
}
