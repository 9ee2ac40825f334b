import { attributeInstance } from '../attribute-codec.ts'
import { Tag } from '../generated/tags.ts'
import { identifier } from '../identifier.ts'
import { optional, structure, text } from '../schema.ts'
import type { Infer } from '../schema.ts'

/** Request payload (KMIP 2.1 6.1.51 Table 322). */
export const SetAttributeRequest = structure('2.1 6.1.51', {
  uniqueIdentifier: optional(identifier()),
  newAttribute: attributeInstance(Tag.NewAttribute),
})
export type SetAttributeRequest = Infer<typeof SetAttributeRequest>

/** Response payload (KMIP 2.1 6.1.51 Table 323). */
export const SetAttributeResponse = structure('2.1 6.1.51', {
  uniqueIdentifier: text(Tag.UniqueIdentifier),
})
export type SetAttributeResponse = Infer<typeof SetAttributeResponse>
