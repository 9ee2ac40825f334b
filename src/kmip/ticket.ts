import { ItemType } from '../ttlv/item.ts'
import { Tag } from './generated/tags.ts'
import { secret } from './object.ts'
import { enumeration, field, structure, wrongType } from './schema.ts'
import type { Field, Infer } from './schema.ts'

/** Whoever has the value may act as the one who logged in. */
export const Ticket = structure('2.1 7.39', {
  ticketType: enumeration(Tag.TicketType),
  ticketValue: secret(Tag.TicketValue),
})
export type Ticket = Infer<typeof Ticket>

/** How long a ticket is good: seconds from now, or until a moment in seconds since 1970-01-01 UTC. */
export type TicketLease = { readonly seconds: number } | { readonly until: number }

/** Lease Time of a ticket: an Interval or a Date Time (KMIP 2.1 6.1.30 Table 253). */
export function leaseTime(): Field<TicketLease> {
  const tag = Tag.LeaseTime
  return field<TicketLease>([tag], (item) => {
    if (item.type === ItemType.Interval) return { seconds: item.value }
    if (item.type === ItemType.DateTime) return { until: item.value }
    throw wrongType(tag)
  }, (writer, value) => {
    if ('seconds' in value) writer.interval(tag, value.seconds)
    else writer.dateTime(tag, value.until)
  })
}
