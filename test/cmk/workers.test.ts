import { expect, test } from 'vitest'
import { memoryStore } from '../../src/store/memory.ts'
import type { Store } from '../../src/store/store.ts'
import { Lab, outcome } from '../support/cmk.ts'
import type { LabClient } from '../support/cmk.ts'

/** Two workers on one store, each with its own cache, which has what it needs before the other changes it. */
async function twoWorkers() {
  const store = memoryStore()
  const [one, other] = [new Lab({}, { store }), new Lab({}, { store })]
  const [alice, colleague] = [one.as('alice'), other.as('carol')]
  const id = await alice.create({ 'cmk-alias': 'alias/app' })
  const sealed = await colleague.encrypt('alias/app', data)
  await colleague.decrypt(id, sealed)
  return { one, other, alice, colleague, id, sealed }
}

test('what one worker acknowledges, the other knows: disabling', async () => {
  const { alice, colleague, id, sealed } = await twoWorkers()
  await alice.set(id, 'cmk-enabled', false)
  for (const attempt of [colleague.encrypt(id, data), colleague.decrypt('alias/app', sealed)]) {
    expect(await outcome(attempt)).toBe('WrongKeyLifecycleState')
  }
  expect(await colleague.describe(id)).toMatchObject({ 'cmk-state': 'Disabled' })
  await colleague.set(id, 'cmk-enabled', true)
  expect((await alice.decrypt(id, sealed)).data).toEqual(data)
})

test('rotation', async () => {
  const { alice, colleague, id, sealed } = await twoWorkers()
  await alice.set(id, 'cmk-rotate', true)
  const again = await colleague.encrypt('alias/app', data)
  expect(again.uniqueIdentifier).not.toBe(id)
  expect(await outcome(colleague.encrypt(id, data))).toBe('WrongKeyLifecycleState')
  expect((await colleague.decrypt('alias/app', sealed)).uniqueIdentifier).toBe(id)
})

test('aliases', async () => {
  const { alice, colleague, id } = await twoWorkers()
  const second = await alice.create({ 'cmk-tag-a': 'b' })
  await alice.set(second, 'cmk-alias-move', 'alias/app')
  expect((await colleague.encrypt('alias/app', data)).uniqueIdentifier).toBe(second)
  expect((await colleague.describe(id))['cmk-alias']).toBeUndefined()
  await alice.delete(second, 'cmk-alias', 'alias/app')
  expect(await outcome(colleague.encrypt('alias/app', data))).toBe('ObjectNotFound')
})

test('of two who want one alias at once, one gets it', async () => {
  const { alice, colleague } = await twoWorkers()
  const ids = [await alice.create({ 'cmk-tag-a': 'b' }), await alice.create({ 'cmk-tag-a': 'b' })]
  const outcomes = await Promise.all([
    outcome(alice.add(ids[0]!, 'cmk-alias', 'alias/wanted')), outcome(colleague.add(ids[1]!, 'cmk-alias', 'alias/wanted')),
  ])
  expect(outcomes.toSorted()).toEqual(['NonUniqueNameAttribute', 'Success'])
  const winner = ids[outcomes.indexOf('Success')]
  expect((await alice.encrypt('alias/wanted', data)).uniqueIdentifier).toBe(winner)
  expect((await colleague.encrypt('alias/wanted', data)).uniqueIdentifier).toBe(winner)
})

test.each([
  { name: 'a free alias', firstRead: async () => {} },
  { name: 'the alias of a CMK that is past its deletion', firstRead: async (lab: Lab, alice: LabClient) => {
    const id = await alice.create({ 'cmk-alias': 'alias/wanted' })
    await alice.set(id, 'cmk-deletion-window', 7)
    lab.passDays(8)
  } },
])('who was slow and has seen $name does not take it from who had it in between', async ({ firstRead }) => {
  const inner = memoryStore()
  let meanwhile: (() => Promise<void>) | undefined
  const read: Store['read'] = async (id) => {
    const record = await inner.read(id)
    const others = id.startsWith('~alias/') ? meanwhile : undefined
    if (others !== undefined) {
      meanwhile = undefined
      await others()
    }
    return record
  }
  const lab = new Lab({}, { store: { ...inner, read } })
  const alice = lab.as('alice')
  const ids = [await alice.create({ 'cmk-tag-a': 'b' }), await alice.create({ 'cmk-tag-a': 'b' })]
  await firstRead(lab, alice)
  meanwhile = async () => {
    await lab.scheduler.run()
    await alice.add(ids[1]!, 'cmk-alias', 'alias/wanted')
  }
  expect(await outcome(alice.add(ids[0]!, 'cmk-alias', 'alias/wanted'))).toBe('NonUniqueNameAttribute')
  expect((await alice.encrypt('alias/wanted', data)).uniqueIdentifier).toBe(ids[1])
})

const data = Buffer.from('some data to protect')
