import { attributeSet } from '../attribute-codec.ts'
import { DerivationParameters } from '../derivation-parameters.ts'
import { Tag } from '../generated/tags.ts'
import { identifier } from '../identifier.ts'
import { enumeration, many, nested, optional, structure, text, until } from '../schema.ts'
import type { Infer } from '../schema.ts'

/** Request payload (KMIP 2.1 6.1.14 Table 205; 1.4 4.6 Table 180). */
export const DeriveKeyRequest = structure('2.1 6.1.14', {
  objectType: enumeration(Tag.ObjectType),
  uniqueIdentifier: many(identifier()),
  derivationMethod: enumeration(Tag.DerivationMethod),
  derivationParameters: nested(Tag.DerivationParameters, DerivationParameters),
  attributes: attributeSet(Tag.TemplateAttribute, Tag.Attributes, true),
})
export type DeriveKeyRequest = Infer<typeof DeriveKeyRequest>

/** Response payload (KMIP 2.1 6.1.14 Table 206; 1.4 4.6 Table 181). */
export const DeriveKeyResponse = structure('2.1 6.1.14', {
  uniqueIdentifier: text(Tag.UniqueIdentifier),
  attributes: until('1.4', optional(attributeSet(Tag.TemplateAttribute, Tag.Attributes))),
})
export type DeriveKeyResponse = Infer<typeof DeriveKeyResponse>
