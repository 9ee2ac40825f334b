import { RevocationReason } from '../attribute-value.ts'
import { Tag } from '../generated/tags.ts'
import { identifier } from '../identifier.ts'
import { dateTime, nested, optional, structure, text } from '../schema.ts'
import type { Infer } from '../schema.ts'

/** Request payload (KMIP 2.1 6.1.44 Table 295; 1.4 4.20 Table 212). */
export const RevokeRequest = structure('2.1 6.1.44', {
  uniqueIdentifier: optional(identifier()),
  revocationReason: nested(Tag.RevocationReason, RevocationReason),
  compromiseOccurrenceDate: optional(dateTime(Tag.CompromiseOccurrenceDate)),
})
export type RevokeRequest = Infer<typeof RevokeRequest>

/** Response payload (KMIP 2.1 6.1.44 Table 296; 1.4 4.20 Table 213). */
export const RevokeResponse = structure('2.1 6.1.44', {
  uniqueIdentifier: text(Tag.UniqueIdentifier),
})
export type RevokeResponse = Infer<typeof RevokeResponse>
