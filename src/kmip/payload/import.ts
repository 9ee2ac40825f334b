import { attributeList } from '../attribute-codec.ts'
import { Tag } from '../generated/tags.ts'
import { identifier } from '../identifier.ts'
import { managedObject } from '../object.ts'
import { boolean, enumeration, optional, since, structure, text } from '../schema.ts'
import type { Infer } from '../schema.ts'

/**
 * Request payload (KMIP 2.1 6.1.25 Table 238; 1.4 4.41 Table 253).
 * Since 1.4; 2.x requires the object type, which 1.4 does not have.
 */
export const ImportRequest = structure('2.1 6.1.25', {
  uniqueIdentifier: identifier(),
  objectType: since('2.0', optional(enumeration(Tag.ObjectType))),
  replaceExisting: optional(boolean(Tag.ReplaceExisting)),
  keyWrapType: optional(enumeration(Tag.KeyWrapType)),
  attributes: attributeList(),
  object: managedObject(),
})
export type ImportRequest = Infer<typeof ImportRequest>

/** Response payload (KMIP 2.1 6.1.25 Table 239; 1.4 4.41 Table 254). */
export const ImportResponse = structure('2.1 6.1.25', {
  uniqueIdentifier: text(Tag.UniqueIdentifier),
})
export type ImportResponse = Infer<typeof ImportResponse>
