import type { ManagedObject } from '../model/managed-object.ts'
import type { Keys } from '../operation/keys.ts'
import type { ObjectChange } from './change-feed.ts'
import type { FaultLog } from './failure.ts'

/**
 * Has providers destroy the keys that committed changes have given up: only now, because a key that was destroyed before
 * a commit that then fails would be lost. What a provider fails to remove is logged; no object leads to it any more.
 */
export async function destroyGivenUp(changes: readonly ObjectChange[], services: KeyServices): Promise<void> {
  await destroyKeys(changes.flatMap(({ before, after }) => (
    before === undefined || holdsSame(before, after) ? [] : [before])), services)
}

/** Has providers destroy the keys of objects that are no more, or never came to be. */
export async function destroyKeys(objects: readonly ManagedObject[], { keys, log }: KeyServices): Promise<void> {
  for (const object of objects) {
    if (object.provider === undefined) continue
    try {
      await keys.destroy(object)
    } catch (error) {
      const { provider: { name }, uniqueIdentifier } = object
      log.error({ err: error, uniqueIdentifier, provider: name }, 'a provider still keeps a key that was destroyed')
    }
  }
}

interface KeyServices {
  readonly keys: Keys
  readonly log: FaultLog
}

/** The record of a destroyed object may still name its provider; there is nothing there any more. */
function holdsSame(before: ManagedObject, after: ManagedObject): boolean {
  if (before.attributes.destroyDate === undefined && after.attributes.destroyDate !== undefined) return false
  return before.provider?.name === after.provider?.name &&
    before.provider?.reference.equals(after.provider?.reference ?? Buffer.alloc(0)) === true
}
