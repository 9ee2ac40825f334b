import { UsageLimits } from '../attribute-value.ts'
import { Tag } from '../generated/tags.ts'
import { Rights } from '../rights.ts'
import { integer, nested, optional, structure } from '../schema.ts'
import type { Infer } from '../schema.ts'
import { Ticket, leaseTime } from '../ticket.ts'

/** Request payload (KMIP 2.1 6.1.12 Table 199). */
export const DelegatedLoginRequest = structure('2.1 6.1.12', {
  leaseTime: optional(leaseTime()),
  requestCount: optional(integer(Tag.RequestCount)),
  usageLimits: optional(nested(Tag.UsageLimits, UsageLimits)),
  rights: nested(Tag.Rights, Rights),
})
export type DelegatedLoginRequest = Infer<typeof DelegatedLoginRequest>

/** Response payload (KMIP 2.1 6.1.12 Table 200). */
export const DelegatedLoginResponse = structure('2.1 6.1.12', {
  ticket: nested(Tag.Ticket, Ticket),
})
export type DelegatedLoginResponse = Infer<typeof DelegatedLoginResponse>
