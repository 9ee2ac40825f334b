import { KmipError } from '../kmip/error.ts'
import { Tag } from '../kmip/generated/tags.ts'
import { ResponseBatchItem } from '../kmip/message.ts'
import type { Caller } from '../model/access.ts'
import { JobRecord, isCompleted, isExpired } from '../model/job-record.ts'
import type { Change } from '../store/store.ts'
import { decodeItem } from '../ttlv/item.ts'
import { TtlvWriter } from '../ttlv/writer.ts'
import { token } from './index-keys.ts'
import type { Objects } from './objects.ts'

/** A job and the revision of its record. */
export interface StoredJob {
  readonly id: string
  readonly revision: number
  readonly job: JobRecord
}

/** What can be done with the jobs of asynchronous requests. */
export interface Jobs {
  /** Runs a job, if nobody does; comes back when it is completed or the time is over. */
  advance(id: string, waitMs: number): Promise<void>
}

/**
 * An answer that is not of the operation that was asked: Poll gives that of the operation polled (KMIP 2.1 6.1.38).
 */
export class OtherAnswer {
  readonly item: ResponseBatchItem
  constructor(item: ResponseBatchItem) {
    this.item = item
  }
}

/**
 * Whether the caller may see the request and its outcome: it is the same principal's (and user's); who shows a ticket
 * of less than all rights sees only what was asked with that ticket.
 */
export function isOwnJob(job: JobRecord, { account, principal, user, grant }: Caller): boolean {
  if (job.account !== account || job.principal !== principal || job.user !== user) return false
  return grant?.isLimited !== true || job.ticket === grant.ticket
}

/** @throws KmipError Invalid Asynchronous Correlation Value when it is none of the caller's */
export async function loadJob({ objects, caller, now }: JobScope, correlationValue: Buffer): Promise<StoredJob> {
  const id = jobId(correlationValue)
  const record = await objects.readRecord(id)
  const job = record && decodeJob(record.data)
  if (job === undefined || isExpired(job, now) || !isOwnJob(job, caller)) {
    throw new KmipError('InvalidAsynchronousCorrelationValue', 'no request with this correlation value is outstanding')
  }
  return { id, revision: record!.revision, job }
}

/** Whose jobs are meant, and when. */
interface JobScope {
  readonly objects: Objects
  readonly caller: Caller
  /** Seconds since 1970-01-01 UTC. */
  readonly now: number
}

export function jobId(correlationValue: Buffer): string {
  return `${jobPrefix}${correlationValue.toString('base64url').slice(0, valueCharactersMax)}`
}

export function correlationValueOf(id: string): Buffer {
  return Buffer.from(id.slice(jobPrefix.length), 'base64url')
}

export function jobChange({ id, revision }: Pick<StoredJob, 'id' | 'revision'>, job: JobRecord): Change {
  const writer = new TtlvWriter()
  JobRecord.encode(writer, jobTag, job, stored)
  const keys = [token('job', job.account), isCompleted(job) ? completedKey : openKey]
  return { id, expected: revision, data: writer.take(), keys }
}

export function jobRemoval({ id, revision }: Pick<StoredJob, 'id' | 'revision'>): Change {
  return { id, expected: revision, data: undefined, keys: [] }
}

export function decodeJob(data: Uint8Array): JobRecord {
  const job = JobRecord.decode(decodeItem(Buffer.from(data), recordDepthMax), stored)
  if (job.format !== currentFormat) throw new Error(`a job has format ${job.format}`)
  return job
}

export function encodeOutcome(item: ResponseBatchItem, version: number): Buffer {
  const writer = new TtlvWriter()
  ResponseBatchItem.encode(writer, Tag.BatchItem, item, { version })
  return writer.take()
}

export function decodeOutcome({ outcome, version }: JobRecord): ResponseBatchItem {
  return ResponseBatchItem.decode(decodeItem(outcome!, recordDepthMax), { version })
}

/** Jobs that are to be run, or are being run, of all accounts. */
export const openKey = token('job-open')
/** Jobs whose outcome waits to be fetched, of all accounts. */
export const completedKey = token('job-completed')
export const currentFormat = 1
const jobPrefix = '~job/'
const jobTag = 0x54_005f
const recordDepthMax = 64
/** No value of ours is longer. */
const valueCharactersMax = 64
/** A version above all others: nothing is left out because a version does not know it. */
const stored = { version: 9_999, keepRemoved: true }
