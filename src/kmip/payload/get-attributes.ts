import { attributeList, attributeReference } from '../attribute-codec.ts'
import { Tag } from '../generated/tags.ts'
import { identifier } from '../identifier.ts'
import { many, optional, structure, text } from '../schema.ts'
import type { Infer } from '../schema.ts'

/** Request payload (KMIP 2.1 6.1.20 Table 223; 1.4 4.12 Table 196). Without references every attribute is meant. */
export const GetAttributesRequest = structure('2.1 6.1.20', {
  uniqueIdentifier: optional(identifier()),
  attributeReference: many(attributeReference()),
})
export type GetAttributesRequest = Infer<typeof GetAttributesRequest>

/**
 * Response payload (KMIP 2.1 6.1.20 Table 224; 1.4 4.12 Table 197).
 * In 2.x the attributes are there even when there are none to give.
 */
export const GetAttributesResponse = structure('2.1 6.1.20', {
  uniqueIdentifier: text(Tag.UniqueIdentifier),
  attributes: optional(attributeList()),
})
export type GetAttributesResponse = Infer<typeof GetAttributesResponse>
