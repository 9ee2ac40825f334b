import { CryptographicParameters } from '../attribute-value.ts'
import { Tag } from '../generated/tags.ts'
import { dataReference, identifier } from '../identifier.ts'
import { boolean, bytes, nested, optional, since, structure, text } from '../schema.ts'
import type { Infer } from '../schema.ts'

/** Request payload (KMIP 2.1 6.1.32 Table 259; 1.4 4.33 Table 237). */
export const MACRequest = structure('2.1 6.1.32', {
  uniqueIdentifier: optional(identifier()),
  cryptographicParameters: optional(nested(Tag.CryptographicParameters, CryptographicParameters)),
  data: optional(dataReference(Tag.Data)),
  correlationValue: since('1.3', optional(bytes(Tag.CorrelationValue))),
  initIndicator: since('1.3', optional(boolean(Tag.InitIndicator))),
  finalIndicator: since('1.3', optional(boolean(Tag.FinalIndicator))),
})
export type MACRequest = Infer<typeof MACRequest>

/** Response payload (KMIP 2.1 6.1.32 Table 260; 1.4 4.33 Table 238). */
export const MACResponse = structure('2.1 6.1.32', {
  uniqueIdentifier: text(Tag.UniqueIdentifier),
  macData: optional(bytes(Tag.MACData)),
  correlationValue: since('1.3', optional(bytes(Tag.CorrelationValue))),
})
export type MACResponse = Infer<typeof MACResponse>
