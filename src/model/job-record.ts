import { ProcessingStage, ResultStatus } from '../kmip/generated/enums.ts'
import { Tag } from '../kmip/generated/tags.ts'
import {
  boolean, bytes, dateTime, dateTimeExtended, enumeration, integer, many, nested, optional, structure, text,
} from '../kmip/schema.ts'
import type { Infer } from '../kmip/schema.ts'

/** What the items of a message hand on, as it is kept until the next one is run. */
export const StateRecord = structure('Keyward batch state 1', {
  placeholder: optional(text(0x54_0060)),
  identifier: many(text(0x54_0061)),
  latest: many(nested(0x54_0062, structure('Keyward batch state 1', {
    by: enumeration(0x54_0063),
    identifier: text(0x54_0064),
  }))),
  data: many(nested(0x54_0065, structure('Keyward batch state 1', {
    by: enumeration(0x54_0066),
    data: bytes(0x54_0067),
  }))),
  output: many(bytes(0x54_0068)),
})
export type StateRecord = Infer<typeof StateRecord>

/** A batch item that is executed asynchronously, from its submission until its outcome is fetched (KMIP 2.1 7.2). */
export const JobRecord = structure('Keyward job 1', {
  format: integer(0x54_0050),
  account: text(0x54_0051),
  principal: text(0x54_0052),
  user: optional(text(0x54_0053)),
  service: optional(text(0x54_006a)),
  /** The client certificate that it was submitted with, which Re-Provision replaces: SHA-256 in hex, and its names. */
  fingerprint: optional(text(0x54_006c)),
  commonNames: many(text(0x54_006d)),
  organizations: many(text(0x54_006e)),
  /** Id of the record of the ticket that it was submitted with. */
  ticket: optional(text(0x54_0054)),
  version: integer(0x54_0055),
  operation: enumeration(Tag.Operation),
  /** The batch item as it came, in TTLV. */
  item: bytes(0x54_0056),
  submissionDate: dateTimeExtended(Tag.SubmissionDate),
  processingStage: enumeration(Tag.ProcessingStage),
  /** The run of the server in which a thread has begun it; a claim of an earlier run is void. */
  claimedBy: optional(text(0x54_006b)),
  /** No other thread of that run may begin it before: the one that has may have died (seconds since 1970-01-01 UTC). */
  claimedUntil: optional(dateTime(0x54_0057)),
  /** The job of the batch item before, as long as it is not completed: it has to be run first. */
  previous: optional(text(0x54_0058)),
  /** The job of the batch item after. */
  next: optional(text(0x54_0059)),
  /** Whether the job after is run when this one has failed (Batch Error Continuation Option). */
  continues: boolean(0x54_005a),
  state: optional(nested(0x54_005b, StateRecord)),
  /** A job before has failed, and this one is not to be executed any more. */
  isStopped: optional(boolean(0x54_005e)),
  /** The batch item of the response, in TTLV; and when it is forgotten if nobody fetches it. */
  outcome: optional(bytes(0x54_005c)),
  resultStatus: optional(enumeration(Tag.ResultStatus)),
  expires: optional(dateTime(0x54_005d)),
})
export type JobRecord = Infer<typeof JobRecord>

export function isCompleted({ processingStage }: JobRecord): boolean {
  return processingStage === ProcessingStage.Completed
}

/** Whether nobody has fetched its outcome for so long that it is forgotten. @param now seconds since 1970-01-01 UTC */
export function isExpired({ expires }: JobRecord, now: number): boolean {
  return expires !== undefined && expires <= now
}

export function hasFailed({ resultStatus }: JobRecord): boolean {
  return resultStatus === ResultStatus.OperationFailed
}
