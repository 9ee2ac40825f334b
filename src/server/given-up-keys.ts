import type { Abandoned } from '../operation/given-up.ts'
import { announcedKey, destructionOrder, givenUpKey, orderedDestruction, withdrawalOf } from '../operation/given-up.ts'
import type { Keys } from '../operation/keys.ts'
import { RevisionConflict } from '../store/store.ts'
import type { Store } from '../store/store.ts'
import type { FaultLog } from './failure.ts'

/**
 * Has providers destroy the keys that committed changes have given up: only now, because a key that was destroyed before
 * a commit that then fails would be lost. What a provider fails to destroy stays ordered, and is tried again.
 *
 * @param orders ids of the records that order it
 */
export async function destroyGivenUp(orders: readonly string[], services: KeyServices): Promise<void> {
  for (const order of orders) {
    try {
      await carryOut(order, services)
    } catch (error) {
      services.log.error({ err: error, order }, 'a provider still keeps a key that was destroyed; it will be tried again')
    }
  }
}

/** Has providers destroy keys that were made for what never came to be. */
export async function destroyAbandoned({ keys, announcements }: Abandoned, services: KeyServices): Promise<void> {
  for (const kept of keys) {
    try {
      await services.keys.destroy(kept)
    } catch (error) {
      const fields = { err: error, provider: kept.provider }
      services.log.error(fields, 'a provider keeps a key that nobody has; it will be tried again')
      await services.store.apply([destructionOrder(kept)]).catch((failure: unknown) => {
        services.log.error({ err: failure, provider: kept.provider }, 'a key that nobody has stays where it is')
      })
    }
  }
  for (const id of announcements) {
    await services.store.apply([withdrawalOf(id)]).catch((error: unknown) => {
      // Somebody else was faster, or the next start carries it out: a key that is gone is destroyed.
      if (!(error instanceof RevisionConflict)) services.log.error({ err: error }, 'an announcement of a key stays')
    })
  }
}

/**
 * Gives up the keys that were being made when the server was killed. For the start, when nothing is being made: who makes
 * a key while this runs loses it, and has to make another.
 *
 * @throws StoreUnavailable
 */
export async function giveUpAnnounced(store: Store): Promise<void> {
  for (;;) {
    const ids = await store.scan(announcedKey, { limit: pageSize })
    for (const id of ids) {
      const order = await store.read(id)
      if (order === undefined) continue
      await store.apply([{ id, expected: order.revision, data: order.data, keys: [givenUpKey] }])
    }
    if (ids.length < pageSize) return
  }
}

/** Tries again, from the start of the server on, what could not be destroyed at once. */
export class GivenUpKeys {
  readonly #services: KeyServices
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> = Promise.resolve()

  constructor(services: KeyServices) {
    this.#services = services
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#running = this.#running.then(() => this.run())
    }, periodMs).unref()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#running
  }

  /** One round; what still fails was logged when it failed first. */
  async run(): Promise<void> {
    let after: string | undefined
    for (;;) {
      const options = { ...(after !== undefined && { after }), limit: pageSize }
      const orders = await this.#services.store.scan(givenUpKey, options).catch(() => [])
      for (const order of orders) await carryOut(order, this.#services).catch(() => undefined)
      if (orders.length < pageSize) return
      after = orders.at(-1)
    }
  }
}

/** Once done, the order goes; that another thread was faster does no harm, because a key that is gone is destroyed. */
async function carryOut(id: string, { keys, store }: KeyServices): Promise<void> {
  const order = await store.read(id)
  if (order === undefined) return
  await keys.destroy(orderedDestruction(order.data))
  await store.apply([{ id, expected: order.revision, data: undefined, keys: [] }]).catch((error: unknown) => {
    if (!(error instanceof RevisionConflict)) throw error
  })
}

interface KeyServices {
  readonly keys: Keys
  readonly store: Store
  readonly log: FaultLog
}

/** A token that is back has its connection again within a second or some. */
const periodMs = 5_000
const pageSize = 64
