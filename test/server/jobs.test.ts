import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Tag } from '../../src/kmip/generated/tags.ts'
import { printItem } from '../../src/kmip/print.ts'
import { completedKey } from '../../src/operation/job.ts'
import { decodeItem } from '../../src/ttlv/item.ts'
import type { Item } from '../../src/ttlv/item.ts'
import { encodeItem } from '../../src/ttlv/writer.ts'
import { memoryStore } from '../../src/store/memory.ts'
import { find } from '../support/client-endpoint.ts'
import { alice, bob, testEngine } from '../support/engine.ts'
import { item, request } from '../support/xml.ts'

test('what was submitted before the server ended is executed after it begins again, once', async () => {
  const store = memoryStore()
  const before = testEngine({ store })
  const value = correlationValue(await send(before, item('Create', create), mandatory))
  await before.engine.stop()

  const after = testEngine({ store })
  after.engine.start()
  const polled = await send(after, poll(value))
  expect(polled).toContain('ResultStatus Enumeration Success')
  expect(polled).toContain('Operation Enumeration Create')
  const found = await send(after, item('Locate'))
  expect(found.match(/UniqueIdentifier TextString/g)).toHaveLength(1)
  await after.engine.stop()
})

test.each([10, 10_000, 1_000_000])('a request of %i bytes is taken on', async (bytes) => {
  const engine = testEngine()
  const hash = item('Hash', `
    <CryptographicParameters><HashingAlgorithm type="Enumeration" value="SHA_256"/></CryptographicParameters>
    <Data type="ByteString" value="${'ab'.repeat(bytes)}"/>`)
  const value = correlationValue(await send(engine, hash, mandatory))
  expect(await send(engine, poll(value))).toContain('ResultStatus Enumeration Success')
})

test('a request that nobody polls is executed too', async () => {
  const engine = testEngine()
  await send(engine, item('Create', create), mandatory)
  expect(await send(engine, item('Locate'))).not.toContain('UniqueIdentifier')
  await sleep(1_200)
  expect(await send(engine, item('Locate'))).toContain('UniqueIdentifier')
})

test('one that a dead process had begun is executed when its claim is over', async () => {
  const store = memoryStore()
  let seconds = 1_800_000_000
  const clock = (): number => seconds * 1000
  const first = testEngine({ store, clock, operations: new Map() })
  const value = correlationValue(await send(first, item('Create', create), mandatory))
  const stuck = new Promise<never>(() => {})
  const { services } = testEngine()
  const never = [...services.operations.values()].map((operation) =>
    [operation.code, operation.code === 1 ? { ...operation, handle: () => stuck } : operation] as const)
  const dying = testEngine({ store, clock, operations: new Map(never) })
  expect(await send(dying, poll(value))).toContain('OperationPending')

  const next = testEngine({ store, clock })
  expect(await send(next, poll(value))).toContain('OperationPending')
  expect(await send(next, item('Cancel', acv(value)))).toContain('UnableToCancel')
  seconds += 121
  expect(await send(next, poll(value))).toContain('ResultStatus Enumeration Success')
})

test('one that another run of the server had begun is executed at once', async () => {
  const store = memoryStore()
  const { services } = testEngine()
  const stuck = [...services.operations.values()].map((operation) =>
    [operation.code, operation.code === 1 ? { ...operation, handle: () => new Promise<never>(() => {}) } : operation] as const)
  const killed = testEngine({ store, run: 'earlier', operations: new Map(stuck) })
  const value = correlationValue(await send(killed, item('Create', create), mandatory))
  expect(await send(killed, poll(value))).toContain('OperationPending')
  expect(await send(killed, item('QueryAsynchronousRequests'))).toContain('ProcessingStage Enumeration InProcess')

  const next = testEngine({ store, run: 'later' })
  expect(await send(next, poll(value))).toContain('ResultStatus Enumeration Success')
})

test('an outcome that nobody fetches is kept for a day', async () => {
  let seconds = 1_800_000_000
  const engine = testEngine({ clock: () => seconds * 1000 })
  const [kept, lost] = [
    correlationValue(await send(engine, item('Create', create), mandatory)),
    correlationValue(await send(engine, item('Create', create), mandatory)),
  ]
  await sleep(1_200)
  seconds += 86_399
  expect(await send(engine, poll(kept))).toContain('ResultStatus Enumeration Success')
  seconds += 2
  expect(await send(engine, item('QueryAsynchronousRequests'))).not.toContain('AsynchronousCorrelationValue')
  expect(await send(engine, poll(lost))).toContain('InvalidAsynchronousCorrelationValue')
  engine.engine.start()
  await sleep(200)
  expect(await engine.services.store.scan(completedKey, { limit: 10 })).toEqual([])
  await engine.engine.stop()
})

test('Process waits for what another thread has begun', async () => {
  const [one, other] = slowAndQuick()
  const value = correlationValue(await send(one, item('Create', create), mandatory))
  const first = send(one, item('Process', acv(value)))
  await sleep(100)
  expect(await send(other, item('Process', acv(value)))).toContain('ResultStatus Enumeration Success')
  expect(await first).toContain('ResultStatus Enumeration Success')
})

