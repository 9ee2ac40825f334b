import { Authentication } from '../kmip/credential.ts'
import type { Credential } from '../kmip/credential.ts'
import { KmipError } from '../kmip/error.ts'
import { Operation, TicketType } from '../kmip/generated/enums.ts'
import type { RequestBatchItem, RequestHeader, RequestMessage } from '../kmip/message.ts'
import { PollRequest } from '../kmip/payload/poll.ts'
import type { Ticket } from '../kmip/ticket.ts'
import type { Version } from '../kmip/version.ts'
import type { Caller } from '../model/access.ts'
import { after } from '../model/awaitable.ts'
import type { Awaitable } from '../model/awaitable.ts'
import type { TicketRecord } from '../model/grant.ts'
import { isEnded } from '../operation/client-credentials.ts'
import { decodeJob, jobId } from '../operation/job.ts'
import { decodeTicket, encodeTicket, ticketId } from '../operation/ticket.ts'
import { token } from '../operation/index-keys.ts'
import { RevisionConflict } from '../store/store.ts'
import type { Store } from '../store/store.ts'
import type { Item } from '../ttlv/item.ts'

/**
 * Who a request is of: the one whom the certificate names or, with a ticket, the one who logged in, with what the
 * ticket allows. Other credentials prove nothing to the server, which has only the certificate to go by; the
 * user that they name is told apart from others behind the same certificate.
 *
 * @param now seconds since 1970-01-01 UTC
 * @throws KmipError Authentication Not Successful, Invalid Ticket, Usage Limit Exceeded when no request is left
 */
export function authenticate(
  { requestHeader: header, batchItem: items }: RequestMessage, caller: Caller, store: Store, now: number,
): Awaitable<Caller> {
  const { fingerprint } = caller
  if (fingerprint === undefined) return toldBy(header, caller, store, now)
  return after(isEnded(fingerprint, store), (isOver) => {
    const isWelcome = !isOver || fetchesOwn(items, header.protocolVersion, fingerprint, store)
    return after(isWelcome, (welcome) => {
      if (!welcome) throw new KmipError('AuthenticationNotSuccessful', 'the client certificate has been replaced')
      return toldBy(header, caller, store, now)
    })
  })
}

/** Whether the certificate of a connection has been replaced since, so that it is good for nothing more. */
export function hasEnded({ fingerprint }: Caller, store: Store): Awaitable<boolean> {
  return fingerprint !== undefined && isEnded(fingerprint, store)
}

/** Whom the credentials in a request tell of. */
function toldBy(header: RequestHeader, caller: Caller, store: Store, now: number): Awaitable<Caller> {
  if (header.authentication === undefined) return caller
  const credentials = credentialsOf(header)
  const tickets = credentials.flatMap((each) => each.kind === 'Ticket' ? [each.value.ticket] : [])
  if (tickets.length > 1) throw new KmipError('InvalidTicket', 'a request has one ticket')
  const [ticket] = tickets
  if (ticket !== undefined) return useTicket(ticket, store, now)
  const user = userOf(credentials)
  return user === undefined ? caller : { ...caller, user }
}

/**
 * The holder of a ticket whose request was taken on earlier.
 *
 * @param id of the ticket's record
 * @throws KmipError Invalid Ticket, when it has ended since
 */
export async function holderOf(id: string, store: Store, now: number): Promise<Caller> {
  return (await loadTicket(id, store, now)).caller
}

/**
 * Whether all that is asked are outcomes of asynchronous requests that the certificate was still good for: without them,
 * a client whose new key the server has made would never get it.
 */
async function fetchesOwn(
  items: readonly RequestBatchItem[], version: Version, fingerprint: string, store: Store,
): Promise<boolean> {
  for (const { operation, requestPayload } of items) {
    if (operation !== Operation.Poll) return false
    const stored = await store.read(jobId(polled(requestPayload as Item, version)))
    if (stored === undefined || decodeJob(stored.data).fingerprint !== fingerprint) return false
  }
  return true
}

/** The value that a Poll names; what is no Poll names none. */
function polled(payload: Item, version: Version): Buffer {
  try {
    return PollRequest.decode(payload, { version }).asynchronousCorrelationValue
  } catch (error) {
    if (error instanceof KmipError) return Buffer.alloc(0)
    throw error
  }
}

/** Clients send what they like here, with a certificate that is enough; only what is a ticket counts. */
function credentialsOf({ authentication, protocolVersion }: RequestHeader): readonly Credential[] {
  try {
    return Authentication.decode(authentication!, { version: protocolVersion }).credential
  } catch (error) {
    if (error instanceof KmipError) return []
    throw error
  }
}

function userOf(credentials: readonly Credential[]): string | undefined {
  for (const { kind, value } of credentials) {
    if (kind === 'Device') return deviceName(value)
    if ('username' in value && value.username !== '') return value.username
  }
  return undefined
}

/** A device is known by its serial number and identifiers taken together (KMIP 2.1 9.11). */
function deviceName(device: Extract<Credential, { kind: 'Device' }>['value']): string | undefined {
  const { deviceSerialNumber, deviceIdentifier, networkIdentifier, machineIdentifier, mediaIdentifier } = device
  const names = [deviceSerialNumber, deviceIdentifier, networkIdentifier, machineIdentifier, mediaIdentifier]
    .map((name = '') => name)
  return names.every((name) => name === '') ? undefined : `device ${JSON.stringify(names)}`
}

/** Takes one request off a ticket that has a count of them. */
async function useTicket({ ticketType, ticketValue }: Ticket, store: Store, now: number): Promise<Caller> {
  if (ticketType !== TicketType.Login) throw new KmipError('InvalidTicket', 'unknown ticket type')
  const id = ticketId(ticketValue.reveal())
  for (;;) {
    const { caller, ticket, revision } = await loadTicket(id, store, now)
    if (ticket.requestsLeft === undefined) return caller
    if (ticket.requestsLeft < 1) throw new KmipError('UsageLimitExceeded', 'the ticket allows no more requests')
    const data = encodeTicket({ ...ticket, requestsLeft: ticket.requestsLeft - 1 })
    try {
      await store.apply([{ id, expected: revision, data, keys: [token('ticket', ticket.account)] }])
      return caller
    } catch (error) {
      if (!(error instanceof RevisionConflict)) throw error
    }
  }
}

async function loadTicket(
  id: string, store: Store, now: number,
): Promise<{ caller: Caller; ticket: TicketRecord; revision: number }> {
  const stored = await store.read(id)
  const ticket = stored && decodeTicket(stored.data)
  if (ticket === undefined || ticket.expires <= now) {
    throw new KmipError('InvalidTicket', 'there is no such ticket, or it has expired')
  }
  const { account, principal, user, expires, requestsLeft, rights, usageLimits } = ticket
  const grant = {
    ticket: id,
    expires,
    isLimited: requestsLeft !== undefined || rights !== undefined || usageLimits !== undefined,
    isCounted: usageLimits !== undefined || rights?.right.some((right) => right.usageLimits !== undefined) === true,
    rights: rights?.right,
  }
  return { caller: { account, principal, user, grant }, ticket, revision: stored!.revision }
}
