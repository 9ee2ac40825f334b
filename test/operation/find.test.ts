import { expect, test } from 'vitest'
import type { AttributeSet } from '../../src/kmip/attribute.ts'
import { NameType } from '../../src/kmip/generated/enums.ts'
import { newIdentifier } from '../../src/operation/identifier.ts'
import { accountKey, attributeKey } from '../../src/operation/index-keys.ts'
import { ObjectCache } from '../../src/operation/object-cache.ts'
import { Objects } from '../../src/operation/objects.ts'
import { memoryStore } from '../../src/store/memory.ts'
import type { Store } from '../../src/store/store.ts'
import { alice } from '../support/engine.ts'
import { watched } from '../support/event-loop.ts'

const cache = new ObjectCache(10_000, 60_000)

test('identifiers ascend, also within a millisecond', () => {
  const made = Array.from({ length: 20_000 }, newIdentifier)
  expect(made).toEqual(made.toSorted())
  expect(new Set(made).size).toBe(made.length)
  expect(made[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})

test('what a unit of work has changed is found as it has left it, in order', async () => {
  const store = memoryStore()
  const ids = await fill(store, 6, { objectGroup: ['g'] })
  const objects = new Objects(store, cache, alice, 2)
  const first = await objects.load(ids[0]!)
  objects.save({ ...first, attributes: { ...first.attributes, objectGroup: ['h'] } })
  const third = await objects.load(ids[2]!)
  objects.save({ ...third, attributes: { ...third.attributes, objectGroup: ['g', 'h'] } })
  objects.remove(await objects.load(ids[4]!))
  const added = create(objects, { objectGroup: ['g'] })
  const key = attributeKey(alice.account, { name: 'objectGroup', value: 'g' })!
  const expected = [ids[1]!, ids[2]!, ids[3]!, ids[5]!, added]
  expect(await idsOf(objects.find(key))).toEqual(expected)
  expect(await idsOf(objects.find(key, 'descending'))).toEqual(expected.toReversed())
})

test('others get their turn while many objects are looked through', async () => {
  const store = memoryStore()
  await fill(store, 2_000, {})
  const all = new Objects(store, cache, alice, 2).find(accountKey(alice.account))
  const { value, turns } = await watched(() => idsOf(all))
  expect(value).toHaveLength(2_000)
  expect(turns).toBeGreaterThanOrEqual(Math.floor(2_000 / 256))
})

test('and while large objects are, within one page', async () => {
  const store = memoryStore()
  await fill(store, 200, { objectGroup: Array.from({ length: 1_000 }, (_, number) => `group ${number}`) })
  const unread = new Objects(store, new ObjectCache(1, 60_000), alice, 2)
  const { value, longestMs, wholeMs } = await watched(() => idsOf(unread.find(accountKey(alice.account))))
  expect(value).toHaveLength(200)
  expect(longestMs).toBeLessThan(wholeMs / 3)
})

test('a name is found by one scan of one page, however many objects there are', async () => {
  const store = memoryStore()
  const name = { nameValue: 'wanted', nameType: NameType.UninterpretedTextString }
  await fill(store, 1_500, {})
  const [wanted] = await fill(store, 1, { name: [name] })
  const asked = { scans: 0, reads: 0 }
  const counting: Store = {
    ...store,
    scan: (key, options) => {
      asked.scans += 1
      return store.scan(key, options)
    },
    read: (id) => {
      asked.reads += 1
      return store.read(id)
    },
  }
  const objects = new Objects(counting, new ObjectCache(10, 60_000), alice, 2)
  expect(await idsOf(objects.find(attributeKey(alice.account, { name: 'name', value: name })!))).toEqual([wanted])
  expect(asked).toEqual({ scans: 1, reads: 1 })
})

async function fill(store: Store, count: number, attributes: AttributeSet): Promise<string[]> {
  const objects = new Objects(store, cache, alice, 1)
  const ids = Array.from({ length: count }, () => create(objects, attributes))
  await objects.commit()
  return ids
}

function create(objects: Objects, attributes: AttributeSet): string {
  return objects.create({ uniqueIdentifier: newIdentifier(), kind: 'SymmetricKey', attributes }).uniqueIdentifier
}

async function idsOf(found: AsyncIterable<{ uniqueIdentifier: string }>): Promise<string[]> {
  const ids: string[] = []
  for await (const { uniqueIdentifier } of found) ids.push(uniqueIdentifier)
  return ids
}
