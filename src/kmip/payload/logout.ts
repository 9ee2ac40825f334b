import { Tag } from '../generated/tags.ts'
import { nested, structure } from '../schema.ts'
import type { Infer } from '../schema.ts'
import { Ticket } from '../ticket.ts'

/** Request payload (KMIP 2.1 6.1.31 Table 256). */
export const LogoutRequest = structure('2.1 6.1.31', {
  ticket: nested(Tag.Ticket, Ticket),
})
export type LogoutRequest = Infer<typeof LogoutRequest>

/** Response payload (KMIP 2.1 6.1.31 Table 257). */
export const LogoutResponse = structure('2.1 6.1.31', {})
export type LogoutResponse = Infer<typeof LogoutResponse>
