import { expect, test } from 'vitest'
import { BatchErrorContinuationOption, Operation } from '../../src/kmip/generated/enums.ts'
import { outgoing } from '../../src/kmip/message.ts'
import { AddAttributeRequest } from '../../src/kmip/payload/add-attribute.ts'
import { DeleteAttributeRequest } from '../../src/kmip/payload/delete-attribute.ts'
import { SetAttributeRequest } from '../../src/kmip/payload/set-attribute.ts'
import { Lab, outcome, vendors } from '../support/cmk.ts'
import type { CmkValue } from '../support/cmk.ts'

/** What did not happen to a CMK is seen by nobody afterwards, although its objects are kept in memory. */

function setting(uniqueIdentifier: string, name: string, value: CmkValue) {
  const [attribute] = vendors({ [name]: value })
  const payload = outgoing(SetAttributeRequest, {
    uniqueIdentifier, newAttribute: { name: 'vendorAttribute', value: attribute! },
  })
  return { operation: Operation.SetAttribute, payload }
}

const { Continue, Undo } = BatchErrorContinuationOption

test.each([
  { option: Undo, state: 'Enabled', use: 'Success' },
  { option: Continue, state: 'Disabled', use: 'WrongKeyLifecycleState' },
])('a CMK that a failed batch disabled, with option $option, is $state', async ({ option, state, use }) => {
  const alice = new Lab().as('alice')
  const id = await alice.create({ 'cmk-alias': 'alias/app' })
  const items = [setting(id, 'cmk-enabled', false), setting(id, 'cmk-rotate', true), setting(id, 'cmk-rotate', true)]
  await alice.client.send(items, { batchErrorContinuationOption: option })
  expect((await alice.describe(id))['cmk-state']).toBe(state)
  expect(await outcome(alice.encrypt('alias/app', Buffer.from('x')))).toBe(use)
})

test('an alias whose move fails stays where it is', async () => {
  const alice = new Lab().as('alice')
  const full = await alice.create({ 'cmk-alias': Array.from({ length: 100 }, (_, index) => `alias/${index}`) })
  const holder = await alice.create({ 'cmk-alias': 'alias/app' })
  expect(await outcome(alice.set(full, 'cmk-alias-move', 'alias/app'))).toBe('ServerLimitExceeded')
  expect((await alice.describe(holder))['cmk-alias']).toBe('alias/app')
  await alice.set(holder, 'cmk-description', 'changed after it')
  expect((await alice.describe('alias/app'))['cmk-alias']).toBe('alias/app')
})

test('an alias changes hands within one batch that is one change', async () => {
  const alice = new Lab().as('alice')
  const first = await alice.create({ 'cmk-alias': 'alias/app' })
  const second = await alice.create({ 'cmk-tag-a': 'b' })
  const [currentAttribute] = vendors({ 'cmk-alias': 'alias/app' })
  const payload = outgoing(DeleteAttributeRequest, {
    uniqueIdentifier: first, currentAttribute: { name: 'vendorAttribute', value: currentAttribute! },
  })
  const add = outgoing(AddAttributeRequest, {
    uniqueIdentifier: second, newAttribute: { name: 'vendorAttribute', value: currentAttribute! },
  })
  const items = [{ operation: Operation.DeleteAttribute, payload }, { operation: Operation.AddAttribute, payload: add }]
  await alice.client.send(items, { batchErrorContinuationOption: Undo })
  expect((await alice.encrypt('alias/app', Buffer.from('x'))).uniqueIdentifier).toBe(second)
})
