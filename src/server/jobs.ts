import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { KmipError } from '../kmip/error.ts'
import { ProcessingStage, ResultStatus } from '../kmip/generated/enums.ts'
import { Tag } from '../kmip/generated/tags.ts'
import { RequestBatchItem } from '../kmip/message.ts'
import type { ResponseBatchItem } from '../kmip/message.ts'
import type { Caller } from '../model/access.ts'
import type { Awaitable } from '../model/awaitable.ts'
import { hasFailed, isCompleted, isExpired } from '../model/job-record.ts'
import type { JobRecord } from '../model/job-record.ts'
import { BatchState } from '../operation/batch-state.ts'
import { token } from '../operation/index-keys.ts'
import {
  completedKey, correlationValueOf, currentFormat, decodeJob, encodeOutcome, jobChange, jobId, jobRemoval, openKey,
} from '../operation/job.ts'
import type { Jobs, StoredJob } from '../operation/job.ts'
import { Objects } from '../operation/objects.ts'
import { jobsPerAccountMax } from '../operation/query-asynchronous-requests.ts'
import { RevisionConflict } from '../store/store.ts'
import type { Change, IndexKey } from '../store/store.ts'
import { decodeItem } from '../ttlv/item.ts'
import { TtlvWriter } from '../ttlv/writer.ts'
import { holderOf } from './authentication.ts'
import { executeItem } from './batch-item.ts'
import type { Outcome, Services } from './batch-item.ts'
import { failure } from './failure.ts'

/**
 * Batch items that are executed asynchronously. Each is a record in the store from its submission on, so that it
 * outlives the process; its outcome is committed together with what it did, so that it is done exactly once. It is
 * begun when it is polled, or after a short while, in which it can be cancelled. Threads find each other's jobs in the
 * store; one that is begun is claimed for a time.
 */
export class StoredJobs implements Jobs {
  readonly #services: Services
  readonly #ends: Ends
  readonly #running = new Map<string, Promise<void>>()
  readonly #timers = new Set<NodeJS.Timeout>()
  #sweep: NodeJS.Timeout | undefined

  constructor(services: Services, ends: Ends) {
    this.#services = services
    this.#ends = ends
  }

  /** Takes up what earlier processes have left, now and from time to time. */
  start(): void {
    void this.#resume()
    this.#sweep = setInterval(() => void this.#resume(), sweepMs).unref()
  }

