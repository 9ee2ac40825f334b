import { Tag } from '../generated/tags.ts'
import { bytes, optional, since, structure, text } from '../schema.ts'
import type { Infer } from '../schema.ts'
import { cipherFields } from './encrypt.ts'

/** Request payload (KMIP 2.1 6.1.11 Table 196; 1.4 4.30 Table 231). */
export const DecryptRequest = structure('2.1 6.1.11', {
  ...cipherFields,
  authenticatedEncryptionTag: since('1.4', optional(bytes(Tag.AuthenticatedEncryptionTag))),
})
export type DecryptRequest = Infer<typeof DecryptRequest>

/** Response payload (KMIP 2.1 6.1.11 Table 197; 1.4 4.30 Table 232). */
export const DecryptResponse = structure('2.1 6.1.11', {
  uniqueIdentifier: text(Tag.UniqueIdentifier),
  data: optional(bytes(Tag.Data)),
  correlationValue: since('1.3', optional(bytes(Tag.CorrelationValue))),
})
export type DecryptResponse = Infer<typeof DecryptResponse>
