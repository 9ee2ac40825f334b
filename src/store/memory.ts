import { checkChanges, checkLease } from './bounds.ts'
import { monotonicMs, nextLease } from './lease.ts'
import type { LeaseRecord } from './lease.ts'
import { RevisionConflict } from './store.ts'
import type { Change, IndexKey, Store } from './store.ts'

/**
 * The reference store: everything in this process's memory, gone with it. It says what the others must do, and
 * serves tests.
 *
 * @param nowMs the lease clock, in milliseconds.
 */
export function memoryStore(nowMs: () => number = monotonicMs): Store {
  const records = new Map<string, MemoryRecord>()
  const index = new Map<IndexKey, string[]>()
  const leases = new Map<string, LeaseRecord>()

  return {
    revision(id) {
      return records.get(id)?.revision ?? 0
    },
    async read(id) {
      const record = records.get(id)
      return record && { id, revision: record.revision, data: record.data.slice() }
    },
    async apply(changes) {
      checkChanges(changes)
      for (const { id, expected } of changes) {
        if ((records.get(id)?.revision ?? 0) !== expected) throw new RevisionConflict(id)
      }
      for (const change of changes) applyChange(records, index, change)
    },
    async scan(key, { after, limit, descending = false }) {
      const ids = index.get(key) ?? []
      if (descending) {
        const end = after === undefined ? ids.length : ids.findLastIndex((id) => id < after) + 1
        return ids.slice(Math.max(0, end - limit), end).toReversed()
      }
      const start = after === undefined ? 0 : positionAfter(ids, after)
      return ids.slice(start, start + limit)
    },
    async lease(name, holder, ms) {
      checkLease(name, holder, ms)
      const next = nextLease(leases.get(name), holder, ms, nowMs())
      if (next) leases.set(name, next)
      return next?.fence
    },
    async close() {},
  }
}

interface MemoryRecord {
  readonly revision: number
  readonly data: Uint8Array
  readonly keys: ReadonlySet<IndexKey>
}

function applyChange(records: Map<string, MemoryRecord>, index: Map<IndexKey, string[]>, change: Change): void {
  const { id, expected, data } = change
  const before = records.get(id)?.keys ?? new Set<IndexKey>()
  const after = new Set(data ? change.keys : [])
  for (const key of before) {
    if (after.has(key)) continue
    const ids = index.get(key) ?? []
    ids.splice(positionAfter(ids, id) - 1, 1)
    if (ids.length === 0) index.delete(key)
  }
  for (const key of after) {
    if (before.has(key)) continue
    const ids = index.get(key) ?? []
    ids.splice(positionAfter(ids, id), 0, id)
    index.set(key, ids)
  }
  if (data) records.set(id, { revision: expected + 1, data: Uint8Array.from(data), keys: after })
  else records.delete(id)
}

/** The position of the first id that is greater than `id`. */
function positionAfter(ids: readonly string[], id: string): number {
  let low = 0
  let high = ids.length
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if ((ids[middle] as string) <= id) low = middle + 1
    else high = middle
  }
  return low
}
