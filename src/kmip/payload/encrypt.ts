import { CryptographicParameters } from '../attribute-value.ts'
import { Tag } from '../generated/tags.ts'
import { dataReference, identifier } from '../identifier.ts'
import { boolean, bytes, nested, optional, since, structure, text } from '../schema.ts'
import type { Infer } from '../schema.ts'

/** Which data, under which key and how; Decrypt has a tag besides. */
export const cipherFields = {
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
}

/** Request payload (KMIP 2.1 6.1.17 Table 214; 1.4 4.29 Table 229). */
export const EncryptRequest = structure('2.1 6.1.17', cipherFields)
export type EncryptRequest = Infer<typeof EncryptRequest>

/** Response payload (KMIP 2.1 6.1.17 Table 215; 1.4 4.29 Table 230). */
export const EncryptResponse = structure('2.1 6.1.17', {
  uniqueIdentifier: text(Tag.UniqueIdentifier),
  data: optional(bytes(Tag.Data)),
  ivCounterNonce: optional(bytes(Tag.IVCounterNonce)),
  correlationValue: since('1.3', optional(bytes(Tag.CorrelationValue))),
  authenticatedEncryptionTag: since('1.4', optional(bytes(Tag.AuthenticatedEncryptionTag))),
})
export type EncryptResponse = Infer<typeof EncryptResponse>
