import { attributeSet } from '../attribute-codec.ts'
import { Tag } from '../generated/tags.ts'
import { protectionStorageMasks } from '../protection-storage-masks.ts'
import { optional, since, structure, text, until } from '../schema.ts'
import type { Infer } from '../schema.ts'

/** Request payload (KMIP 2.1 6.1.9 Table 189; 1.4 4.2 Table 166). */
export const CreateKeyPairRequest = structure('2.1 6.1.9', {
  commonAttributes: optional(attributeSet(Tag.CommonTemplateAttribute, Tag.CommonAttributes)),
  privateKeyAttributes: optional(attributeSet(Tag.PrivateKeyTemplateAttribute, Tag.PrivateKeyAttributes)),
  publicKeyAttributes: optional(attributeSet(Tag.PublicKeyTemplateAttribute, Tag.PublicKeyAttributes)),
  commonProtectionStorageMasks: since('2.0', optional(protectionStorageMasks(Tag.CommonProtectionStorageMasks))),
  privateProtectionStorageMasks: since('2.0', optional(protectionStorageMasks(Tag.PrivateProtectionStorageMasks))),
  publicProtectionStorageMasks: since('2.0', optional(protectionStorageMasks(Tag.PublicProtectionStorageMasks))),
})
export type CreateKeyPairRequest = Infer<typeof CreateKeyPairRequest>

/** Response payload (KMIP 2.1 6.1.9 Table 190; 1.4 4.2 Table 167). */
export const CreateKeyPairResponse = structure('2.1 6.1.9', {
  privateKeyUniqueIdentifier: text(Tag.PrivateKeyUniqueIdentifier),
  publicKeyUniqueIdentifier: text(Tag.PublicKeyUniqueIdentifier),
  privateKeyAttributes: until(
    '1.4', optional(attributeSet(Tag.PrivateKeyTemplateAttribute, Tag.PrivateKeyAttributes)),
  ),
  publicKeyAttributes: until(
    '1.4', optional(attributeSet(Tag.PublicKeyTemplateAttribute, Tag.PublicKeyAttributes)),
  ),
})
export type CreateKeyPairResponse = Infer<typeof CreateKeyPairResponse>
