import { attributeReference } from '../attribute-codec.ts'
import { Tag } from '../generated/tags.ts'
import { identifier } from '../identifier.ts'
import { anything, enumeration, optional, structure, text } from '../schema.ts'
import type { Infer } from '../schema.ts'

/** Request payload (KMIP 2.1 6.1.3 Table 170). The value is of the type of the attribute. */
export const AdjustAttributeRequest = structure('2.1 6.1.3', {
  uniqueIdentifier: optional(identifier()),
  attributeReference: attributeReference(),
  adjustmentType: enumeration(Tag.AdjustmentType),
  adjustmentValue: optional(anything(Tag.AdjustmentValue)),
})
export type AdjustAttributeRequest = Infer<typeof AdjustAttributeRequest>

/** Response payload (KMIP 2.1 6.1.3 Table 171). */
export const AdjustAttributeResponse = structure('2.1 6.1.3', {
  uniqueIdentifier: text(Tag.UniqueIdentifier),
})
export type AdjustAttributeResponse = Infer<typeof AdjustAttributeResponse>
