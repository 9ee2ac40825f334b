import { enumerations } from './generated/enums.ts'
import { Tag, specNames } from './generated/tags.ts'
import type { TagName } from './generated/tags.ts'
import { pkcs11Functions, pkcs11ReturnCodes } from './pkcs11-names.ts'

/** Names of the values of one enumeration, or of the bits of one mask. */
export interface ValueNames {
  readonly mask: boolean
  readonly names: ReadonlyMap<number, string>
  readonly numbers: ReadonlyMap<string, number>
}

/** The tag's name in the XML and JSON encodings; nothing for an extension or an unknown tag. */
export function tagName(tag: number): TagName | undefined {
  return namesByTag.get(tag)
}

/** @param name as the XML and JSON encodings spell it */
export function tagNumber(name: string): number | undefined {
  return tagsByName.get(name)
}

/**
 * The tag of the attribute that 1.x calls by this Attribute Name. Runs of white space count as one
 * space: the published cases of 1.0 to 1.2 have them.
 */
export function tagOfAttributeName(attributeName: string): number | undefined {
  return tagsBySpecName.get(attributeName.replace(/\s+/g, ' '))
}

/**
 * What the values of an Enumeration, or the bits of an Integer mask, under `tag` are called.
 *
 * @param attributeName the Attribute Name beside an Attribute Value, which alone says what that is
 */
export function valueNames(tag: number, attributeName?: string): ValueNames | undefined {
  if (tag !== Tag.AttributeValue) return valueNamesByTag.get(tag)
  const attribute = attributeName === undefined ? undefined : tagOfAttributeName(attributeName)
  return attribute === undefined ? undefined : valueNamesByTag.get(attribute)
}

/** Attribute References and Tags are Enumerations whose values are tags (KMIP 2.1 4.6, 11.57). */
const tagReferences: readonly TagName[] = ['AttributeReference', 'Tag']

/** Tags whose enumeration has another name than the tag. */
const borrowed: Readonly<Record<string, readonly TagName[]>> = {
  HashingAlgorithm: ['MaskGeneratorHashingAlgorithm'],
  ItemType: ['ExtensionType'],
  UniqueIdentifier: [
    'LinkedObjectIdentifier', 'PrivateKeyUniqueIdentifier', 'PublicKeyUniqueIdentifier', 'ReplacedUniqueIdentifier',
    'CertificateRequestUniqueIdentifier',
  ],
}

/** Spellings taken on input beside the table's: of the published cases, and of other implementations. */
const otherSpellings: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  CryptographicUsageMask: { ContentCommitmentNonRepudiation: 'ContentCommitment' },
  HashingAlgorithm: {
    SHA_3_224: 'SHA3_224', SHA_3_256: 'SHA3_256', SHA_3_384: 'SHA3_384', SHA_3_512: 'SHA3_512',
  },
  MaskGenerator: { MFG1: 'MGF1' },
  ResultReason: { NotAuthorized: 'NotAuthorised' },
}

/** Enumerations that another standard lists. */
const elsewhere: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  PKCS_11Function: pkcs11Functions,
  PKCS_11ReturnCode: pkcs11ReturnCodes,
}

const tagEntries = Object.entries(Tag) as [TagName, number][]
const namesByTag: ReadonlyMap<number, TagName> = new Map(tagEntries.map(([name, tag]) => [tag, name]))
const tagsByName: ReadonlyMap<string, number> = new Map(tagEntries)
const tagsBySpecName: ReadonlyMap<string, number> = new Map(tagEntries.map(([name, tag]) => [specNames[name], tag]))
const valueNamesByTag: ReadonlyMap<number, ValueNames> = buildValueNames()

function buildValueNames(): Map<number, ValueNames> {
  const result = new Map<number, ValueNames>()
  for (const [name, { mask, values }] of Object.entries(enumerations)) {
    const table = namesOf(mask, elsewhere[name] ?? values, otherSpellings[name] ?? {})
    for (const user of [name, ...(borrowed[name] ?? [])]) {
      const tag = tagsByName.get(user)
      if (tag !== undefined) result.set(tag, table)
    }
  }
  const tags = namesOf(false, Tag, {})
  for (const name of tagReferences) result.set(Tag[name], tags)
  return result
}

function namesOf(
  mask: boolean,
  values: Readonly<Record<string, number>>,
  spellings: Readonly<Record<string, string>>,
): ValueNames {
  const numbers = new Map(Object.entries(values))
  const names = new Map([...numbers].map(([name, value]) => [value, name]))
  for (const [spelling, name] of Object.entries(spellings)) numbers.set(spelling, values[name]!)
  return { mask, names, numbers }
}
