import { attributeList, attributeReference } from '../attribute-codec.ts'
import { Tag } from '../generated/tags.ts'
import { many, optional, since, structure, text } from '../schema.ts'
import type { Infer } from '../schema.ts'

/**
 * Request payload (KMIP 2.1 6.2.2; 1.4 5.1).
 * Sent by the server. The references are the attributes that were deleted.
 */
export const NotifyRequest = structure('2.1 6.2.2', {
  uniqueIdentifier: text(Tag.UniqueIdentifier),
  attributes: optional(attributeList()),
  attributeReference: since('2.0', many(attributeReference())),
})
export type NotifyRequest = Infer<typeof NotifyRequest>

/** Response payload (KMIP 2.1 6.2.2; 1.4 5.1). */
export const NotifyResponse = structure('2.1 6.2.2', {})
export type NotifyResponse = Infer<typeof NotifyResponse>
