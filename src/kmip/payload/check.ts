import { Tag } from '../generated/tags.ts'
import { identifier } from '../identifier.ts'
import { interval, longInteger, mask, optional, structure, text } from '../schema.ts'
import type { Infer } from '../schema.ts'

/** Request payload (KMIP 2.1 6.1.7 Table 183; 1.4 4.10 Table 192). */
export const CheckRequest = structure('2.1 6.1.7', {
  uniqueIdentifier: optional(identifier()),
  usageLimitsCount: optional(longInteger(Tag.UsageLimitsCount)),
  cryptographicUsageMask: optional(mask(Tag.CryptographicUsageMask)),
  leaseTime: optional(interval(Tag.LeaseTime)),
})
export type CheckRequest = Infer<typeof CheckRequest>

/**
 * Response payload (KMIP 2.1 6.1.7 Table 184; 1.4 4.10 Table 193).
 * A failed check is told by the fields that failed, without the identifier.
 */
export const CheckResponse = structure('2.1 6.1.7', {
  uniqueIdentifier: optional(text(Tag.UniqueIdentifier)),
  usageLimitsCount: optional(longInteger(Tag.UsageLimitsCount)),
  cryptographicUsageMask: optional(mask(Tag.CryptographicUsageMask)),
  leaseTime: optional(interval(Tag.LeaseTime)),
})
export type CheckResponse = Infer<typeof CheckResponse>
