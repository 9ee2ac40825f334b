import { missingText } from '../cmk/address.ts'
import { KmipError } from '../kmip/error.ts'
import { after } from '../model/awaitable.ts'
import type { Awaitable } from '../model/awaitable.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import { decodeRecord } from '../model/record.ts'
import type { Change, IndexKey, Store } from '../store/store.ts'
import type { Changes } from './changes.ts'
import type { ObjectCache } from './object-cache.ts'
import { changeOf, isRemoval, recordIdOf, removalOf, uniqueIdentifierOf } from './object-record.ts'
import { Turn } from '../model/turn.ts'

/** The objects of one account as they are stored, for one unit of work, and without their CMKs. */
export class StoredObjects {
  readonly #store: Store
  readonly #cache: ObjectCache
  readonly #account: string
  /** What was read whose keys providers hold: those that a commit gives up are the providers' to destroy. */
  #held: Map<string, ManagedObject> | undefined
  /** Of removed objects, by Unique Identifier, their revisions. */
  #vacated: Map<string, number> | undefined

  constructor(store: Store, cache: ObjectCache, account: string) {
    this.#store = store
    this.#cache = cache
    this.#account = account
  }

  /** @param keeps whether the object may stay in memory for others */
  read(uniqueIdentifier: string, keeps: boolean): Awaitable<ManagedObject | undefined> {
    const id = recordIdOf(this.#account, uniqueIdentifier)
    return after(this.#store.revision(id), (revision) => {
      if (revision === 0) return undefined
      const cached = this.#cache.get(id, revision)
      return cached === undefined ? this.#decoded(id, keeps) : this.#hold(cached)
    })
  }

  /** Puts an object that is as it is stored into memory, for others too. */
  keep(object: ManagedObject): void {
    this.#cache.put(recordIdOf(this.#account, object.uniqueIdentifier), object)
  }

  /** What was stored in the place of a changed object, as far as it is still known; always, if a provider held its key. */
  before({ uniqueIdentifier, revision }: ManagedObject): ManagedObject | undefined {
    const held = this.#held?.get(uniqueIdentifier)
    return held?.revision === revision ? held : this.#cache.get(recordIdOf(this.#account, uniqueIdentifier), revision)
  }

  /** The revision that an object takes the place of: of a new one, what a removed one has left there, or 0. */
  replaced({ uniqueIdentifier, revision }: ManagedObject): number {
    return revision > 0 ? revision : this.#vacated?.get(uniqueIdentifier) ?? 0
  }

  /** A new object is put where the unit of work has removed one: it takes the place of that one, which is removed no more. */
  follow(removed: Map<string, number>, uniqueIdentifier: string): void {
    const revision = removed.get(uniqueIdentifier)
    if (revision !== undefined) this.#vacate(uniqueIdentifier, revision)
    removed.delete(uniqueIdentifier)
  }

  /** How the store is told of changes. */
  recordsOf({ objects, removed, records }: Changes): Change[] {
    const stored = [...objects.values()].map((object) => changeOf(object, this.replaced(object)))
    const removals = [...removed].map(([id, revision]) => removalOf(this.#account, id, revision))
    return [...stored, ...removals, ...records.values()]
  }

  /** Unique Identifiers by an index key; other requests get their turn between the pages, and while one takes long. */
  async *scan(key: IndexKey, descending: boolean): AsyncGenerator<string> {
    let after: string | undefined
    const turn = new Turn()
    for (;;) {
      const ids = await this.#store.scan(key, { ...(after !== undefined && { after }), limit: pageSize, descending })
      for (const id of ids) {
        yield uniqueIdentifierOf(id)
        if (turn.isOver) await turn.pass()
      }
      if (ids.length < pageSize) return
      after = ids.at(-1)
      await turn.pass()
    }
  }

  async #decoded(id: string, keeps: boolean): Promise<ManagedObject | undefined> {
    const record = await this.#store.read(id)
    if (record === undefined) return undefined
    if (isRemoval(record)) {
      this.#vacate(uniqueIdentifierOf(id), record.revision)
      return undefined
    }
    const object = decodeRecord(uniqueIdentifierOf(id), record.revision, Buffer.from(record.data))
    if (keeps) this.#cache.put(id, object)
    return this.#hold(object)
  }

  #vacate(uniqueIdentifier: string, revision: number): void {
    (this.#vacated ??= new Map()).set(uniqueIdentifier, revision)
  }

  #hold(object: ManagedObject): ManagedObject {
    if (object.provider !== undefined) (this.#held ??= new Map()).set(object.uniqueIdentifier, object)
    return object
  }
}

const pageSize = 256

/** @throws KmipError Object Not Found where there is none */
export function found<T>(object: T | undefined, identifier: string): T {
  if (object === undefined) throw new KmipError('ObjectNotFound', missingText(identifier))
  return object
}
