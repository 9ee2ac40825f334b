import { expect, test } from 'vitest'
import { printItem } from '../../src/kmip/print.ts'
import type { Caller } from '../../src/model/access.ts'
import { credentialEnd } from '../../src/operation/client-credentials.ts'
import type { Engine } from '../../src/server/engine.ts'
import { decodeItem } from '../../src/ttlv/item.ts'
import type { Item } from '../../src/ttlv/item.ts'
import { encodeItem } from '../../src/ttlv/writer.ts'
import { ClientEndpoint, find } from '../support/client-endpoint.ts'
import { alice, bob, testEngine } from '../support/engine.ts'
import { Tag } from '../../src/kmip/generated/tags.ts'
import { item, request } from '../support/xml.ts'

test('a client in the role of the server is told of objects and of changes, in the version that it speaks', async () => {
  const { engine } = testEngine()
  const client = new ClientEndpoint('1.2', ['Notify', 'Put'])
  await reverse(engine, client)
  await send(engine, create, bob)
  const id = identifierIn(await send(engine, create))
  const put = printed(await client.next())
  expect(put).toContain('ProtocolVersionMinor Integer 2')
  expect(put).toContain('Operation Enumeration Put')
  expect(put).toContain(`UniqueIdentifier TextString "${id}"`)
  expect(put).toContain('PutFunction Enumeration New')
  expect(put).toContain('SymmetricKey')
  await send(engine, item('AddAttribute', `
    <UniqueIdentifier type="TextString" value="${id}"/>
    <NewAttribute><Comment type="TextString" value="a comment"/></NewAttribute>
  `))
  await send(engine, item('Destroy', `<UniqueIdentifier type="TextString" value="${id}"/>`))
  const [, destroyed] = [await client.next(), printed(await client.next())]
  expect(destroyed).toContain('Operation Enumeration Notify')
  expect(destroyed).toContain('AttributeName TextString "Last Change Date"')
  expect(destroyed).toMatch(/AttributeName TextString "State"\n\s+AttributeValue Enumeration Destroyed/)
  expect(destroyed).not.toContain('Cryptographic Length')
})

test('an object that may not leave is told of without its material; in 2.x deletions are references', async () => {
  const { engine } = testEngine()
  const client = new ClientEndpoint('2.1', ['Notify', 'Put'])
  await reverse(engine, client)
  const id = identifierIn(await send(engine, create.replace('</Attributes>',
    '<Sensitive type="Boolean" value="true"/><Comment type="TextString" value="c"/></Attributes>')))
  const told = printed(await client.next())
  expect(told).toContain('Operation Enumeration Notify')
  expect(told).not.toContain('KeyMaterial')
  await send(engine, item('DeleteAttribute', `
    <UniqueIdentifier type="TextString" value="${id}"/><AttributeReference type="Enumeration" value="Comment"/>
  `))
  expect(printed(await client.next())).toContain('AttributeReference Enumeration Comment')
})

test('a client is told of no object that its version does not know', async () => {
  const { engine } = testEngine()
  const client = new ClientEndpoint('1.1', ['Notify', 'Put'])
  await reverse(engine, client)
  await send(engine, item('Register', `<ObjectType type="Enumeration" value="PGPKey"/><Attributes/><PGPKey>
    <PGPKeyVersion type="Integer" value="4"/><KeyBlock><KeyFormatType type="Enumeration" value="Raw"/>
    <KeyValue><KeyMaterial type="ByteString" value="99"/></KeyValue></KeyBlock></PGPKey>`))
  const id = identifierIn(await send(engine, create))
  expect(printed(await client.next())).toContain(`UniqueIdentifier TextString "${id}"`)
})

test('a client is told of no object that only its owner may get', async () => {
  const { engine } = testEngine()
  const client = new ClientEndpoint('2.1', ['Notify', 'Put'])
  await reverse(engine, client)
  const attribute = (name: string, value: string): string => `<Attribute>
    <AttributeName type="TextString" value="${name}"/><AttributeValue ${value}/></Attribute>`
  const carol = { account: alice.account, principal: 'carol' }
  const owned = request('1.4', item('Create', `<ObjectType type="Enumeration" value="SymmetricKey"/><TemplateAttribute>
    ${attribute('Cryptographic Algorithm', 'type="Enumeration" value="AES"')}
    ${attribute('Cryptographic Length', 'type="Integer" value="128"')}
    ${attribute('Cryptographic Usage Mask', 'type="Integer" value="Encrypt"')}
    ${attribute('Operation Policy Name', 'type="TextString" value="default"')}</TemplateAttribute>`))
  const made = decodeItem((await engine.process(encodeItem(owned), carol)).bytes)
  expect(printed(made)).toContain('ResultStatus Enumeration Success')
  const id = identifierIn(await send(engine, create, carol))
  expect(printed(await client.next())).toContain(id)
})

