import { attributeSet } from '../attribute-codec.ts'
import { Tag } from '../generated/tags.ts'
import { identifier } from '../identifier.ts'
import { protectionStorageMasks } from '../protection-storage-masks.ts'
import { bigInteger, enumeration, integer, many, optional, since, structure, text, until } from '../schema.ts'
import type { Infer } from '../schema.ts'

/** Request payload (KMIP 2.1 6.1.10 Table 193; 1.4 4.38 Table 247). */
export const CreateSplitKeyRequest = structure('2.1 6.1.10', {
  objectType: enumeration(Tag.ObjectType),
  uniqueIdentifier: optional(identifier()),
  splitKeyParts: integer(Tag.SplitKeyParts),
  splitKeyThreshold: integer(Tag.SplitKeyThreshold),
  splitKeyMethod: enumeration(Tag.SplitKeyMethod),
  primeFieldSize: optional(bigInteger(Tag.PrimeFieldSize)),
  attributes: attributeSet(Tag.TemplateAttribute, Tag.Attributes),
  protectionStorageMasks: since('2.0', optional(protectionStorageMasks(Tag.ProtectionStorageMasks))),
})
export type CreateSplitKeyRequest = Infer<typeof CreateSplitKeyRequest>

/** Response payload (KMIP 2.1 6.1.10 Table 194; 1.4 4.38 Table 248). Only 1.2 names the object type. */
export const CreateSplitKeyResponse = structure('2.1 6.1.10', {
  objectType: until('1.2', optional(enumeration(Tag.ObjectType))),
  uniqueIdentifier: many(text(Tag.UniqueIdentifier)),
  attributes: until('1.4', optional(attributeSet(Tag.TemplateAttribute, Tag.Attributes))),
})
export type CreateSplitKeyResponse = Infer<typeof CreateSplitKeyResponse>
