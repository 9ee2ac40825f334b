import { Tag } from '../generated/tags.ts'
import { identifier } from '../identifier.ts'
import { longInteger, optional, structure, text } from '../schema.ts'
import type { Infer } from '../schema.ts'

/** Request payload (KMIP 2.1 6.1.23 Table 232; 1.4 4.18 Table 208). */
export const GetUsageAllocationRequest = structure('2.1 6.1.23', {
  uniqueIdentifier: optional(identifier()),
  usageLimitsCount: longInteger(Tag.UsageLimitsCount),
})
export type GetUsageAllocationRequest = Infer<typeof GetUsageAllocationRequest>

/** Response payload (KMIP 2.1 6.1.23 Table 233; 1.4 4.18 Table 209). */
export const GetUsageAllocationResponse = structure('2.1 6.1.23', {
  uniqueIdentifier: text(Tag.UniqueIdentifier),
})
export type GetUsageAllocationResponse = Infer<typeof GetUsageAllocationResponse>
