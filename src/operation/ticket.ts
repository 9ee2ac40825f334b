import { hash, randomBytes } from 'node:crypto'
import type { UsageLimits } from '../kmip/attribute-value.ts'
import { KmipError } from '../kmip/error.ts'
import { TicketType, UsageLimitsUnit } from '../kmip/generated/enums.ts'
import type { Rights } from '../kmip/rights.ts'
import { Secret } from '../kmip/secret.ts'
import type { Ticket, TicketLease } from '../kmip/ticket.ts'
import type { Caller } from '../model/access.ts'
import { TicketRecord, afterUse } from '../model/grant.ts'
import { decodeItem } from '../ttlv/item.ts'
import { TtlvWriter } from '../ttlv/writer.ts'
import { token } from './index-keys.ts'
import type { Objects } from './objects.ts'
import type { Context } from './operation.ts'

/** What Login and Delegated Login ask for. */
export interface TicketRequest {
  readonly leaseTime?: TicketLease | undefined
  readonly requestCount?: number | undefined
  readonly usageLimits?: UsageLimits | undefined
  readonly rights?: Rights | undefined
}

/**
 * Makes a ticket for the caller. Lease Time and Request Count of 0 mean no limit of the client's (as the published
 * cases have it); a ticket ends in any case.
 *
 * @throws KmipError Invalid Field, Feature Not Supported, Permission Denied for a caller who has but a limited ticket,
 *   Server Limit Exceeded
 */
export async function issueTicket(request: TicketRequest, context: Context): Promise<Ticket> {
  const { caller, now, objects } = context
  if (caller.grant?.isLimited === true) {
    throw new KmipError('PermissionDenied', 'a limited ticket gives no other ticket')
  }
  const { requestCount = 0, usageLimits, rights } = request
  if (requestCount < 0) throw new KmipError('InvalidField', 'the Request Count is negative')
  await makeRoom(objects, caller.account, now)
  const value = randomBytes(valueBytes)
  const record: TicketRecord = {
    format: currentFormat,
    account: caller.account,
    principal: caller.principal,
    user: caller.user,
    expires: Math.min(expiry(request.leaseTime, now), caller.grant?.expires ?? Infinity),
    ...(requestCount > 0 && { requestsLeft: requestCount }),
    usageLimits: usageLimits && checkedLimits(usageLimits),
    rights,
  }
  objects.writeRecord({
    id: ticketId(value), expected: 0, data: encodeTicket(record), keys: [token('ticket', caller.account)],
  })
  return { ticketType: TicketType.Login, ticketValue: new Secret(value) }
}

/** Counts start full; tickets count operations. */
export function checkedLimits(limits: UsageLimits): UsageLimits {
  if (limits.usageLimitsUnit !== UsageLimitsUnit.Object) {
    throw new KmipError('FeatureNotSupported', 'the usage limits of a ticket count operations (unit Object), not bytes')
  }
  if (limits.usageLimitsTotal < 1n) throw new KmipError('InvalidField', 'usage limits allow at least one operation')
  return { ...limits, usageLimitsCount: limits.usageLimitsTotal }
}

/**
 * Takes an operation off the counts of the ticket that the request shows, in the same commit.
 *
 * @throws KmipError Usage Limit Exceeded, Invalid Ticket
 */
export async function chargeTicket(objects: Objects, { account, grant }: Caller): Promise<void> {
  if (grant?.isCounted !== true) return
  const record = await objects.readRecord(grant.ticket)
  if (record === undefined) throw new KmipError('InvalidTicket', 'there is no such ticket')
  const data = encodeTicket(afterUse(decodeTicket(record.data), objects.rightsUsed()))
  objects.writeRecord({ id: grant.ticket, expected: record.revision, data, keys: [token('ticket', account)] })
}

/** Under which record a ticket stands: a hash, so that the store tells nobody a ticket. */
export function ticketId(value: Buffer): string {
  return `~ticket/${hash('sha256', value, 'base64url')}`
}

export function encodeTicket(record: TicketRecord): Buffer {
  const writer = new TtlvWriter()
  TicketRecord.encode(writer, ticketTag, record, stored)
  return writer.take()
}

export function decodeTicket(data: Uint8Array): TicketRecord {
  const record = TicketRecord.decode(decodeItem(Buffer.from(data), recordDepthMax), stored)
  if (record.format !== currentFormat) throw new Error(`a ticket has format ${record.format}`)
  return record
}

function expiry(lease: TicketLease | undefined, now: number): number {
  if (lease === undefined || ('seconds' in lease && lease.seconds === 0)) return now + defaultSeconds
  const expires = 'seconds' in lease ? now + lease.seconds : lease.until
  if (expires <= now || expires > now + secondsMax) {
    throw new KmipError('InvalidField', `a ticket lasts 1 to ${secondsMax} seconds`)
  }
  return expires
}

/** Where an account has as many tickets as it may, those that have expired go. */
async function makeRoom(objects: Objects, account: string, now: number): Promise<void> {
  const ids = await objects.findRecords(token('ticket', account), ticketsPerAccountMax)
  if (ids.length < ticketsPerAccountMax) return
  let removed = 0
  for (const id of ids) {
    const record = await objects.readRecord(id)
    if (record === undefined || decodeTicket(record.data).expires > now) continue
    objects.writeRecord({ id, expected: record.revision, data: undefined, keys: [] })
    removed += 1
  }
  if (removed > 0) return
  throw new KmipError('ServerLimitExceeded', `an account has at most ${ticketsPerAccountMax} tickets`)
}

/** 256 bits: it stands for a private key. */
const valueBytes = 32
const ticketTag = 0x54_0035
const currentFormat = 1
const recordDepthMax = 16
/** A version above all others: nothing is left out because a version does not know it. */
const stored = { version: 9_999, keepRemoved: true }
/** A working day and the night after it. */
const defaultSeconds = 86_400
/** A week: whoever needs longer has a certificate. */
const secondsMax = 604_800
const ticketsPerAccountMax = 1_000
