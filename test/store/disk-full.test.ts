import { execFileSync } from 'node:child_process'
import { rm, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openLmdbStore } from '../../src/store/lmdb.ts'
import { StoreUnavailable } from '../../src/store/store.ts'
import type { Store } from '../../src/store/store.ts'
import { mapSize, sealed, temporaryDirectory } from './place.ts'
import { put, textOf } from './record.ts'

let directory: string
let mounted = false
beforeEach(async () => {
  directory = await temporaryDirectory()
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', directory], { stdio: 'ignore' })
    mounted = true
  } catch {
    mounted = false
  }
})
afterEach(async () => {
  if (mounted) execFileSync('umount', ['-l', directory])
  await rmdir(directory)
})

test('a full disk refuses writes, keeps reading, loses nothing, and recovers without a restart', async context => {
  if (!mounted) context.skip('mounting a small file system needs root')
  const unhandled: unknown[] = []
  const note = (reason: unknown) => unhandled.push(reason)
  process.on('unhandledRejection', note)
  const open = async () => {
    const inner = await openLmdbStore({ directory: join(directory, 'data'), mapSize })
    return sealed(inner, join(directory, 'root.key'))
  }
  let store = await open()
  const ballast = join(directory, 'ballast')
  await writeFile(ballast, Buffer.alloc(4_000_000))

  const acknowledged = await fillUp(store)
  expect(acknowledged.length).toBeGreaterThan(100)
  await expect(store.apply([put('refused', 0, 'x'.repeat(100_000))])).rejects.toThrow(StoreUnavailable)
  await checkAll(store, acknowledged)
  expect(await store.revision('refused')).toBe(0)

  await store.close()
  store = await open()
  await checkAll(store, acknowledged)

  await rm(ballast)
  await store.apply([put('after', 0, 'x'.repeat(100_000), ['k'])])
  await store.close()
  store = await open()
  expect(await textOf(store, 'after')).toBe(`1 ${'x'.repeat(100_000)}`)
  await checkAll(store, acknowledged)
  await store.close()
  process.off('unhandledRejection', note)
  expect(unhandled).toEqual([])
}, 30_000)

/** Writes from eight writers until each is refused. Returns the acknowledged ids. */
async function fillUp(store: Store): Promise<string[]> {
  const acknowledged: string[] = []
  await Promise.all(Array.from({ length: 8 }, async (_, writer) => {
    for (let i = 0; ; i++) {
      const id = `${writer}-${i}`
      const applied = store.apply([put(id, 0, textAt(id), ['k'])])
      const refusal = await applied.then(() => undefined, (reason: unknown) => reason)
      if (refusal === undefined) {
        acknowledged.push(id)
        continue
      }
      expect(refusal).toBeInstanceOf(StoreUnavailable)
      // LMDB says the second when the disk took a part of a write.
      expect(`${(refusal as Error).cause as string}`).toMatch(/no space left|input\/output error/i)
      return
    }
  }))
  return acknowledged
}

async function checkAll(store: Store, ids: readonly string[]): Promise<void> {
  for (const id of ids) expect(await textOf(store, id)).toBe(`1 ${textAt(id)}`)
  expect(await store.scan('k', { limit: 1_000_000 })).toEqual(expect.arrayContaining([...ids]))
}

function textAt(id: string): string {
  return `${id} `.repeat(500)
}
