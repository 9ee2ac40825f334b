import { setImmediate as nextTurn } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { openLmdbStore } from '../../../src/store/lmdb.ts'
import { RevisionConflict } from '../../../src/store/store.ts'

// A thread that adds to a record's revision `times` times, or with 0 only reads it until it is `until`. Threads tell
// each other the last acknowledged revision through a shared integer; a revision read after that must not be less.
// Reads come many in one turn of the event loop. The thread's message is how many reads were stale.
const { directory, times, until, acknowledged, commits } = workerData as {
  directory: string
  times: number
  until: number
  acknowledged: Int32Array
  commits: Int32Array | undefined
}
const store = await openLmdbStore({ directory, mapSize: 2 ** 30, ...(commits && { commits }) })
let stale = 0
if (times === 0) await readUntilDone()
else for (let i = 0; i < times; i++) await add()
await store.close()
parentPort?.postMessage(stale)

async function readUntilDone(): Promise<void> {
  while (Atomics.load(acknowledged, 0) < until) {
    for (let i = 0; i < 5_000; i++) await readRevision()
    await nextTurn()
  }
}

async function add(): Promise<void> {
  while (true) {
    const revision = await readRevision()
    try {
      await store.apply([{ id: 'counter', expected: revision, data: Buffer.alloc(8), keys: ['k'] }])
      Atomics.store(acknowledged, 0, revision + 1)
      return
    } catch (error) {
      if (!(error instanceof RevisionConflict)) throw error
    }
  }
}

async function readRevision(): Promise<number> {
  const atLeast = Atomics.load(acknowledged, 0)
  const revision = await store.revision('counter')
  if (revision < atLeast) stale += 1
  return revision
}
