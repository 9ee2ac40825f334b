import { attributeSet } from '../attribute-codec.ts'
import { Tag } from '../generated/tags.ts'
import { managedObject } from '../object.ts'
import { protectionStorageMasks } from '../protection-storage-masks.ts'
import { enumeration, optional, since, structure, text, until } from '../schema.ts'
import type { Infer } from '../schema.ts'

/**
 * Request payload (KMIP 2.1 6.1.43 Table 291; 1.4 4.3 Table 169).
 * The tables require the attributes; clients that have none to give leave them out.
 */
export const RegisterRequest = structure('2.1 6.1.43', {
  objectType: enumeration(Tag.ObjectType),
  attributes: optional(attributeSet(Tag.TemplateAttribute, Tag.Attributes)),
  object: managedObject(),
  protectionStorageMasks: since('2.0', optional(protectionStorageMasks(Tag.ProtectionStorageMasks))),
})
export type RegisterRequest = Infer<typeof RegisterRequest>

/** Response payload (KMIP 2.1 6.1.43 Table 292; 1.4 4.3 Table 170). */
export const RegisterResponse = structure('2.1 6.1.43', {
  uniqueIdentifier: text(Tag.UniqueIdentifier),
  attributes: until('1.4', optional(attributeSet(Tag.TemplateAttribute, Tag.Attributes))),
})
export type RegisterResponse = Infer<typeof RegisterResponse>
