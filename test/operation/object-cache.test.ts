import { beforeEach, describe, expect, it, test } from 'vitest'
import { newIdentifier } from '../../src/operation/identifier.ts'
import { accountKey } from '../../src/operation/index-keys.ts'
import { ObjectCache } from '../../src/operation/object-cache.ts'
import { recordIdOf } from '../../src/operation/object-record.ts'
import { Objects } from '../../src/operation/objects.ts'
import { memoryStore } from '../../src/store/memory.ts'
import { RevisionConflict } from '../../src/store/store.ts'
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

describe('what takes the place of a removed object', () => {
  const id = 'chosen-by-the-client'
  let store: Store
  let caches: readonly [ObjectCache, ObjectCache]
  beforeEach(async () => {
    store = memoryStore()
    caches = [new ObjectCache(50, 60_000), new ObjectCache(50, 60_000)]
    const objects = work(0)
    objects.create({ uniqueIdentifier: id, kind: 'Template', attributes: {} })
    await objects.commit()
  })
  const work = (thread: 0 | 1): Objects => new Objects(store, caches[thread], alice, 1)
  const replace = async (removing: Objects, importing: Objects): Promise<void> => {
    removing.remove(await removing.load(id))
    if (removing !== importing) await removing.commit()
    expect(await importing.peek(id)).toBeUndefined()
    importing.import({ uniqueIdentifier: id, kind: 'SymmetricKey', attributes: {} })
    expect((await importing.peek(id))?.kind).toBe('SymmetricKey')
    await importing.commit()
    expect(importing.committed().map(({ before, after }) => [before, after.revision])).toEqual([[undefined, 0]])
  }

  it.each([
    ['later', false], ['in the same unit of work', true],
  ])('is not taken for it in another thread: %s', async (_, together) => {
    await work(1).load(id)
    const first = work(0)
    await replace(first, together ? first : work(0))
    expect((await work(1).load(id)).kind).toBe('SymmetricKey')
    expect((await work(0).load(id)).kind).toBe('SymmetricKey')
  })

  it('is not overwritten by who has loaded the removed one', async () => {
    const slow = work(1)
    slow.save(await slow.load(id))
    await replace(work(0), work(0))
    await expect(slow.commit()).rejects.toThrow(RevisionConflict)
  })

  it('goes in the same unit of work, and with it what was there before', async () => {
    const objects = work(0)
    objects.remove(await objects.load(id))
    objects.remove(objects.import({ uniqueIdentifier: id, kind: 'Template', attributes: {} }))
    await objects.commit()
    for (const thread of [0, 1] as const) expect(await work(thread).peek(id)).toBeUndefined()
  })
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
