import { expect, test } from 'vitest'
import { addAttribute } from '../../src/operation/add-attribute.ts'
import { BatchState } from '../../src/operation/batch-state.ts'
import { newIdentifier } from '../../src/operation/identifier.ts'
import { Objects } from '../../src/operation/objects.ts'
import type { Context } from '../../src/operation/operation.ts'
import { alice, testEngine } from '../support/engine.ts'

test('an object has at most 1024 attributes', async () => {
  const { services } = testEngine()
  const objects = new Objects(services.store, services.cache, alice, 1)
  const objectGroup = Array.from({ length: 1_020 }, (_, index) => `group ${index}`)
  const uniqueIdentifier = newIdentifier()
  objects.create({ uniqueIdentifier, kind: 'SymmetricKey', attributes: { objectGroup } })
  const context = { caller: alice, version: 201, now: 1, objects, batch: new BatchState() } as unknown as Context
  const add = async (value: string): Promise<unknown> =>
    addAttribute.handle({ uniqueIdentifier, newAttribute: { name: 'objectGroup', value } } as never, context)
  await add('one more')
  await add('and the last')
  await expect(add('too many')).rejects.toMatchObject({ reason: 'ServerLimitExceeded' })
})
