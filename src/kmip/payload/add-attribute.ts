import { attributeInstance } from '../attribute-codec.ts'
import { Tag } from '../generated/tags.ts'
import { identifier } from '../identifier.ts'
import { optional, structure, text, until } from '../schema.ts'
import type { Infer } from '../schema.ts'

/** Request payload (KMIP 2.1 6.1.2 Table 167; 1.4 4.14 Table 200). */
export const AddAttributeRequest = structure('2.1 6.1.2', {
  uniqueIdentifier: optional(identifier()),
  newAttribute: attributeInstance(Tag.NewAttribute),
})
export type AddAttributeRequest = Infer<typeof AddAttributeRequest>

/** Response payload (KMIP 2.1 6.1.2 Table 168; 1.4 4.14 Table 201). 1.x requires the attribute, 2.x has none. */
export const AddAttributeResponse = structure('2.1 6.1.2', {
  uniqueIdentifier: text(Tag.UniqueIdentifier),
  attribute: until('1.4', optional(attributeInstance(Tag.NewAttribute))),
})
export type AddAttributeResponse = Infer<typeof AddAttributeResponse>
