import { CryptographicParameters } from '../attribute-value.ts'
import { Tag } from '../generated/tags.ts'
import { dataReference } from '../identifier.ts'
import { boolean, bytes, nested, optional, since, structure } from '../schema.ts'
import type { Infer } from '../schema.ts'

/** Request payload (KMIP 2.1 6.1.24 Table 235; 1.4 4.37 Table 245). */
export const HashRequest = structure('2.1 6.1.24', {
  cryptographicParameters: nested(Tag.CryptographicParameters, CryptographicParameters),
  data: optional(dataReference(Tag.Data)),
  correlationValue: since('1.3', optional(bytes(Tag.CorrelationValue))),
  initIndicator: since('1.3', optional(boolean(Tag.InitIndicator))),
  finalIndicator: since('1.3', optional(boolean(Tag.FinalIndicator))),
})
export type HashRequest = Infer<typeof HashRequest>

/** Response payload (KMIP 2.1 6.1.24 Table 236; 1.4 4.37 Table 246). */
export const HashResponse = structure('2.1 6.1.24', {
  data: optional(bytes(Tag.Data)),
  correlationValue: since('1.3', optional(bytes(Tag.CorrelationValue))),
})
export type HashResponse = Infer<typeof HashResponse>
