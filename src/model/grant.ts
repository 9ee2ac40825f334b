import { KmipError } from '../kmip/error.ts'
import { UsageLimits } from '../kmip/attribute-value.ts'
import type { UsageLimits as Limits } from '../kmip/attribute-value.ts'
import { Operation } from '../kmip/generated/enums.ts'
import { Tag } from '../kmip/generated/tags.ts'
import { Rights } from '../kmip/rights.ts'
import type { Right } from '../kmip/rights.ts'
import { dateTime, integer, nested, optional, structure, text } from '../kmip/schema.ts'
import type { Infer } from '../kmip/schema.ts'
import type { ManagedObject } from './managed-object.ts'

/** What is kept of a ticket (KMIP 2.1 6.1.12, 6.1.30); its value is not: the record stands under its hash. */
export const TicketRecord = structure('Keyward ticket 1', {
  format: integer(0x54_0030),
  account: text(0x54_0031),
  principal: text(0x54_0032),
  /** Whom the one who logged in had named by a credential. */
  user: optional(text(0x54_0036)),
  expires: dateTime(0x54_0033),
  /** Requests that can still be made with it; absent: any number. */
  requestsLeft: optional(integer(0x54_0034)),
  usageLimits: optional(nested(Tag.UsageLimits, UsageLimits)),
  rights: optional(nested(Tag.Rights, Rights)),
})
export type TicketRecord = Infer<typeof TicketRecord>

/** What a ticket allows the caller who shows it. */
export interface Grant {
  /** Id of the ticket's record. */
  readonly ticket: string
  /** Seconds since 1970-01-01 UTC. */
  readonly expires: number
  /** Whether it allows less, or less often, than the one who logged in may do. */
  readonly isLimited: boolean
  /** Whether its operations are counted. */
  readonly isCounted: boolean
  /** Absent: every right of the one who logged in. */
  readonly rights?: readonly Right[] | undefined
}

/**
 * The rights of a grant that allow an operation, those without a count first; undefined when it has all rights.
 *
 * @throws KmipError Not Authorised
 */
export function rightsFor(grant: Grant | undefined, operation: number): readonly Right[] | undefined {
  if (grant?.rights === undefined) return undefined
  const rights = grant.rights.filter(({ operations, objects, objectGroups }) => (
    operations?.operation.includes(operation) !== false &&
    !(accountWide.has(operation) && (objects !== undefined || objectGroups !== undefined))))
  if (rights.length === 0) throw notAuthorised()
  return [...rights.filter(isUncounted), ...rights.filter((right) => !isUncounted(right))]
}

/** What concerns the account as a whole is not covered by a right to some of its objects. */
const accountWide: ReadonlySet<number> = new Set([
  Operation.SetDefaults, Operation.SetConstraints, Operation.GetConstraints, Operation.ReProvision, Operation.Interop,
  Operation.DelegatedLogin,
])

/** The first right that covers an object. */
export function rightOver(
  { uniqueIdentifier, attributes }: Pick<ManagedObject, 'uniqueIdentifier' | 'attributes'>, rights: readonly Right[],
): Right | undefined {
  return rights.find(({ objects, objectGroups }) =>
    objects?.uniqueIdentifier.includes(uniqueIdentifier) !== false &&
    objectGroups?.objectGroup.some((group) => attributes.objectGroup?.includes(group) === true) !== false)
}

/**
 * A ticket after an operation: one taken off its Usage Limits, and off those of the rights that were used.
 *
 * @throws KmipError Usage Limit Exceeded
 */
export function afterUse(ticket: TicketRecord, used: ReadonlySet<number>): TicketRecord {
  return {
    ...ticket,
    usageLimits: ticket.usageLimits && oneLess(ticket.usageLimits),
    rights: ticket.rights && {
      right: ticket.rights.right.map((right, index) => right.usageLimits !== undefined && used.has(index)
        ? { ...right, usageLimits: oneLess(right.usageLimits) }
        : right),
    },
  }
}

export function notAuthorised(): KmipError {
  return new KmipError('NotAuthorised', 'the ticket does not give the right to this')
}

function isUncounted({ usageLimits }: Right): boolean {
  return usageLimits === undefined
}

function oneLess(limits: Limits): Limits {
  const left = limits.usageLimitsCount ?? limits.usageLimitsTotal
  if (left < 1n) throw new KmipError('UsageLimitExceeded', 'the usage limits of the ticket are used up')
  return { ...limits, usageLimitsCount: left - 1n }
}
