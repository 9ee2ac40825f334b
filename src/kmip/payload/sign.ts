import { CryptographicParameters } from '../attribute-value.ts'
import { Tag } from '../generated/tags.ts'
import { dataReference, identifier } from '../identifier.ts'
import { boolean, bytes, nested, optional, since, structure, text } from '../schema.ts'
import type { Infer } from '../schema.ts'

/** Request payload (KMIP 2.1 6.1.55 Table 334; 1.4 4.31 Table 233). */
export const SignRequest = structure('2.1 6.1.55', {
  uniqueIdentifier: optional(identifier()),
  cryptographicParameters: optional(nested(Tag.CryptographicParameters, CryptographicParameters)),
  data: optional(dataReference(Tag.Data)),
  digestedData: since('1.4', optional(bytes(Tag.DigestedData))),
  correlationValue: since('1.3', optional(bytes(Tag.CorrelationValue))),
  initIndicator: since('1.3', optional(boolean(Tag.InitIndicator))),
  finalIndicator: since('1.3', optional(boolean(Tag.FinalIndicator))),
})
export type SignRequest = Infer<typeof SignRequest>

/** Response payload (KMIP 2.1 6.1.55 Table 335; 1.4 4.31 Table 234). */
export const SignResponse = structure('2.1 6.1.55', {
  uniqueIdentifier: text(Tag.UniqueIdentifier),
  signatureData: optional(bytes(Tag.SignatureData)),
  correlationValue: since('1.3', optional(bytes(Tag.CorrelationValue))),
})
export type SignResponse = Infer<typeof SignResponse>
