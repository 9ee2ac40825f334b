import { attributeSet } from '../attribute-codec.ts'
import { Tag } from '../generated/tags.ts'
import { identifier } from '../identifier.ts'
import { protectionStorageMasks } from '../protection-storage-masks.ts'
import { interval, optional, since, structure, text, until } from '../schema.ts'
import type { Infer } from '../schema.ts'

/** Request payload (KMIP 2.1 6.1.47 Table 310; 1.4 4.5 Table 178). */
export const ReKeyKeyPairRequest = structure('2.1 6.1.47', {
  privateKeyUniqueIdentifier: optional(identifier(Tag.PrivateKeyUniqueIdentifier)),
  offset: optional(interval(Tag.Offset)),
  commonAttributes: optional(attributeSet(Tag.CommonTemplateAttribute, Tag.CommonAttributes)),
  privateKeyAttributes: optional(attributeSet(Tag.PrivateKeyTemplateAttribute, Tag.PrivateKeyAttributes)),
  publicKeyAttributes: optional(attributeSet(Tag.PublicKeyTemplateAttribute, Tag.PublicKeyAttributes)),
  commonProtectionStorageMasks: since('2.0', optional(protectionStorageMasks(Tag.CommonProtectionStorageMasks))),
  privateProtectionStorageMasks: since('2.0', optional(protectionStorageMasks(Tag.PrivateProtectionStorageMasks))),
  publicProtectionStorageMasks: since('2.0', optional(protectionStorageMasks(Tag.PublicProtectionStorageMasks))),
})
export type ReKeyKeyPairRequest = Infer<typeof ReKeyKeyPairRequest>

/** Response payload (KMIP 2.1 6.1.47 Table 311; 1.4 4.5 Table 179). */
export const ReKeyKeyPairResponse = structure('2.1 6.1.47', {
  privateKeyUniqueIdentifier: text(Tag.PrivateKeyUniqueIdentifier),
  publicKeyUniqueIdentifier: text(Tag.PublicKeyUniqueIdentifier),
  privateKeyAttributes: until(
    '1.4', optional(attributeSet(Tag.PrivateKeyTemplateAttribute, Tag.PrivateKeyAttributes)),
  ),
  publicKeyAttributes: until(
    '1.4', optional(attributeSet(Tag.PublicKeyTemplateAttribute, Tag.PublicKeyAttributes)),
  ),
})
export type ReKeyKeyPairResponse = Infer<typeof ReKeyKeyPairResponse>
