import { attributeSet } from '../attribute-codec.ts'
import { Tag } from '../generated/tags.ts'
import { identifier } from '../identifier.ts'
import { protectionStorageMasks } from '../protection-storage-masks.ts'
import { interval, optional, since, structure, text, until } from '../schema.ts'
import type { Infer } from '../schema.ts'

/** Request payload (KMIP 2.1 6.1.46 Table 305; 1.4 4.4 Table 174). */
export const ReKeyRequest = structure('2.1 6.1.46', {
  uniqueIdentifier: optional(identifier()),
  offset: optional(interval(Tag.Offset)),
  attributes: optional(attributeSet(Tag.TemplateAttribute, Tag.Attributes, true)),
  protectionStorageMasks: since('2.0', optional(protectionStorageMasks(Tag.ProtectionStorageMasks))),
})
export type ReKeyRequest = Infer<typeof ReKeyRequest>

/** Response payload (KMIP 2.1 6.1.46 Table 306; 1.4 4.4 Table 175). */
export const ReKeyResponse = structure('2.1 6.1.46', {
  uniqueIdentifier: text(Tag.UniqueIdentifier),
  attributes: until('1.4', optional(attributeSet(Tag.TemplateAttribute, Tag.Attributes))),
})
export type ReKeyResponse = Infer<typeof ReKeyResponse>
