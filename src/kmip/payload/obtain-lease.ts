import { Tag } from '../generated/tags.ts'
import { identifier } from '../identifier.ts'
import { dateTime, interval, optional, structure, text } from '../schema.ts'
import type { Infer } from '../schema.ts'

/** Request payload (KMIP 2.1 6.1.35 Table 268; 1.4 4.17 Table 206). */
export const ObtainLeaseRequest = structure('2.1 6.1.35', {
  uniqueIdentifier: optional(identifier()),
})
export type ObtainLeaseRequest = Infer<typeof ObtainLeaseRequest>

/** Response payload (KMIP 2.1 6.1.35 Table 269; 1.4 4.17 Table 207). */
export const ObtainLeaseResponse = structure('2.1 6.1.35', {
  uniqueIdentifier: text(Tag.UniqueIdentifier),
  leaseTime: interval(Tag.LeaseTime),
  lastChangeDate: dateTime(Tag.LastChangeDate),
})
export type ObtainLeaseResponse = Infer<typeof ObtainLeaseResponse>
