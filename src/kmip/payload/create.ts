import { attributeSet } from '../attribute-codec.ts'
import { Tag } from '../generated/tags.ts'
import { protectionStorageMasks } from '../protection-storage-masks.ts'
import { enumeration, optional, since, structure, text, until } from '../schema.ts'
import type { Infer } from '../schema.ts'

/** Request payload (KMIP 2.1 6.1.8 Table 186; 1.4 4.1 Table 163). */
export const CreateRequest = structure('2.1 6.1.8', {
  objectType: enumeration(Tag.ObjectType),
  attributes: attributeSet(Tag.TemplateAttribute, Tag.Attributes, true),
  protectionStorageMasks: since('2.0', optional(protectionStorageMasks(Tag.ProtectionStorageMasks))),
})
export type CreateRequest = Infer<typeof CreateRequest>

/** Response payload (KMIP 2.1 6.1.8 Table 187; 1.4 4.1 Table 164). */
export const CreateResponse = structure('2.1 6.1.8', {
  objectType: enumeration(Tag.ObjectType),
  uniqueIdentifier: text(Tag.UniqueIdentifier),
  attributes: until('1.4', optional(attributeSet(Tag.TemplateAttribute, Tag.Attributes))),
})
export type CreateResponse = Infer<typeof CreateResponse>
