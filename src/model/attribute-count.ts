import { isMultiInstance } from '../kmip/attribute.ts'
import type { AttributeInstance, AttributeName, AttributeSet } from '../kmip/attribute.ts'
import { namesIn } from '../kmip/attribute-codec.ts'
import type { VendorAttribute } from '../kmip/attribute-value.ts'
import { KmipError } from '../kmip/error.ts'
import type { Item } from '../ttlv/item.ts'

/**
 * Checks that an object does not get too many attributes: all are read whenever the object is, and Locate compares
 * each with its filters.
 *
 * @throws KmipError Server Limit Exceeded
 */
export function checkCount(set: AttributeSet): void {
  const count = namesIn(set).reduce((sum, name) => sum + countOf(name, set[name]), 0)
  if (count > attributesMax) {
    throw new KmipError(
      'ServerLimitExceeded', `an object has at most ${attributesMax} attributes, the items of custom structures counted`)
  }
}

/** How much there is to compare in some instances: the items of a client's own structure count each, all else once. */
export function weightOf(instances: readonly AttributeInstance[]): number {
  return instances.reduce((sum, { name, value }) => (
    sum + (name === 'vendorAttribute' ? itemCount((value as Partial<VendorAttribute>).attributeValue) : 1)), 0)
}

function countOf(name: AttributeName, value: unknown): number {
  if (!isMultiInstance(name)) return 1
  const values = value as readonly unknown[]
  return name === 'vendorAttribute' ? weightOf(values.map((each) => ({ name, value: each }))) : values.length
}

/** @param item absent in a filter that asks for an attribute of any value */
function itemCount(item: Item | undefined): number {
  if (!Array.isArray(item?.value)) return 1
  return (item.value as readonly Item[]).reduce((sum, child) => sum + itemCount(child), 1)
}

/** Clients give objects some tens of attributes at most; a certificate's subject may add as many. */
const attributesMax = 1024
