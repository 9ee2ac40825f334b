import { expect, test } from 'vitest'
import { Tag } from '../../src/kmip/generated/tags.ts'
import { printItem } from '../../src/kmip/print.ts'
import { Objects } from '../../src/operation/objects.ts'
import type { Context } from '../../src/operation/operation.ts'
import { process } from '../../src/operation/process.ts'
import { decodeItem } from '../../src/ttlv/item.ts'
import type { Item } from '../../src/ttlv/item.ts'
import { encodeItem } from '../../src/ttlv/writer.ts'
import { find } from '../support/client-endpoint.ts'
import { alice, bob, testEngine } from '../support/engine.ts'
import { item, request } from '../support/xml.ts'

/** Bounds that take too many requests, or too long a time, for a conversation. */

test('an account has at most a thousand tickets, delegated ones too', async () => {
  const engines = testEngine()
  for (let count = 0; count < 1_000; count += 1) await say(engines, item('Login'))
  const rights = '<Rights><Right><Operations><Operation type="Enumeration" value="Ping"/></Operations></Right></Rights>'
  const delegate = item('DelegatedLogin', rights)
  expect(await printed(engines, delegate)).toContain('ServerLimitExceeded')
  expect(await printed(engines, delegate, bob)).toContain('ResultStatus Enumeration Success')
})

test.for([
  ['PKCS_11', '<PKCS_11Function type="Enumeration" value="C_Initialize"/>'],
  ['Hash', `<CryptographicParameters><HashingAlgorithm type="Enumeration" value="SHA_256"/></CryptographicParameters>
    <InitIndicator type="Boolean" value="true"/>`],
] as const)('an account has a bounded number of operations of several parts under way: %s', async ([operation, payload]) => {
  const engines = testEngine()
  const begin = item(operation, payload)
  for (let count = 0; count < 16; count += 1) expect(await printed(engines, begin)).toContain('CorrelationValue')
  expect(await printed(engines, begin)).toContain('ServerLimitExceeded')
  expect(await printed(engines, begin, bob)).toContain('CorrelationValue')
})

test('Process does not wait longer than a client does', async () => {
  const engines = testEngine()
  const mandatory = '<AsynchronousIndicator type="Enumeration" value="Mandatory"/>'
  const pending = await say(engines, item('Ping'), alice, mandatory)
  const asynchronousCorrelationValue = find(pending, Tag.AsynchronousCorrelationValue)!.value as Buffer
  const { store, cache } = engines.services
  const objects = new Objects(store, cache, alice, 1)
  // The time is over at once.
  const context = { objects, caller: alice, jobs: { advance: async () => undefined } } as unknown as Context
  await expect(process.handle({ asynchronousCorrelationValue } as never, context))
    .rejects.toMatchObject({ reason: 'GeneralFailure' })
  await engines.engine.stop()
})

type Engines = ReturnType<typeof testEngine>

async function say({ engine }: Engines, what: string, caller = alice, header = ''): Promise<Item> {
  return decodeItem((await engine.process(encodeItem(request('2.1', what, header)), caller)).bytes)
}

async function printed(engines: Engines, what: string, caller = alice): Promise<string> {
  return printItem(await say(engines, what, caller))
}
