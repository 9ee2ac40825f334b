import { createServer } from 'node:tls'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { connect } from '../../src/client/client.ts'
import type { ClientOptions } from '../../src/client/client.ts'
import { Operation } from '../../src/kmip/generated/enums.ts'
import { Tag } from '../../src/kmip/generated/tags.ts'
import { ActivateRequest, ActivateResponse } from '../../src/kmip/payload/activate.ts'
import { decodeXml } from '../../src/kmip/xml.ts'
import { printItem } from '../../src/kmip/print.ts'
import { makePki } from '../../src/server/pki.ts'
import { Framer } from '../../src/ttlv/frame.ts'
import { decodeItem } from '../../src/ttlv/item.ts'
import { encodeItem } from '../../src/ttlv/writer.ts'

const activate = { code: Operation.Activate, request: ActivateRequest, response: ActivateResponse }

let directory: string
const closing: (() => void)[] = []

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'keyward-client-'))
  await makePki(directory, Date.now())
})
afterEach(() => {
  for (const close of closing.splice(0)) close()
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

describe('client', () => {
  it('does an operation and gives the payload of the answer', async () => {
    const asked: string[] = []
    const options = await serve((message) => {
      asked.push(printItem(decodeItem(message)))
      return answer(success('Activate', '<UniqueIdentifier type="TextString" value="key-1"/>'))
    })
    const client = await open({ ...options, version: 104 })
    expect(await client.request(activate, { uniqueIdentifier: 'key-1' })).toEqual({ uniqueIdentifier: 'key-1' })
    expect(asked).toEqual([`RequestMessage
  RequestHeader
    ProtocolVersion
      ProtocolVersionMajor Integer 1
      ProtocolVersionMinor Integer 4
    BatchCount Integer 1
  BatchItem
    Operation Enumeration Activate
    RequestPayload
      UniqueIdentifier TextString "key-1"`])
  })

  it('throws what the server refuses, with its reason and message', async () => {
    const options = await serve(() => answer(failure('WrongKeyLifecycleState', 'already active')))
    const client = await open({ ...options, version: 104 })
    await expect(client.request(activate, { uniqueIdentifier: 'key-1' }))
      .rejects.toMatchObject({ name: 'KmipError', reason: 'WrongKeyLifecycleState', message: 'already active' })
  })

  it('gives the failed items of a batch beside the others', async () => {
    const options = await serve(() => answer(success('Activate', '') + failure('ItemNotFound', 'none')))
    const client = await open({ ...options, version: 104 })
    const payload = decodeXml('<RequestPayload/>')
    const items = await client.send([
      { operation: Operation.Activate, payload }, { operation: Operation.Get, payload },
    ], { batchOrderOption: true })
    expect(items.map(({ resultStatus }) => resultStatus)).toEqual([0, 1])
  })

  it('sends several requests at once and matches the answers by their order, however they are cut', async () => {
    const names = ['a', 'b', 'c', 'd']
    const waiting: Buffer[] = []
    const options = await serve((message, socket) => {
      const [, name] = /"(.)"/.exec(printItem(decodeItem(message)))!
      waiting.push(answer(success('Activate', `<UniqueIdentifier type="TextString" value="${name}"/>`)))
      if (waiting.length < names.length) return undefined
      const all = Buffer.concat(waiting)
      for (let at = 0; at < all.length; at += 37) socket.write(all.subarray(at, at + 37))
      return undefined
    })
    const client = await open({ ...options, version: 104 })
    const answers = await Promise.all(names.map((uniqueIdentifier) => client.request(activate, { uniqueIdentifier })))
    expect(answers.map(({ uniqueIdentifier }) => uniqueIdentifier)).toEqual(names)
  })

  it.each([
    ['2.1', [[2, 1], [1, 4]], 201],
    ['1.2', [[9, 9], [1, 2], [1, 0]], 102],
  ])('speaks %s when that is the newest that both know', async (_, versions, version) => {
    const listed = versions.map(([major, minor]) => protocolVersion(major!, minor!)).join('')
    const options = await serve(() => answer(success('DiscoverVersions', listed)))
    expect((await open(options)).version).toBe(version)
  })

  it('speaks 1.0 with a server that cannot be asked', async () => {
    const options = await serve(() => answer(failure('OperationNotSupported', 'what?')))
    expect((await open(options)).version).toBe(100)
  })

  it('refuses a server that knows no version of its own', async () => {
    const options = await serve(() => answer(success('DiscoverVersions', protocolVersion(9, 9))))
    await expect(connect(options)).rejects.toMatchObject({ reason: 'InvalidMessage' })
  })

  it.each([
    ['no answer', () => undefined, 'no answer in 200 ms'],
    ['a closed connection', (_: Buffer, socket: TLSSocket) => void socket.destroy(), 'closed the connection'],
    ['bytes that are no message', () => Buffer.from('HTTP/1.1 400 Bad Request\r\n'), 'what is no message'],
    ['a message that is too large', () => Buffer.from('42007b017fffffff', 'hex'), 'what is no message'],
  ])('fails on %s, and then for good', async (_, behaviour, message) => {
    const options = await serve(behaviour)
    const client = await open({ ...options, version: 104, timeoutMs: 200 })
    for (let time = 0; time < 2; time += 1) {
      const failed = client.request(activate, { uniqueIdentifier: 'key-1' })
      await expect(failed).rejects.toMatchObject({ name: 'ConnectionError' })
      await expect(failed).rejects.toThrow(message)
    }
  })

  it('trusts only the authorities that it was given', async () => {
    const options = await serve(() => undefined)
    const other = mkdtempSync(join(tmpdir(), 'keyward-client-other-'))
    await makePki(other, Date.now())
    const ca = readFileSync(join(other, 'ca.pem'))
    rmSync(other, { recursive: true })
    await expect(connect({ ...options, ca, version: 104 })).rejects.toMatchObject({ name: 'ConnectionError' })
  })

  it('names the address that nobody listens on', async () => {
    const options = await serve(() => undefined)
    await expect(connect({ ...options, port: 1, version: 104 })).rejects.toThrow('cannot connect to 127.0.0.1:1')
  })
})

async function open(options: ClientOptions) {
  const client = await connect(options)
  closing.push(() => client.close())
  return client
}

/** A server of one behaviour: what to send for each message. */
async function serve(behaviour: (message: Buffer, socket: TLSSocket) => Buffer | undefined): Promise<ClientOptions> {
  const [ca, cert, key, clientCert, clientKey] = ['ca.pem', 'server.pem', 'server.key', 'alice.pem', 'alice.key']
    .map((name) => readFileSync(join(directory, name)))
  const server = createServer({ ca: ca!, cert: cert!, key: key!, requestCert: true, rejectUnauthorized: true })
  const sockets = new Set<TLSSocket>()
  server.on('secureConnection', (socket) => {
    sockets.add(socket)
    const framer = new Framer(Tag.RequestMessage, 100_000)
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      for (const message of framer.push(chunk)) {
        const reply = behaviour(message, socket)
        if (reply !== undefined) socket.write(reply)
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { host: '127.0.0.1', port, ca: ca!, cert: clientCert!, key: clientKey! }
}

function answer(items: string): Buffer {
  const count = items.split('<BatchItem>').length - 1
  return encodeItem(decodeXml(`<ResponseMessage><ResponseHeader>${protocolVersion(1, 4)}
    <TimeStamp type="DateTime" value="2026-01-01T00:00:00Z"/><BatchCount type="Integer" value="${count}"/>
    </ResponseHeader>${items}</ResponseMessage>`))
}

function success(operation: string, payload: string): string {
  return `<BatchItem><Operation type="Enumeration" value="${operation}"/><ResultStatus type="Enumeration"
    value="Success"/><ResponsePayload>${payload}</ResponsePayload></BatchItem>`
}

function failure(reason: string, message: string): string {
  return `<BatchItem><ResultStatus type="Enumeration" value="OperationFailed"/><ResultReason type="Enumeration"
    value="${reason}"/><ResultMessage type="TextString" value="${message}"/></BatchItem>`
}

function protocolVersion(major: number, minor: number): string {
  return `<ProtocolVersion><ProtocolVersionMajor type="Integer" value="${major}"/>
    <ProtocolVersionMinor type="Integer" value="${minor}"/></ProtocolVersion>`
}
