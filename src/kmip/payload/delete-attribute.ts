import { attributeInstance, attributeReference } from '../attribute-codec.ts'
import { Tag } from '../generated/tags.ts'
import { identifier } from '../identifier.ts'
import { integer, optional, since, structure, text, until } from '../schema.ts'
import type { Infer } from '../schema.ts'
import { currentAttribute } from './modify-attribute.ts'

/**
 * Request payload (KMIP 2.1 6.1.13 Table 202; 1.4 4.16 Table 204).
 * Which instance: by its index in 1.x (0 when absent), by its value in 2.x.
 */
export const DeleteAttributeRequest = structure('2.1 6.1.13', {
  uniqueIdentifier: optional(identifier()),
  currentAttribute: since('2.0', optional(currentAttribute())),
  attributeReference: optional(attributeReference()),
  attributeIndex: until('1.4', optional(integer(Tag.AttributeIndex))),
})
export type DeleteAttributeRequest = Infer<typeof DeleteAttributeRequest>

/** Response payload (KMIP 2.1 6.1.13 Table 203; 1.4 4.16 Table 205). 1.x requires the attribute, 2.x has none. */
export const DeleteAttributeResponse = structure('2.1 6.1.13', {
  uniqueIdentifier: text(Tag.UniqueIdentifier),
  attribute: until('1.4', optional(attributeInstance(Tag.NewAttribute))),
})
export type DeleteAttributeResponse = Infer<typeof DeleteAttributeResponse>
