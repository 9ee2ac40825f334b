import { parentPort, workerData } from 'node:worker_threads'
import { openLmdbStore } from '../../../src/store/lmdb.ts'
import { RevisionConflict } from '../../../src/store/store.ts'

// A thread that adds one to a shared counter `times` times, and checks before each that it sees every count that any
// thread was told is done (the shared integer).
const { directory, times, acknowledged } = workerData as { directory: string; times: number; acknowledged: Int32Array }
const store = await openLmdbStore({ directory, mapSize: 2 ** 30 })
let stale = 0
for (let done = 0; done < times;) {
  const atLeast = Atomics.load(acknowledged, 0)
  const revision = await store.revision('counter')
  if (revision < atLeast) stale += 1
  try {
    await store.apply([{ id: 'counter', expected: revision, data: Buffer.alloc(8), keys: ['k'] }])
    Atomics.store(acknowledged, 0, Math.max(Atomics.load(acknowledged, 0), revision + 1))
    done += 1
  } catch (error) {
    if (!(error instanceof RevisionConflict)) throw error
  }
}
await store.close()
parentPort?.postMessage(stale)