test('a client that takes neither Notify nor Put gets its role back', async () => {
  const { engine } = testEngine()
  const client = new ClientEndpoint('2.1', ['Query'])
  expect(await reverse(engine, client)).toEqual({ restored: true, closed: false })
})

test('a client that names another version each time is not asked for ever', async () => {
  const { engine } = testEngine()
  const clients = [new ClientEndpoint('1.4', ['Query']), new ClientEndpoint('2.1', ['Query'])]
  let asked = 0
  const client = { answer: (message: Item) => clients[asked++ % 2]!.answer(message) }
  expect(await reverse(engine, client)).toEqual({ restored: true, closed: false })
  expect(asked).toBeLessThan(12)
})

test('an answer that nothing was asked for ends the connection', async () => {
  const { engine } = testEngine()
  const client = new ClientEndpoint('2.1', ['Put'])
  const state = await reverse(engine, client, { unasked: true })
  expect(state).toEqual({ restored: false, closed: true })
})

test('an answer that cannot be read ends the connection, and nothing else', async () => {
  const { engine } = testEngine()
  const client = new ClientEndpoint('2.1', ['Notify'])
  const state = { closed: false }
  const role = request('2.1', item('SetEndpointRole', '<EndpointRole type="Enumeration" value="Client"/>'))
  const endpoint = (await engine.process(encodeItem(role), alice)).reverse!({
    send: (message) => setImmediate(() => {
      const answer = encodeItem(client.answer(decodeItem(message)))
      endpoint.receive(client.received.length > 0 ? Buffer.from('42007b0100000000', 'hex') : answer)
    }),
    settle() {},
    restore() {},
    close: () => void (state.closed = true),
  })
  await endpoint.start()
  await send(engine, create)
  await expect.poll(() => state.closed).toBe(true)
  await send(engine, create)
})

test('a client whose certificate has been replaced hears nothing more', async () => {
  const { engine, services } = testEngine()
  const client = new ClientEndpoint('2.1', ['Notify', 'Put'])
  const certified = { ...alice, fingerprint: 'ab'.repeat(32) }
  const state = await reverse(engine, client, { caller: certified })
  await send(engine, create)
  expect(printed(await client.next())).toContain('Operation Enumeration Put')
  await services.store.apply([credentialEnd(certified.fingerprint)])
  await send(engine, create)
  await expect.poll(() => state.closed).toBe(true)
  expect(client.received).toEqual([])
})

async function reverse(
  engine: Engine, client: Pick<ClientEndpoint, 'answer'>,
  { caller = alice, unasked = false }: { caller?: Caller; unasked?: boolean } = {},
): Promise<{ restored: boolean; closed: boolean }> {
  const role = request('2.1', item('SetEndpointRole', '<EndpointRole type="Enumeration" value="Client"/>'))
  const { bytes, reverse: toClient } = await engine.process(encodeItem(role), caller)
  expect(printed(decodeItem(bytes))).toContain('EndpointRole Enumeration Client')
  const state = { restored: false, closed: false }
  const endpoint = toClient!({
    send: (message) => setImmediate(() => endpoint.receive(encodeItem(client.answer(decodeItem(message))))),
    settle() {},
    restore: () => void (state.restored = true),
    close: () => void (state.closed = true),
  })
  await endpoint.start()
  if (unasked) endpoint.receive(bytes)
  return state
}

async function send(engine: Engine, batchItem: string, caller = alice): Promise<Item> {
  const { bytes } = await engine.process(encodeItem(request('2.1', batchItem)), caller)
  const answer = decodeItem(bytes)
  expect(printed(answer)).toContain('ResultStatus Enumeration Success')
  return answer
}

function identifierIn(answer: Item): string {
  return String(find(answer, Tag.UniqueIdentifier)!.value)
}

function printed(message: Item): string {
  return printItem(message, { secrets: true })
}

const create = item('Create', `
  <ObjectType type="Enumeration" value="SymmetricKey"/>
  <Attributes>
    <CryptographicAlgorithm type="Enumeration" value="AES"/>
    <CryptographicLength type="Integer" value="128"/>
    <CryptographicUsageMask type="Integer" value="Encrypt Decrypt"/>
  </Attributes>`)
