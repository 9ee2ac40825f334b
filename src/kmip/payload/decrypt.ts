import { CryptographicParameters } from '../attribute-value.ts'
import { Tag } from '../generated/tags.ts'
import { dataReference, identifier } from '../identifier.ts'
import { boolean, bytes, nested, optional, since, structure, text } from '../schema.ts'
import type { Infer } from '../schema.ts'

/** Request payload (KMIP 2.1 6.1.11 Table 196; 1.4 4.30 Table 231). */
export const DecryptRequest = structure('2.1 6.1.11', {
  uniqueIdentifier: optional(identifier()),
  cryptographicParameters: optional(nested(Tag.CryptographicParameters, CryptographicParameters)),
  data: optional(dataReference(Tag.Data)),
  ivCounterNonce: optional(bytes(Tag.IVCounterNonce)),
  correlationValue: since('1.3', optional(bytes(Tag.CorrelationValue))),
  initIndicator: since('1.3', optional(boolean(Tag.InitIndicator))),
  finalIndicator: since('1.3', optional(boolean(Tag.FinalIndicator))),
  authenticatedEncryptionAdditionalData: since(
    '1.4', optional(bytes(Tag.AuthenticatedEncryptionAdditionalData)),
  ),
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
