import { randomUUID } from 'node:crypto'
import type { ReferredKey } from '../crypto/provider.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import type { Change } from '../store/store.ts'
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
  readonly #made: KeptKey[] = []
  readonly #givenUp: KeptKey[] = []
  #destructions: readonly string[] = []

  /** A key that was made and is not yet, or never will be, that of an object: it goes if the unit of work does. */
  made(key: KeptKey): void {
    this.#made.push(key)
  }

  /** A key to which no record leads any more, once the unit of work is committed. */
  giveUp(key: KeptKey): void {
    this.#givenUp.push(key)
  }

  /** Whether there is something to destroy, whatever else is committed. */
  get hasGivenUp(): boolean {
    return this.#givenUp.length > 0
  }

  /** @returns what gives up the keys that were made since, and those of new objects that there will not be */
  savepoint(): (dropped: readonly ManagedObject[]) => void {
    const before = this.#made.length
    return (dropped) => {
      const made = dropped.filter(({ revision }) => revision === 0).flatMap((object) => keptKeyOf(object) ?? [])
      this.#givenUp.push(...this.#made.splice(before), ...made)
    }
  }

  /** Ids of the records by which the last commit has ordered the destruction of keys. */
  get destructions(): readonly string[] {
    return this.#destructions
  }

  /** What is to be committed with these changes. */
  destructionsOf(changes: readonly { before: ManagedObject | undefined; after: ManagedObject }[]): Change[] {
    const givenUp = changes.flatMap(({ before, after }) => givenUpBy(before, after) ?? [])
    return [...this.#givenUp, ...givenUp].map(destructionOrder)
  }

  committed(orders: readonly Change[]): void {
    this.#destructions = orders.map(({ id }) => id)
    this.#made.length = 0
    this.#givenUp.length = 0
  }

  /** The keys that were made for a unit of work that will not be committed. */
  abandonedOf(
    pending: readonly ManagedObject[], before: (object: ManagedObject) => ManagedObject | undefined,
  ): KeptKey[] {
    const ofObjects = pending.flatMap((object) => {
      const stored = object.revision === 0 ? undefined : before(object)
      return givenUpBy(object, stored ?? { ...object, provider: undefined }) ?? []
    })
    return [...this.#made, ...ofObjects]
  }
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

export function orderedDestruction(data: Uint8Array): KeptKey {
  const { provider, reference, ...spec } = JSON.parse(Buffer.from(data).toString()) as Stored
  return { provider, key: { ...spec, reference: Buffer.from(reference, 'base64') } }
}

/** All orders. */
export const givenUpKey = token('given-up')

type Stored = Omit<ReferredKey, 'reference'> & { readonly provider: string; readonly reference: string }

function isSame(one: KeptKey, other: KeptKey): boolean {
  return one.provider === other.provider && one.key.reference.equals(other.key.reference)
}
