import { openLmdbStore } from '../../../src/store/lmdb.ts'

// Opens the store in the directory of the first argument and holds it until it is killed.
const [directory] = process.argv.slice(2) as [string]
try {
  await openLmdbStore({ directory, mapSize: 2 ** 30 })
  process.stdout.write('open\n')
  setInterval(() => {}, 60_000)
} catch (error) {
  process.stdout.write(`${(error as Error).name}: ${(error as Error).message}\n`)
}
