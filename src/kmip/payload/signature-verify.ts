import { CryptographicParameters } from '../attribute-value.ts'
import { Tag } from '../generated/tags.ts'
import { dataReference, identifier } from '../identifier.ts'
import { boolean, bytes, enumeration, nested, optional, since, structure, text } from '../schema.ts'
import type { Infer } from '../schema.ts'

/** Request payload (KMIP 2.1 6.1.56 Table 337; 1.4 4.32 Table 235). */
export const SignatureVerifyRequest = structure('2.1 6.1.56', {
  uniqueIdentifier: optional(identifier()),
  cryptographicParameters: optional(nested(Tag.CryptographicParameters, CryptographicParameters)),
  data: optional(dataReference(Tag.Data)),
  digestedData: since('1.4', optional(bytes(Tag.DigestedData))),
  signatureData: optional(bytes(Tag.SignatureData)),
  correlationValue: since('1.3', optional(bytes(Tag.CorrelationValue))),
  initIndicator: since('1.3', optional(boolean(Tag.InitIndicator))),
  finalIndicator: since('1.3', optional(boolean(Tag.FinalIndicator))),
})
export type SignatureVerifyRequest = Infer<typeof SignatureVerifyRequest>

/**
 * Response payload (KMIP 2.1 6.1.56 Table 338; 1.4 4.32 Table 236).
 * The indicator comes with the last part of several.
 */
export const SignatureVerifyResponse = structure('2.1 6.1.56', {
  uniqueIdentifier: text(Tag.UniqueIdentifier),
  validityIndicator: optional(enumeration(Tag.ValidityIndicator)),
  data: optional(bytes(Tag.Data)),
  correlationValue: since('1.3', optional(bytes(Tag.CorrelationValue))),
})
export type SignatureVerifyResponse = Infer<typeof SignatureVerifyResponse>
