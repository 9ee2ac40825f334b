import { openLmdbStore } from '../../../src/store/lmdb.ts'
import type { LmdbOptions } from '../../../src/store/lmdb.ts'

// Sixteen writers that create, change and delete records of their own without end. Each line of the output is one
// acknowledged change: the record's id and its revision after it.
const [directory, round, acknowledge] = process.argv.slice(2) as [string, string, 'durable' | 'before-commit']
const options: LmdbOptions = { directory, mapSize: 2 ** 30, acknowledge }
const store = await openLmdbStore(options)
process.stdout.write('open\n')
for (let writer = 0; writer < 16; writer++) void write(`w${writer}`)

async function write(name: string): Promise<void> {
  for (let i = 0; ; i++) {
    const id = `${name}-${round}-${i}`
    const data = Buffer.alloc(600, i % 256)
    await store.apply([{ id, expected: 0, data, keys: [name, `r${round}`] }])
    process.stdout.write(`${id} 1\n`)
    await store.apply([{ id, expected: 1, data, keys: [name] }])
    process.stdout.write(`${id} 2\n`)
    if (i % 3 > 0) continue
    await store.apply([{ id, expected: 2, data: undefined, keys: [] }])
    process.stdout.write(`${id} 0\n`)
  }
}
