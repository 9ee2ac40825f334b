import { attributeSet } from './attribute-codec.ts'
import { Tag } from './generated/tags.ts'
import { protectionStorageMasks } from './protection-storage-masks.ts'
import { optional, since, text, until } from './schema.ts'

/** What Create Key Pair and Re-key Key Pair ask for (KMIP 2.1 6.1.9, 6.1.47). */
export const pairRequestFields = {
  commonAttributes: optional(attributeSet(Tag.CommonTemplateAttribute, Tag.CommonAttributes, true)),
  privateKeyAttributes: optional(attributeSet(Tag.PrivateKeyTemplateAttribute, Tag.PrivateKeyAttributes, true)),
  publicKeyAttributes: optional(attributeSet(Tag.PublicKeyTemplateAttribute, Tag.PublicKeyAttributes, true)),
  commonProtectionStorageMasks: since('2.0', optional(protectionStorageMasks(Tag.CommonProtectionStorageMasks))),
  privateProtectionStorageMasks: since('2.0', optional(protectionStorageMasks(Tag.PrivateProtectionStorageMasks))),
  publicProtectionStorageMasks: since('2.0', optional(protectionStorageMasks(Tag.PublicProtectionStorageMasks))),
}

/** What both of them answer. */
export const pairResponseFields = {
  privateKeyUniqueIdentifier: text(Tag.PrivateKeyUniqueIdentifier),
  publicKeyUniqueIdentifier: text(Tag.PublicKeyUniqueIdentifier),
  privateKeyAttributes: until(
    '1.4', optional(attributeSet(Tag.PrivateKeyTemplateAttribute, Tag.PrivateKeyAttributes)),
  ),
  publicKeyAttributes: until(
    '1.4', optional(attributeSet(Tag.PublicKeyTemplateAttribute, Tag.PublicKeyAttributes)),
  ),
}
