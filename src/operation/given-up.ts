import { randomUUID } from 'node:crypto'
import type { Announce, Provider, ReferredKey } from '../crypto/provider.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import type { Change, Store } from '../store/store.ts'
import { token } from './index-keys.ts'
import { storedKeyOf } from './stored-key.ts'

/** A key that a provider keeps. */
export interface KeptKey {
  /** The provider's name. */
  readonly provider: string
  readonly key: ReferredKey
}

/** What a provider keeps of an object's key. */
export function keptKeyOf(object: ManagedObject): KeptKey | undefined {
  const { provider } = object
  // A destroyed object's record may still name its provider; there is nothing there any more.
  if (provider === undefined || object.attributes.destroyDate !== undefined) return undefined
  return { provider: provider.name, key: storedKeyOf(object) as ReferredKey }
}

/** The keys at providers that come and go with one unit of work. */
export class KeptKeys {
  readonly #store: Store
  /** Ids of the records that order the destruction of what is being made; this unit of work's commit removes them. */
  readonly #announcements: string[] = []
  #made: KeptKey[] = []
  readonly #givenUp: KeptKey[] = []
  #destructions: readonly string[] = []

  constructor(store: Store) {
    this.#store = store
  }

  /**
   * Takes announcements of keys that a provider makes for this unit of work. The destruction of each is ordered before
   * it is made, and the order goes in the commit that gives the key to an object: if that commit never comes, because
   * the server is killed in between, the next start has the key destroyed. A commit that comes after that finds its
   * order changed, and fails.
   */
  announceAt({ name }: Provider): Announce {
    return async (key) => {
      const kept: KeptKey = { provider: name, key }
      const order = { ...destructionOrder(kept), keys: [announcedKey] }
      await this.#store.apply([order])
      this.#announcements.push(order.id)
      this.#made.push(kept)
      return () => void (this.#made = this.#made.filter((each) => each !== kept))
    }
  }

  /** A key that was made and is not yet, or never will be, that of an object: it goes if the unit of work does. */
  made(key: KeptKey): void {
    if (!this.#made.some((known) => isSame(known, key))) this.#made.push(key)
  }

  /** A key to which no record leads any more, once the unit of work is committed. */
  giveUp(key: KeptKey): void {
    this.#givenUp.push(key)
  }

  /** Whether orders are to be committed, whatever else is. */
  get hasOrders(): boolean {
    return this.#givenUp.length > 0 || this.#announcements.length > 0
  }

  /** @returns what gives up the keys that were made since, and those of new objects that there will not be */
  savepoint(): (dropped: readonly ManagedObject[]) => void {
    const before = this.#made.length
    return (dropped) => {
      const made = dropped.filter(({ revision }) => revision === 0).flatMap((object) => keptKeyOf(object) ?? [])
      this.#givenUp.push(...distinct([...this.#made.splice(before), ...made]))
    }
  }

  /** Ids of the records by which the last commit has ordered the destruction of keys. */
  get destructions(): readonly string[] {
    return this.#destructions
  }

  /** What is to be committed with these changes. */
  destructionsOf(changes: readonly { before: ManagedObject | undefined; after: ManagedObject }[]): Change[] {
    const givenUp = changes.flatMap(({ before, after }) => givenUpBy(before, after) ?? [])
    const withdrawn = this.#announcements.map(withdrawalOf)
    return [...[...this.#givenUp, ...givenUp].map(destructionOrder), ...withdrawn]
  }

  committed(orders: readonly Change[]): void {
    this.#destructions = orders.flatMap(({ id, data }) => (data === undefined ? [] : id))
    this.#announcements.length = 0
    this.#made.length = 0
    this.#givenUp.length = 0
  }

  /** What was made for a unit of work that will not be committed. */
  abandonedOf(
    pending: readonly ManagedObject[], before: (object: ManagedObject) => ManagedObject | undefined,
  ): Abandoned {
    const ofObjects = pending.flatMap((object) => {
      const stored = object.revision === 0 ? undefined : before(object)
      return givenUpBy(object, stored ?? { ...object, provider: undefined }) ?? []
    })
    return { keys: distinct([...this.#made, ...ofObjects]), announcements: this.#announcements }
  }
}

/** Keys at providers that are to be destroyed, and the ids of the records that were to order it if nobody else did. */
export interface Abandoned {
  readonly keys: readonly KeptKey[]
  readonly announcements: readonly string[]
}

/** The key to which a changed object does not lead any more. */
function givenUpBy(before: ManagedObject | undefined, after: ManagedObject): KeptKey | undefined {
  const [had, has] = [before && keptKeyOf(before), keptKeyOf(after)]
  return had !== undefined && has !== undefined && isSame(had, has) ? undefined : had
}

/**
 * The record that orders the destruction of a key. It is committed with the change that gives the key up, and goes when
 * the provider has destroyed it: a token that is down then, or a crash in between, does not leave the key in it for ever.
 */
export function destructionOrder({ provider, key }: KeptKey): Change {
  const { reference, ...spec } = key
  const data = Buffer.from(JSON.stringify({ provider, ...spec, reference: reference.toString('base64') }))
  return { id: `~given-up/${randomUUID()}`, expected: 0, data, keys: [givenUpKey] }
}

/** Takes the announcement of a key back, unless the key was given up meanwhile. */
export function withdrawalOf(id: string): Change {
  return { id, expected: 1, data: undefined, keys: [] }
}

export function orderedDestruction(data: Uint8Array): KeptKey {
  const { provider, reference, ...spec } = JSON.parse(Buffer.from(data).toString()) as Stored
  return { provider, key: { ...spec, reference: Buffer.from(reference, 'base64') } }
}

/** All orders that are to be carried out. */
export const givenUpKey = token('given-up')

/** All announcements: orders that are to be carried out if those who make the keys are killed. */
export const announcedKey = token('announced')

type Stored = Omit<ReferredKey, 'reference'> & { readonly provider: string; readonly reference: string }

function distinct(keys: readonly KeptKey[]): KeptKey[] {
  return keys.filter((key, index) => keys.findIndex((other) => isSame(key, other)) === index)
}

function isSame(one: KeptKey, other: KeptKey): boolean {
  return one.provider === other.provider && one.key.reference.equals(other.key.reference)
}
