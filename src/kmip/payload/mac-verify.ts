import { CryptographicParameters } from '../attribute-value.ts'
import { Tag } from '../generated/tags.ts'
import { dataReference, identifier } from '../identifier.ts'
import { boolean, bytes, enumeration, nested, optional, since, structure, text } from '../schema.ts'
import type { Infer } from '../schema.ts'

/** Request payload (KMIP 2.1 6.1.33 Table 262; 1.4 4.34 Table 239). */
export const MACVerifyRequest = structure('2.1 6.1.33', {
  uniqueIdentifier: optional(identifier()),
  cryptographicParameters: optional(nested(Tag.CryptographicParameters, CryptographicParameters)),
  data: optional(dataReference(Tag.Data)),
  macData: optional(bytes(Tag.MACData)),
  correlationValue: since('1.3', optional(bytes(Tag.CorrelationValue))),
  initIndicator: since('1.3', optional(boolean(Tag.InitIndicator))),
  finalIndicator: since('1.3', optional(boolean(Tag.FinalIndicator))),
})
export type MACVerifyRequest = Infer<typeof MACVerifyRequest>

/**
 * Response payload (KMIP 2.1 6.1.33 Table 263; 1.4 4.34 Table 240).
 * The indicator comes with the last part of several.
 */
export const MACVerifyResponse = structure('2.1 6.1.33', {
  uniqueIdentifier: text(Tag.UniqueIdentifier),
  validityIndicator: optional(enumeration(Tag.ValidityIndicator)),
  correlationValue: since('1.3', optional(bytes(Tag.CorrelationValue))),
})
export type MACVerifyResponse = Infer<typeof MACVerifyResponse>
