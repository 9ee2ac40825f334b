import type { Change } from './store.ts'

/** Whether a string can be a record's id. Every store answers "there is none" for one that cannot. */
export function isId(id: string): boolean {
  return idShape.test(id)
}

/**
 * Checks what a caller hands to `Store.apply`, so that all stores refuse the same.
 *
 * @throws RangeError for an id, index key or revision out of bounds, or an id that occurs twice.
 */
export function checkChanges(changes: readonly Change[]): void {
  const ids = new Set<string>()
  for (const { id, expected, keys } of changes) {
    if (!isId(id)) throw new RangeError('a record id is 1 to 200 characters of printable ASCII')
    if (ids.has(id)) throw new RangeError(`record ${id} is changed twice in one apply`)
    ids.add(id)
    if (!(Number.isInteger(expected) && expected >= 0 && expected < revisionMax)) {
      throw new RangeError(`record ${id} has an impossible expected revision`)
    }
    for (const key of keys) {
      if (!keyShape.test(key)) throw new RangeError('an index key is 1 to 64 characters of printable ASCII, no spaces')
    }
  }
}

/** @throws RangeError for a name or holder that is not like an id, or a time that is not a positive number. */
export function checkLease(name: string, holder: string, ms: number): void {
  if (!isId(name) || !isId(holder)) {
    throw new RangeError('a lease name or holder is 1 to 200 characters of printable ASCII')
  }
  if (!(ms > 0 && ms < Number.MAX_SAFE_INTEGER)) throw new RangeError('a lease lasts a positive number of milliseconds')
}

/** Six bytes hold it: nine years of a million changes a second. */
const revisionMax = 2 ** 48 - 1
const idShape = /^[\x20-\x7e]{1,200}$/
const keyShape = /^[\x21-\x7e]{1,64}$/
