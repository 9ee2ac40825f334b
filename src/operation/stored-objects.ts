import { setImmediate } from 'node:timers/promises'
import type { ManagedObject } from '../model/managed-object.ts'
import { decodeRecord } from '../model/record.ts'
import type { IndexKey, Store } from '../store/store.ts'
import type { ObjectCache } from './object-cache.ts'

/** Objects as they are stored, for one unit of work: whoever they belong to, and without their CMKs. */
export class StoredObjects {
  readonly #store: Store
  readonly #cache: ObjectCache
  /** What was read whose keys providers hold: those that a commit gives up are the providers' to destroy. */
  #held: Map<string, ManagedObject> | undefined

  constructor(store: Store, cache: ObjectCache) {
    this.#store = store
    this.#cache = cache
  }

  /** @param keeps whether the object may stay in memory for others */
  async read(uniqueIdentifier: string, keeps: boolean): Promise<ManagedObject | undefined> {
    const revision = await this.#store.revision(uniqueIdentifier)
    if (revision === 0) return undefined
    const object = this.#cache.get(uniqueIdentifier, revision) ?? await this.#decoded(uniqueIdentifier, keeps)
    if (object?.provider !== undefined) (this.#held ??= new Map()).set(uniqueIdentifier, object)
    return object
  }

  /** What was stored in the place of a changed object, as far as it is still known; always, if a provider held its key. */
  before({ uniqueIdentifier, revision }: ManagedObject): ManagedObject | undefined {
    const held = this.#held?.get(uniqueIdentifier)
    return held?.revision === revision ? held : this.#cache.get(uniqueIdentifier, revision)
  }

  /** Unique Identifiers by an index key; other requests get their turn between the pages, and while one takes long. */
  async *scan(key: IndexKey, descending: boolean): AsyncGenerator<string> {
    let after: string | undefined
    let turn = performance.now()
    for (;;) {
      const ids = await this.#store.scan(key, { ...(after !== undefined && { after }), limit: pageSize, descending })
      for (const id of ids) {
        yield id
        if (performance.now() - turn < turnMs) continue
        await setImmediate()
        turn = performance.now()
      }
      if (ids.length < pageSize) return
      after = ids.at(-1)
      await setImmediate()
      turn = performance.now()
    }
  }

  async #decoded(uniqueIdentifier: string, keeps: boolean): Promise<ManagedObject | undefined> {
    const record = await this.#store.read(uniqueIdentifier)
    if (record === undefined) return undefined
    const object = decodeRecord(uniqueIdentifier, record.revision, Buffer.from(record.data))
    if (keeps) this.#cache.put(object)
    return object
  }
}

const pageSize = 256
/** Objects differ: one may have a thousand attributes. Several callers may search at once, and each has its turn. */
const turnMs = 5
