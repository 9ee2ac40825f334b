import { expect, test } from 'vitest'
import fixture from '../../fixtures/cmk/names.json' with { type: 'json' }
import { Lab, outcome } from '../support/cmk.ts'

test.each(fixture.aliases)('alias $name $repeat: $reason', async ({ name, repeat, reason }) => {
  const alice = new Lab().as('alice')
  await alice.create({ 'cmk-alias': 'alias/taken' })
  const id = await alice.create({ 'cmk-description': 'for its aliases' })
  const alias = name ?? `alias/${'x'.repeat(repeat)}`
  expect(await outcome(alice.add(id, 'cmk-alias', alias))).toBe(reason)
  expect(await outcome(alice.create({ 'cmk-alias': alias }))).toBe(reason === 'Success' ? 'NonUniqueNameAttribute' : reason)
  expect(await outcome(alice.encrypt(alias, Buffer.from('x')))).toBe(
    reason === 'Success' || reason === 'NonUniqueNameAttribute' ? 'Success' : 'ObjectNotFound')
})

test.each(fixture.tags)('tag $key = $value: $reason', async ({ key, value, reason }) => {
  const alice = new Lab().as('alice')
  const id = await alice.create({ 'cmk-description': 'for its tags' })
  expect(await outcome(alice.set(id, `cmk-tag-${key}`, value))).toBe(reason)
  expect((await alice.describe(id))[`cmk-tag-${key}`]).toBe(reason === 'Success' ? value : undefined)
})

test('a CMK has at most 20 tags, whose values are replaced', async () => {
  const alice = new Lab().as('alice')
  const tags = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`cmk-tag-${index}`, 'x']))
  const id = await alice.create(tags)
  expect(await outcome(alice.set(id, 'cmk-tag-20', 'x'))).toBe('ServerLimitExceeded')
  expect(await outcome(alice.set(id, 'cmk-tag-19', 'y'))).toBe('Success')
  await alice.delete(id, 'cmk-tag-0')
  expect(await outcome(alice.set(id, 'cmk-tag-20', 'x'))).toBe('Success')
  expect(await outcome(alice.delete(id, 'cmk-tag-0'))).toBe('AttributeNotFound')
})

test.each(fixture.windows)('a deletion window of $days days: $reason', async ({ days, reason }) => {
  const alice = new Lab().as('alice')
  const id = await alice.create({ 'cmk-description': 'to be deleted' })
  expect(await outcome(alice.set(id, 'cmk-deletion-window', days))).toBe(reason)
  expect((await alice.describe(id))['cmk-state']).toBe(reason === 'Success' ? 'PendingDeletion' : 'Enabled')
})

test.each(fixture.intervals)('a rotation interval of $interval: $reason', async ({ interval, reason }) => {
  const alice = new Lab().as('alice')
  const id = await alice.create({ 'cmk-description': 'to be rotated' })
  expect(await outcome(alice.set(id, 'cmk-rotation-interval', interval))).toBe(reason)
})

test('descriptions have at most 8192 characters, by both their names', async () => {
  const alice = new Lab().as('alice')
  const id = await alice.create({ 'cmk-alias': 'alias/app' })
  expect(await outcome(alice.set(id, 'cmk-description', 'x'.repeat(8_193)))).toBe('InvalidField')
  await alice.set(id, 'cmk-description', 'x'.repeat(8_192))
  await alice.setOwn(id, { name: 'description', value: 'for the ledger' })
  expect((await alice.describe(id))['cmk-description']).toBe('for the ledger')
  expect((await alice.attributes(id)).description).toBe('for the ledger')
})

test('an alias means one CMK of one account, moves, and is deleted', async () => {
  const lab = new Lab()
  const alice = lab.as('alice')
  const carol = lab.as('carol', 201, 'beta')
  const first = await alice.create({ 'cmk-alias': ['alias/app', 'alias/also'] })
  const second = await alice.create({ 'cmk-tag-a': 'b' })
  const foreign = await carol.create({ 'cmk-alias': 'alias/app' })
  expect((await alice.encrypt('alias/app', data)).uniqueIdentifier).toBe(first)
  expect((await carol.encrypt('alias/app', data)).uniqueIdentifier).toBe(foreign)
  await alice.set(second, 'cmk-alias-move', 'alias/app')
  expect((await alice.encrypt('alias/app', data)).uniqueIdentifier).toBe(second)
  expect((await alice.encrypt('alias/also', data)).uniqueIdentifier).toBe(first)
  expect(await outcome(alice.set(second, 'cmk-alias-move', 'alias/none'))).toBe('ObjectNotFound')
  await alice.delete(second, 'cmk-alias', 'alias/app')
  expect(await outcome(alice.encrypt('alias/app', data))).toBe('ObjectNotFound')
  expect((await carol.encrypt('alias/app', data)).uniqueIdentifier).toBe(foreign)
  expect(await outcome(alice.encrypt(`acs:kms:local:beta:key/${foreign}`, data))).toBe('ObjectNotFound')
  expect(await outcome(alice.encrypt(`key/${foreign}`, data))).toBe('ObjectNotFound')
  expect(await outcome(alice.encrypt(`acs:kms:other:alpha:key/${first}`, data))).toBe('ObjectNotFound')
  expect((await alice.encrypt('acs:kms:local:alpha:alias/also', data)).uniqueIdentifier).toBe(first)
})

test('an alias is the Name of the primary version, and a Name that begins so is an alias', async () => {
  const alice = new Lab().as('alice')
  const id = await alice.create({ 'cmk-class': 'customer' }, { name: [{ nameValue: 'alias/app', nameType: 1 }] })
  expect(await alice.locateNamed('alias/app')).toEqual([id])
  await alice.addOwn(id, { name: 'name', value: { nameValue: 'alias/second', nameType: 1 } })
  await alice.addOwn(id, { name: 'name', value: { nameValue: 'plain', nameType: 1 } })
  expect((await alice.encrypt('alias/second', data)).uniqueIdentifier).toBe(id)
  await alice.set(id, 'cmk-rotate', true)
  const { uniqueIdentifier: next } = await alice.encrypt('alias/second', data)
  expect(next).not.toBe(id)
  for (const name of ['alias/app', 'alias/second', 'plain']) expect(await alice.locateNamed(name)).toEqual([next])
  await alice.deleteOwn(next, { name: 'name', value: { nameValue: 'alias/app', nameType: 1 } })
  expect(await outcome(alice.encrypt('alias/app', data))).toBe('ObjectNotFound')
  expect(await outcome(alice.modifyOwn(next, 'alias/second', 'alias/third'))).toBe('IllegalOperation')
})

const data = Buffer.from('data')
