import { isRotationDue as isCmkRotationDue } from '../cmk/rotation.ts'
import { Operation } from '../kmip/generated/enums.ts'
import { versions } from '../kmip/version.ts'
import { cmkStateAt, isMaterialExpired } from '../model/cmk.ts'
import type { Cmk } from '../model/cmk.ts'
import { decodeCmk } from '../model/cmk-record.ts'
import { decodeRecord } from '../model/record.ts'
import { isRotationDue } from '../model/rotation.ts'
import { BatchState } from '../operation/batch-state.ts'
import { executeDeletion } from '../operation/cmk-delete.ts'
import { expireMaterial } from '../operation/cmk-import.ts'
import { cmkIdOf, scheduledKey } from '../operation/cmk-records.ts'
import { rotateCmk } from '../operation/cmk-rotate.ts'
import { rotationKey } from '../operation/index-keys.ts'
import { isRemoval, uniqueIdentifierOf } from '../operation/object-record.ts'
import { Objects } from '../operation/objects.ts'
import type { Context } from '../operation/operation.ts'
import { rotateObject } from '../operation/rotate-object.ts'
import { RevisionConflict } from '../store/store.ts'
import type { IndexKey } from '../store/store.ts'
import type { Services } from './batch-item.ts'
import type { ChangeFeed } from './change-feed.ts'
import { destroyAbandoned, destroyGivenUp } from './given-up-keys.ts'

/**
 * Does what time brings: automatic rotations, and deletions of CMKs whose date is reached. However many workers have
 * one, the holder of the store's lease acts. A holder that was slow and has lost the lease can change nothing more:
 * every change of its also changes a record under the fence that it was given.
 */
export class Scheduler {
  readonly #services: Services
  readonly #holder: string
  readonly #changes: ChangeFeed
  #timer: NodeJS.Timeout | undefined
  #running: Promise<unknown> = Promise.resolve()

  /**
   * @param holder tells this worker from all others
   * @param changes where those hear of it who hear of clients' changes
   */
  constructor(services: Services, holder: string, changes: ChangeFeed) {
    this.#services = services
    this.#holder = holder
    this.#changes = changes
  }

  /** Runs from now on, until `stop`. What goes wrong is logged, and tried again the next time. */
  start(): void {
    this.#timer = setInterval(() => {
      this.#running = this.#running.then(() => this.run()).catch((error: unknown) => {
        this.#services.log.error({ err: error }, 'the scheduler failed; it tries again')
      })
    }, periodMs).unref()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#running
  }

  /** One round. @returns how many CMKs and plain objects were changed; none without the lease */
  async run(): Promise<number> {
    const cmks = await this.#each(scheduledKey, (record, fence) => this.#attend(record, fence))
    return cmks + await this.#each(rotationKey, (record, fence) => this.#rotate(record, fence))
  }

  async #each(key: IndexKey, attend: (record: string, fence: number) => Promise<boolean>): Promise<number> {
    const { store } = this.#services
    let changed = 0
    let after: string | undefined
    for (;;) {
      const fence = await this.#lease()
      if (fence === undefined) return changed
      const records = await store.scan(key, { ...(after !== undefined && { after }), limit: pageSize })
      for (const record of records) if (await attend(record, fence)) changed += 1
      if (records.length < pageSize) return changed
      after = records.at(-1)
    }
  }

  #lease(): Promise<number | undefined> {
    return this.#services.store.lease(leaseName, this.#holder, leaseMs)
  }

  async #attend(record: string, fence: number): Promise<boolean> {
    const stored = await this.#services.store.read(record)
    if (stored === undefined) return false
    const { account } = decodeCmk(stored.revision, Buffer.from(stored.data))
    const context = this.#context(account)
    const { now } = context
    const cmk = await context.objects.cmks.get(cmkIdOf(record))
    if (cmk === undefined || !isDue(cmk, now)) return false
    const isDeleted = cmkStateAt(cmk, now) === 'Deleted'
    const isExpired = !isDeleted && isMaterialExpired(cmk, now)
    const change = isDeleted ? executeDeletion : isExpired ? expireMaterial : rotateCmk
    const done = isDeleted ? Operation.Destroy : isExpired ? Operation.DeleteAttribute : Operation.ReKey
    return this.#change(context, fence, { id: cmk.id, done }, () => change(context, cmk))
  }

  /** What replaces an object belongs to whom the object belonged. */
  async #rotate(record: string, fence: number): Promise<boolean> {
    const stored = await this.#services.store.read(record)
    if (stored === undefined || isRemoval(stored)) return false
    const id = uniqueIdentifierOf(record)
    const { account, owner } = decodeRecord(id, stored.revision, Buffer.from(stored.data))
    const context = this.#context(account, owner)
    const object = await context.objects.peek(id)
    if (object === undefined || !isRotationDue(object, context.now)) return false
    return this.#change(context, fence, { id, done: Operation.ReKey }, () => rotateObject(context, object))
  }

  /** What fails for one keeps no other waiting. @returns whether it was done */
  async #change(
    context: Context, fence: number, { id, done }: { id: string; done: number }, work: () => Promise<unknown>,
  ): Promise<boolean> {
    const { log, audit } = this.#services
    try {
      await work()
      await this.#holdFence(context.objects, fence)
      await context.objects.commit()
      this.#changes.publish(context.objects.committed())
      await destroyGivenUp(context.objects.keptKeys.destructions, this.#services)
      audit.done({ ...context.caller, principal: ownPrincipal }, done, { uniqueIdentifier: id })
      return true
    } catch (error) {
      await destroyAbandoned(context.objects.abandoned(error), this.#services)
      // Somebody else was faster: the next round looks again.
      if (error instanceof RevisionConflict) return false
      log.error({ err: error, id }, 'the scheduler could not change a CMK or an object')
      return false
    }
  }

  /** @throws RevisionConflict when a later holder of the lease has been here */
  async #holdFence(objects: Objects, fence: number): Promise<void> {
    const record = await objects.readRecord(fenceId)
    const seen = record === undefined ? 0 : Number(Buffer.from(record.data).toString())
    if (seen > fence) throw new RevisionConflict(fenceId)
    objects.writeRecord({ id: fenceId, expected: record?.revision ?? 0, data: Buffer.from(String(fence)), keys: [] })
  }

  #context(account: string, principal = ownPrincipal): Context {
    const { store, cache, keys, provider, streams, settings, operations, profiles, clock } = this.#services
    const caller = { account, principal, isServer: true }
    const now = Math.floor(clock() / 1000)
    const objects = new Objects(store, cache, caller, now, settings.cmk.region)
    const context: Omit<Context, 'jobs'> = {
      caller, version: versions[0]!, now, objects, keys, provider, streams, settings, operations,
      profile: profiles.of(caller), batch: new BatchState(), note: () => undefined,
    }
    // Nothing that the scheduler does is asynchronous.
    return context as Context
  }
}

function isDue(cmk: Cmk, now: number): boolean {
  return cmkStateAt(cmk, now) === 'Deleted' || isMaterialExpired(cmk, now) || isCmkRotationDue(cmk, now)
}

const ownPrincipal = 'keyward'
const leaseName = 'cmk-scheduler'
const fenceId = '~scheduler/cmk'
/** Dates count in seconds and act by themselves; a rotation may be a minute late. */
const periodMs = 60_000
/** A page of CMKs takes seconds; a holder that died is followed soon. */
const leaseMs = 120_000
const pageSize = 64