  /** Waits for the jobs that run; the others are for the next start. */
  async stop(): Promise<void> {
    clearInterval(this.#sweep)
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
    await Promise.allSettled(this.#running.values())
  }

  /**
   * Takes on the items of a batch, to be executed in their order.
   *
   * @param continues whether an item is executed when the one before has failed
   * @returns the answers for now
   * @throws KmipError Server Limit Exceeded
   */
  async submit(
    items: readonly RequestBatchItem[], { caller, version, continues }: Submission,
  ): Promise<ResponseBatchItem[]> {
    const { store, clock } = this.#services
    const outstanding = await store.scan(token('job', caller.account), { limit: jobsPerAccountMax })
    if (outstanding.length + items.length > jobsPerAccountMax) {
      throw new KmipError('ServerLimitExceeded', `an account has at most ${jobsPerAccountMax} requests outstanding`)
    }
    const ids = items.map(() => jobId(randomBytes(valueBytes)))
    // Microseconds, which also keep the items of a batch in their order.
    const submissionDate = BigInt(clock()) * 1000n
    await store.apply(items.map((item, index) => jobChange({ id: ids[index]!, revision: 0 }, {
      format: currentFormat,
      account: caller.account,
      principal: caller.principal,
      user: caller.user,
      service: caller.service,
      fingerprint: caller.fingerprint,
      commonNames: [...caller.certificate?.commonNames ?? []],
      organizations: [...caller.certificate?.organizations ?? []],
      ticket: caller.grant?.ticket,
      version,
      operation: item.operation,
      item: encodeRequestItem(item, version),
      submissionDate: submissionDate + BigInt(index),
      processingStage: ProcessingStage.Submitted,
      previous: ids[index - 1],
      next: ids[index + 1],
      continues,
    })))
    for (const id of ids) this.#later(id)
    return items.map(({ operation, uniqueBatchItemID }, index) => ({
      operation,
      uniqueBatchItemID,
      resultStatus: ResultStatus.OperationPending,
      asynchronousCorrelationValue: correlationValueOf(ids[index]!),
      messageExtension: [],
    }))
  }

  async advance(id: string, waitMs: number): Promise<void> {
    const limit = new AbortController()
    const timeout = sleep(waitMs, undefined, { signal: limit.signal, ref: false }).catch(() => {})
    let isOver = false
    void timeout.then(() => (isOver = true))
    for (;;) {
      await Promise.race([this.#run(id), timeout])
      if (isOver || !await this.#isOpen(id)) break
      // Another thread has it.
      await Promise.race([sleep(lookMs), timeout])
    }
    limit.abort()
  }

  /** Once in this thread at a time. */
  #run(id: string): Promise<void> {
    const running = this.#running.get(id)
    if (running !== undefined) return running
    const run = this.#execute(id)
      .catch((error: unknown) => this.#services.log.error({ err: error, job: id }, 'an asynchronous request failed'))
      .finally(() => this.#running.delete(id))
    this.#running.set(id, run)
    return run
  }

  async #execute(id: string): Promise<void> {
    const submitted = await this.#load(id)
    if (submitted === undefined || isCompleted(submitted.job)) return
    if (submitted.job.previous !== undefined) await this.#run(submitted.job.previous)
    for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
      const claimed = await this.#claim(id)
      if (claimed === undefined) return
      if (await this.#attempt(claimed)) return
    }
    throw new Error('the objects of an asynchronous request are changed by others all the time')
  }

  /** Makes a job this thread's for a time; undefined when it is completed, cancelled, or another's. */
  async #claim(id: string): Promise<StoredJob | undefined> {
    const now = this.#now()
    const found = await this.#load(id)
    if (found === undefined || isCompleted(found.job)) return undefined
    const { job, revision } = found
    const { run } = this.#services
    if (job.claimedBy === run && (job.claimedUntil ?? 0) > now) return undefined
    if (job.previous !== undefined && await this.#isOpen(job.previous)) return undefined
    const claim = { claimedBy: run, claimedUntil: now + claimSeconds }
    const claimed = { ...job, processingStage: ProcessingStage.InProcess, ...claim }
    if (!await this.#apply([jobChange(found, claimed)])) return this.#claim(id)
    return { id, revision: revision + 1, job: claimed }
  }

  /** @returns whether the job is settled; if not, another has changed an object, and it is to be tried again */
  async #attempt(claimed: StoredJob): Promise<boolean> {
    const { store, cache, settings } = this.#services
    const { id, job } = claimed
    const now = this.#now()
    const item = RequestBatchItem.decode(decodeItem(job.item), { version: job.version })
    const state = BatchState.restore(job.state)
    let caller = submitterOf(job)
    let outcome: Outcome | RevisionConflict | undefined
    if (job.isStopped === true) {
      outcome = refused(item, stopped, job.version)
    } else {
      try {
        if (job.ticket !== undefined) caller = { ...await holderOf(job.ticket, store, now), service: job.service }
      } catch (error) {
        if (!(error instanceof KmipError)) throw error
        outcome = refused(item, error, job.version)
      }
    }
    const objects = new Objects(store, cache, caller, now, settings.cmk.region)
    const frame = { caller, now, objects, state, jobs: this }
    outcome ??= await executeItem(item, job.version, frame, this.#services, async (response) => {
      for (const change of await this.#settle(claimed, response, state)) objects.writeRecord(change)
      await objects.commit()
    })
    if (outcome instanceof RevisionConflict) return this.#release(claimed)
    if (outcome.refusal !== undefined) {
      const handedOn = BatchState.restore(job.state).afterRefusal(state)
      if (!await this.#apply(await this.#settle(claimed, outcome.item, handedOn))) return !await this.#isOpen(id)
    }
    this.#ends.record(caller, item, outcome)
    await this.#ends.publish(objects)
    return true
  }

  /** The changes that end a job: its outcome is kept, and the next one has what it handed on. */
  async #settle({ id, revision, job }: StoredJob, item: ResponseBatchItem, state: BatchState): Promise<Change[]> {
    const completed: JobRecord = {
      ...job,
      processingStage: ProcessingStage.Completed,
      claimedBy: undefined,
      claimedUntil: undefined,
      outcome: encodeOutcome(item, job.version),
      resultStatus: item.resultStatus,
      expires: this.#now() + keptSeconds,
    }
    const change = jobChange({ id, revision }, completed)
    const next = job.next === undefined ? undefined : await this.#load(job.next)
    if (next === undefined) return [change]
    const isStopped = !job.continues && hasFailed(completed)
    return [change, jobChange(next, { ...next.job, previous: undefined, state: state.snapshot(), isStopped })]
  }

  /** Gives a claim back, when it is still ours. */
  async #release({ id, revision, job }: StoredJob): Promise<boolean> {
    const none = { claimedBy: undefined, claimedUntil: undefined }
    const released = { ...job, processingStage: ProcessingStage.Submitted, ...none }
    await this.#apply([jobChange({ id, revision }, released)])
    return false
  }

  async #isOpen(id: string): Promise<boolean> {
    const found = await this.#load(id)
    return found !== undefined && !isCompleted(found.job)
  }

  async #load(id: string): Promise<StoredJob | undefined> {
    const record = await this.#services.store.read(id)
    return record && { id, revision: record.revision, job: decodeJob(record.data) }
  }

  /** @returns false when another was faster */
  async #apply(changes: readonly Change[]): Promise<boolean> {
    try {
      await this.#services.store.apply(changes)
      return true
    } catch (error) {
      if (error instanceof RevisionConflict) return false
      throw error
    }
  }

  #later(id: string): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      void this.#run(id)
    }, delayMs).unref()
    this.#timers.add(timer)
  }

  async #resume(): Promise<void> {
    const { log } = this.#services
    try {
      for await (const open of this.#pages(openKey)) {
        while (open.length > 0) await Promise.all(open.splice(0, atOnceMax).map((id) => this.#run(id)))
      }
      for await (const completed of this.#pages(completedKey)) {
        for (const id of completed) {
          const found = await this.#load(id)
          if (found !== undefined && isExpired(found.job, this.#now())) await this.#apply([jobRemoval(found)])
        }
      }
    } catch (error) {
      log.error({ err: error }, 'asynchronous requests could not be taken up')
    }
  }

  async *#pages(key: IndexKey): AsyncGenerator<string[]> {
    let after: string | undefined
    do {
      const page = await this.#services.store.scan(key, { ...(after !== undefined && { after }), limit: pageSize })
      after = page.length < pageSize ? undefined : page.at(-1)
      yield page
    } while (after !== undefined)
  }

  #now(): number {
    return Math.floor(this.#services.clock() / 1000)
  }
}

/** Who is told what a job has done. */
interface Ends {
  record(caller: Caller, item: RequestBatchItem, outcome: Outcome): void
  publish(objects: Objects): Awaitable<void>
}

interface Submission {
  readonly caller: Caller
  readonly version: number
  readonly continues: boolean
}

/** Who has submitted it, as the one was who did; what a ticket allows is read when it is executed. */
function submitterOf({ account, principal, user, service, fingerprint, commonNames, organizations }: JobRecord): Caller {
  const certificate = fingerprint === undefined ? undefined : { commonNames, organizations }
  return { account, principal, user, service, fingerprint, certificate }
}

function encodeRequestItem(item: RequestBatchItem, version: number): Buffer {
  const writer = new TtlvWriter()
  RequestBatchItem.encode(writer, Tag.BatchItem, item, { version })
  return writer.take()
}

function refused(item: RequestBatchItem, refusal: KmipError, version: number): Outcome {
  return { item: failure(item, refusal, version), refusal, response: undefined, notes: [] }
}

/** KMIP 2.1 9.6: unless the client has wanted it otherwise. */
const stopped = new KmipError('OperationCanceledByRequester', 'an earlier item of the batch has failed')
/** 128 bits: nobody guesses another's. */
const valueBytes = 16
/** In which a client may think better of it. */
const delayMs = 1_000
/** Longer than any operation; a thread that dies with a job loses it after that, and a process at its end. */
const claimSeconds = 120
/** A day for a client to fetch an answer. */
const keptSeconds = 86_400
const sweepMs = 30_000
const pageSize = 1_000
/** Between two looks at what another thread does. */
const lookMs = 50
/** Of those that nobody waits for. */
const atOnceMax = 8
/** Races are decided within a few rounds. */
const attemptsMax = 32
