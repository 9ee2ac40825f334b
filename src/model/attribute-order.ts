import { attributeNames, ruleOf } from '../kmip/attribute.ts'
import type { AttributeName, AttributeSet } from '../kmip/attribute.ts'
import { namesIn } from '../kmip/attribute-codec.ts'

/**
 * A set of attributes in the order in which a response lists all that an object has. The standard leaves it open; this is
 * that of the published cases (SKFF-M-10, TL-M-3, SKLC-O-1, TC-CERTATTR-1): custom attributes, what the object is, and
 * the others by name.
 */
export function inListedOrder(set: AttributeSet): AttributeSet {
  const { indices } = set
  const rank = set.certificateType === undefined ? keyRank : certificateRank
  const names = namesIn(set).toSorted((a, b) => rank.get(a)! - rank.get(b)!)
  const listed = Object.fromEntries(names.map((name) => [name, set[name]])) as AttributeSet
  return indices === undefined ? listed : { ...listed, indices }
}

function rankOf(first: readonly AttributeName[]): ReadonlyMap<AttributeName, number> {
  const others = attributeNames.filter((name) => !first.includes(name))
  const ordered = [...first, ...others.toSorted((a, b) => (sortText(a) < sortText(b) ? -1 : 1))]
  return new Map(ordered.map((name, place) => [name, place]))
}

/** Key Format Type stands with the Digest, which names a format too. */
function sortText(name: AttributeName): string {
  return name === 'keyFormatType' ? `${ruleOf('digest').specName} ` : ruleOf(name).specName
}

const identity = ['vendorAttribute', 'uniqueIdentifier', 'shortUniqueIdentifier', 'objectType'] as const
const keyRank = rankOf([...identity, 'cryptographicAlgorithm', 'cryptographicLength'])
const certificateRank = rankOf([...identity, 'certificateType'])
