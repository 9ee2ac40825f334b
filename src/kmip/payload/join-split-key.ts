import { attributeSet } from '../attribute-codec.ts'
import { Tag } from '../generated/tags.ts'
import { identifier } from '../identifier.ts'
import { protectionStorageMasks } from '../protection-storage-masks.ts'
import { enumeration, kept, many, optional, since, structure, text, until } from '../schema.ts'
import type { Infer } from '../schema.ts'

/** Request payload (KMIP 2.1 6.1.27 Table 244; 1.4 4.39 Table 249). */
export const JoinSplitKeyRequest = structure('2.1 6.1.27', {
  objectType: enumeration(Tag.ObjectType),
  uniqueIdentifier: many(identifier()),
  secretDataType: optional(kept(enumeration(Tag.SecretDataType))),
  attributes: optional(attributeSet(Tag.TemplateAttribute, Tag.Attributes)),
  protectionStorageMasks: since('2.0', optional(protectionStorageMasks(Tag.ProtectionStorageMasks))),
})
export type JoinSplitKeyRequest = Infer<typeof JoinSplitKeyRequest>

/** Response payload (KMIP 2.1 6.1.27 Table 245; 1.4 4.39 Table 250). Only 1.2 names the object type. */
export const JoinSplitKeyResponse = structure('2.1 6.1.27', {
  objectType: until('1.2', optional(enumeration(Tag.ObjectType))),
  uniqueIdentifier: text(Tag.UniqueIdentifier),
  attributes: until('1.4', optional(attributeSet(Tag.TemplateAttribute, Tag.Attributes))),
})
export type JoinSplitKeyResponse = Infer<typeof JoinSplitKeyResponse>
