import { attributeReference } from '../attribute-codec.ts'
import { Tag } from '../generated/tags.ts'
import { identifier } from '../identifier.ts'
import { many, optional, structure, text } from '../schema.ts'
import type { Infer } from '../schema.ts'

/** Request payload (KMIP 2.1 6.1.21 Table 226; 1.4 4.13 Table 198). */
export const GetAttributeListRequest = structure('2.1 6.1.21', {
  uniqueIdentifier: optional(identifier()),
})
export type GetAttributeListRequest = Infer<typeof GetAttributeListRequest>

/** Response payload (KMIP 2.1 6.1.21 Table 227; 1.4 4.13 Table 199). */
export const GetAttributeListResponse = structure('2.1 6.1.21', {
  uniqueIdentifier: text(Tag.UniqueIdentifier),
  attributeReference: many(attributeReference()),
})
export type GetAttributeListResponse = Infer<typeof GetAttributeListResponse>
