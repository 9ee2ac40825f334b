import { KmipError } from '../kmip/error.ts'
import { Operation, TicketType } from '../kmip/generated/enums.ts'
import { LogoutRequest, LogoutResponse } from '../kmip/payload/logout.ts'
import { operation } from './operation.ts'
import { decodeTicket, ticketId } from './ticket.ts'

/** KMIP 2.1 6.1.31 Logout: the ticket is no more. */
export const logout = operation({
  code: Operation.Logout,
  since: '2.0',
  request: LogoutRequest,
  response: LogoutResponse,
  reasons: ['InvalidTicket'],
  async handle({ ticket }, { objects, caller, now }) {
    const id = ticketId(ticket.ticketValue.reveal())
    const record = await objects.readRecord(id)
    const isLogin = ticket.ticketType === TicketType.Login
    const found = record === undefined || !isLogin ? undefined : decodeTicket(record.data)
    if (found === undefined || found.account !== caller.account || found.expires <= now) {
      throw new KmipError('InvalidTicket', 'there is no such ticket')
    }
    objects.writeRecord({ id, expected: record!.revision, data: undefined, keys: [] })
    return {}
  },
})
