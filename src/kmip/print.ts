import { ItemType } from '../ttlv/item.ts'
import type { Item } from '../ttlv/item.ts'
import { Tag } from './generated/tags.ts'
import { tagName } from './names.ts'
import { formatTag, formatType, formatValue } from './text-value.ts'

export interface PrintOptions {
  /** Show key material, passwords and data. For fixtures alone: what is logged never sets it. */
  readonly secrets?: boolean
  /** The Attribute Name beside an Attribute Value that is printed by itself. */
  readonly attributeName?: string | undefined
}

/**
 * An item as indented text, one line per item: `Operation Enumeration Create`. Key material,
 * credentials, data, and everything under tags that no table knows are left out.
 */
export function printItem(item: Item, { secrets = false, attributeName }: PrintOptions = {}): string {
  const lines: string[] = []
  write(item, '', attributeName, secrets, lines)
  return lines.join('\n')
}

function write(
  item: Item, indent: string, attributeName: string | undefined, secrets: boolean, lines: string[],
): void {
  const start = `${indent}${formatTag(item.tag)}`
  if (!secrets && isSecret(item.tag, attributeName)) {
    lines.push(`${start} [redacted]`)
    return
  }
  if (item.type !== ItemType.Structure) {
    const value = formatValue(item, ' ', attributeName)
    const shown = item.type === ItemType.TextString ? JSON.stringify(value) : value
    lines.push(`${start} ${formatType(item.type)}${shown === '' ? '' : ' '}${shown}`)
    return
  }
  lines.push(start)
  let sibling: string | undefined
  for (const child of item.value) {
    write(child, `${indent}  `, sibling, secrets, lines)
    if (child.tag === Tag.AttributeName && child.type === ItemType.TextString) sibling = child.value
  }
}

/** Custom attributes hold what their client puts there, so their values are not for logs either. */
function isSecret(tag: number, attributeName: string | undefined): boolean {
  if (tag === Tag.AttributeValue) return attributeName === undefined || /^[xy]-/.test(attributeName)
  return redacted.has(tag) || tagName(tag) === undefined
}

const redacted: ReadonlySet<number> = new Set([
  // Keys and other objects, whole or in parts.
  Tag.KeyMaterial, Tag.KeyValue, Tag.Key, Tag.OpaqueDataValue, Tag.PrivateExponent, Tag.PrimeExponentP,
  Tag.PrimeExponentQ, Tag.CRTCoefficient, Tag.P, Tag.Q, Tag.D, Tag.X, Tag.DerivationData,
  // Who the caller is.
  Tag.CredentialValue, Tag.Password, Tag.OneTimePassword, Tag.HashedPassword, Tag.ServerHashedPassword,
  Tag.TicketValue, Tag.AttestationMeasurement, Tag.AttestationAssertion,
  // What is protected.
  Tag.Data, Tag.DigestedData, Tag.AuthenticatedEncryptionAdditionalData, Tag.PKCS_11InputParameters,
  Tag.PKCS_11OutputParameters, Tag.VendorExtension,
])
