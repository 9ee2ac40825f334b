import { attributeInstance } from '../attribute-codec.ts'
import type { AttributeInstance } from '../attribute.ts'
import { Tag } from '../generated/tags.ts'
import { identifier } from '../identifier.ts'
import { optional, since, structure, text, until } from '../schema.ts'
import type { Field, Infer } from '../schema.ts'

/** Request payload (KMIP 2.1 6.1.34 Table 265; 1.4 4.15 Table 202). */
export const ModifyAttributeRequest = structure('2.1 6.1.34', {
  uniqueIdentifier: optional(identifier()),
  currentAttribute: since('2.0', optional(currentAttribute())),
  newAttribute: attributeInstance(Tag.NewAttribute),
})
export type ModifyAttributeRequest = Infer<typeof ModifyAttributeRequest>

/** Response payload (KMIP 2.1 6.1.34 Table 266; 1.4 4.15 Table 203). 1.x requires the attribute, 2.x has none. */
export const ModifyAttributeResponse = structure('2.1 6.1.34', {
  uniqueIdentifier: text(Tag.UniqueIdentifier),
  attribute: until('1.4', optional(attributeInstance(Tag.NewAttribute))),
})
export type ModifyAttributeResponse = Infer<typeof ModifyAttributeResponse>

/** The instance to change, by its value (KMIP 2.1 6.1.34); 1.x has an Attribute Index in the new attribute. */
export function currentAttribute(): Field<AttributeInstance> {
  return { ...attributeInstance(Tag.CurrentAttribute), tags: [Tag.CurrentAttribute] }
}
