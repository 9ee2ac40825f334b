import { checkChanges } from './bounds.ts'
import { RevisionConflict } from './store.ts'
import type { Change, Store, StoredRecord } from './store.ts'

/**
 * For tests only: wraps a store so that `apply` resolves while the change is still only in this process's memory, and
 * reaches the store `delayMs` milliseconds later. Everything else keeps its contract within one thread, so that a
 * test which fails on it fails because of the missing durability alone.
 */
export function writeBehind(inner: Store, delayMs: number): Store {
  const pending = new Map<string, Change>()
  let queue: (readonly Change[])[] = []
  let flushing = Promise.resolve()
  let timer: NodeJS.Timeout | undefined
  let flushes = 0

  async function flush(): Promise<void> {
    timer = undefined
    const batch = queue
    queue = []
    await Promise.all(batch.map(changes => inner.apply(changes)))
    for (const change of batch.flat()) if (pending.get(change.id) === change) pending.delete(change.id)
    flushes += 1
  }

  async function revision(id: string): Promise<number> {
    const waiting = pending.get(id)
    return waiting ? revisionAfter(waiting) : inner.revision(id)
  }

  return {
    revision,
    async read(id) {
      const waiting = pending.get(id)
      return waiting ? recordAfter(waiting) : inner.read(id)
    },
    async apply(changes) {
      checkChanges(changes)
      let revisions: number[]
      let flushesBefore: number
      do {
        flushesBefore = flushes
        revisions = await Promise.all(changes.map(async ({ id }) => inner.revision(id)))
      } while (flushesBefore !== flushes)
      for (const [i, { id, expected }] of changes.entries()) {
        const waiting = pending.get(id)
        const present = waiting ? revisionAfter(waiting) : revisions[i]
        if (present !== expected) throw new RevisionConflict(id)
      }
      const copies = changes.map(change => ({ ...change, data: change.data && Uint8Array.from(change.data) }))
      for (const change of copies) pending.set(change.id, change)
      queue.push(copies)
      timer ??= setTimeout(() => {
        flushing = flushing.then(flush)
      }, delayMs)
    },
    async scan(key, options) {
      const { after, limit, descending = false } = options
      const isBeyond = (id: string): boolean => after === undefined || (descending ? id < after : id > after)
      const stored = await inner.scan(key, { ...options, limit: limit + pending.size })
      const ids = new Set(stored.filter(id => !pending.has(id)))
      for (const [id, { data, keys }] of pending) {
        if (data && keys.includes(key) && isBeyond(id)) ids.add(id)
      }
      const sorted = [...ids].toSorted()
      return (descending ? sorted.toReversed() : sorted).slice(0, limit)
    },
    lease: (name, holder, ms) => inner.lease(name, holder, ms),
    async close() {
      clearTimeout(timer)
      flushing = flushing.then(flush)
      await flushing
      await inner.close()
    },
  }
}

function revisionAfter({ expected, data }: Change): number {
  return data ? expected + 1 : 0
}

function recordAfter(change: Change): StoredRecord | undefined {
  const { id, data } = change
  return data && { id, revision: revisionAfter(change), data: data.slice() }
}
