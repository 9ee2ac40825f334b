import { UsageLimits } from '../attribute-value.ts'
import { Tag } from '../generated/tags.ts'
import { integer, nested, optional, structure } from '../schema.ts'
import type { Infer } from '../schema.ts'
import { Ticket, leaseTime } from '../ticket.ts'

/** Request payload (KMIP 2.1 6.1.30 Table 253). */
export const LoginRequest = structure('2.1 6.1.30', {
  leaseTime: optional(leaseTime()),
  requestCount: optional(integer(Tag.RequestCount)),
  usageLimits: optional(nested(Tag.UsageLimits, UsageLimits)),
})
export type LoginRequest = Infer<typeof LoginRequest>

/** Response payload (KMIP 2.1 6.1.30 Table 254). */
export const LoginResponse = structure('2.1 6.1.30', {
  ticket: nested(Tag.Ticket, Ticket),
})
export type LoginResponse = Infer<typeof LoginResponse>
