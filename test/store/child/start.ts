import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { openLmdbStore } from '../../../src/store/lmdb.ts'
import { sealed } from '../place.ts'
import { put, textOf } from '../record.ts'

// One of several threads that open a new sealed store at the same time, write a record each, and read all of them.
const { directory, name, of, started } = workerData as {
  directory: string
  name: number
  of: number
  started: SharedArrayBuffer
}
const ready = new Int32Array(started)
Atomics.add(ready, 0, 1)
while (Atomics.load(ready, 0) < of) await sleep(1)
const inner = await openLmdbStore({ directory: `${directory}/data`, mapSize: 2 ** 30 })
const store = await sealed(inner, `${directory}/root.key`)
await store.apply([put(`r${name}`, 0, `${name}`)])
Atomics.add(ready, 0, 1)
while (Atomics.load(ready, 0) < 2 * of) await sleep(1)
parentPort?.postMessage(await Promise.all(Array.from({ length: of }, (_, i) => textOf(store, `r${i}`))))
