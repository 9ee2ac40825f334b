import type { ManagedObject } from '../model/managed-object.ts'
import type { Keys } from '../operation/keys.ts'
import type { ObjectChange } from './change-feed.ts'
import type { FaultLog } from './failure.ts'

/**
 * Has providers destroy the keys that committed changes have given up: only now, because a key that was destroyed before
 * a commit that then fails would be lost. What a provider fails to remove is logged; no object leads to it any more.
 */
export async function destroyGivenUp(
  changes: readonly ObjectChange[], { keys, log }: { readonly keys: Keys; readonly log: FaultLog },
): Promise<void> {
  for (const { before, after } of changes) {
    if (before?.provider === undefined || holdsSame(before, after)) continue
    try {
      await keys.destroy(before)
    } catch (error) {
      const { provider: { name }, uniqueIdentifier } = before
      log.error({ err: error, uniqueIdentifier, provider: name }, 'a provider still keeps a key that was destroyed')
    }
  }
}

/** The record of a destroyed object may still name its provider; there is nothing there any more. */
function holdsSame(before: ManagedObject, after: ManagedObject): boolean {
  if (before.attributes.destroyDate === undefined && after.attributes.destroyDate !== undefined) return false
  return before.provider?.name === after.provider?.name &&
    before.provider?.reference.equals(after.provider?.reference ?? Buffer.alloc(0)) === true
}