test('an item is not begun while another thread is at the one before, whose object it means', async () => {
  const [one, other] = slowAndQuick()
  const answer = await send(one, [item('Create', create), item('Get')], mandatory)
  const [created, got] = [...answer.matchAll(/AsynchronousCorrelationValue ByteString ([0-9a-f]+)/g)].map(([, each]) => each!)
  const first = send(one, item('Process', acv(created!)))
  await sleep(100)
  expect(await send(other, item('Process', acv(got!)))).toContain('ResultStatus Enumeration Success')
  expect(await send(other, poll(got!))).toContain('SymmetricKey')
  expect(await first).toContain('ResultStatus Enumeration Success')
})

/** Two threads on one store, the first of which takes its time to create. */
function slowAndQuick(): [ReturnType<typeof testEngine>, ReturnType<typeof testEngine>] {
  const store = memoryStore()
  const { services } = testEngine()
  const slow = [...services.operations.values()].map((operation) => [operation.code, operation.code !== 1 ? operation : {
    ...operation, handle: async (asked: never, context: never) => sleep(400).then(() => operation.handle(asked, context)),
  }] as const)
  return [testEngine({ store, operations: new Map(slow) }), testEngine({ store })]
}

test('a failed Check empties the ID Placeholder of asynchronous items too', async () => {
  const engine = testEngine()
  const wanted = '<CryptographicUsageMask type="Integer" value="Sign"/>'
  const header = `${mandatory}<BatchErrorContinuationOption type="Enumeration" value="Continue"/>`
  const answer = await send(engine, [item('Create', create), item('Check', wanted), item('Get')], header)
  const values = [...answer.matchAll(/AsynchronousCorrelationValue ByteString ([0-9a-f]+)/g)].map(([, value]) => value!)
  expect(await send(engine, poll(values[2]!))).toContain('ResultReason Enumeration ObjectNotFound')
  expect(await send(engine, poll(values[1]!))).toContain('IncompatibleCryptographicUsageMask')
})

test('two threads that poll one request execute it once', async () => {
  const store = memoryStore()
  const [one, other] = [testEngine({ store }), testEngine({ store })]
  const value = correlationValue(await send(one, item('Create', create), mandatory))
  const answers = await Promise.all([send(one, poll(value)), send(other, poll(value))])
  expect(answers.filter((answer) => answer.includes('ResultStatus Enumeration Success')).length).toBeGreaterThan(0)
  expect((await send(one, item('Locate'))).match(/UniqueIdentifier TextString/g)).toHaveLength(1)
})

test('requests belong to their account', async () => {
  const engine = testEngine()
  const value = correlationValue(await send(engine, item('Create', create), mandatory))
  expect(await send(engine, poll(value), '', bob)).toContain('InvalidAsynchronousCorrelationValue')
  expect(await send(engine, item('Cancel', acv(value)), '', bob)).toContain('InvalidAsynchronousCorrelationValue')
  expect(await send(engine, item('QueryAsynchronousRequests'), '', bob)).not.toContain('AsynchronousRequest\n')
  expect(await send(engine, item('QueryAsynchronousRequests'))).toContain('ProcessingStage Enumeration Submitted')
})

test('a request submitted with a ticket ends with the ticket', async () => {
  const engine = testEngine()
  const answer = decodeItem((await engine.engine.process(encodeItem(request('2.1', item('Login'))), alice)).bytes)
  const ticket = `<Ticket><TicketType type="Enumeration" value="Login"/>
    <TicketValue type="ByteString" value="${hex(find(answer, Tag.TicketValue))}"/></Ticket>`
  const header = `<Authentication><Credential><CredentialType type="Enumeration" value="Ticket"/>
    <CredentialValue>${ticket}</CredentialValue></Credential></Authentication>`
  const value = correlationValue(await send(engine, item('Create', create), mandatory + header))
  expect(await send(engine, item('Logout', ticket))).toContain('Success')
  expect(await send(engine, poll(value))).toContain('ResultReason Enumeration InvalidTicket')
})

type Engines = ReturnType<typeof testEngine>

async function send({ engine }: Engines, batchItem: string | readonly string[], header = '', caller = alice): Promise<string> {
  const { bytes } = await engine.process(encodeItem(request('2.1', batchItem, header)), caller)
  return printItem(decodeItem(bytes), { secrets: true })
}

function correlationValue(answer: string): string {
  return /AsynchronousCorrelationValue ByteString ([0-9a-f]+)/.exec(answer)![1]!
}

function poll(value: string): string {
  return item('Poll', acv(value))
}

function acv(value: string): string {
  return `<AsynchronousCorrelationValue type="ByteString" value="${value}"/>`
}

function hex(found: Item | undefined): string {
  return (found!.value as Buffer).toString('hex')
}

const mandatory = '<AsynchronousIndicator type="Enumeration" value="Mandatory"/>'
const create = `
  <ObjectType type="Enumeration" value="SymmetricKey"/>
  <Attributes>
    <CryptographicAlgorithm type="Enumeration" value="AES"/>
    <CryptographicLength type="Integer" value="128"/>
    <CryptographicUsageMask type="Integer" value="Encrypt Decrypt"/>
  </Attributes>`
