import { expect, test } from 'vitest'
import { newIdentifier } from '../../src/operation/identifier.ts'
import { accountKey } from '../../src/operation/index-keys.ts'
import { ObjectCache } from '../../src/operation/object-cache.ts'
import { recordIdOf } from '../../src/operation/object-record.ts'
import { Objects } from '../../src/operation/objects.ts'
import { memoryStore } from '../../src/store/memory.ts'
import type { Store } from '../../src/store/store.ts'
import { alice } from '../support/engine.ts'

test('a look through everything does not drive out what is in use', async () => {
  const store = memoryStore()
  const [hot, ...others] = await fill(store, 200)
  const cache = new ObjectCache(50, 60_000)
  await new Objects(store, cache, alice, 2).load(hot!)
  expect(await count(new Objects(store, cache, alice, 2).find(accountKey(alice.account)))).toBe(200)
  expect([hot!, others.at(-1)!].map((id) => cache.get(recordIdOf(alice.account, id), 1) !== undefined)).toEqual([true, false])
})

test('what is loaded again and again stays, what was loaded once goes', async () => {
  const store = memoryStore()
  const [hot, cold, ...others] = await fill(store, 200)
  const cache = new ObjectCache(50, 60_000)
  await new Objects(store, cache, alice, 2).load(cold!)
  for (const id of others) {
    await new Objects(store, cache, alice, 2).load(hot!)
    await new Objects(store, cache, alice, 2).load(id)
  }
  expect([hot!, cold!].map((id) => cache.get(recordIdOf(alice.account, id), 1) !== undefined)).toEqual([true, false])
})

async function fill(store: Store, many: number): Promise<string[]> {
  const cache = new ObjectCache(1, 1)
  const objects = new Objects(store, cache, alice, 1)
  const ids = Array.from({ length: many }, () => (
    objects.create({ uniqueIdentifier: newIdentifier(), kind: 'SymmetricKey', attributes: {} }).uniqueIdentifier))
  await objects.commit()
  cache.close()
  return ids
}

async function count(found: AsyncIterable<unknown>): Promise<number> {
  const all: unknown[] = []
  for await (const each of found) all.push(each)
  return all.length
}
