import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { IncomingHttpHeaders } from 'node:http'
import { Agent, request as requestHttps } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EndpointRole, Operation, QueryFunction, ResultReason, ResultStatus } from '../../src/kmip/generated/enums.ts'
import { Tag } from '../../src/kmip/generated/tags.ts'
import { decodeJson, encodeJson } from '../../src/kmip/json.ts'
import { printItem } from '../../src/kmip/print.ts'
import { decodeXml, encodeXml } from '../../src/kmip/xml.ts'
import { ItemType, decodeItem } from '../../src/ttlv/item.ts'
import type { Item } from '../../src/ttlv/item.ts'
import { encodeItem } from '../../src/ttlv/writer.ts'
import { childrenOf, numberAt } from '../conformance/history.ts'
import { residentMiB } from '../support/memory.ts'
import { startServer } from '../support/server.ts'
import type { RunningServer } from '../support/server.ts'
import { item, request } from '../support/xml.ts'

/** Short enough to wait for, and to exceed. */
const limits = { requestMs: 1_000, idleMs: 2_000, lateMs: 1_500, messageBytes: 65_536, perClient: 4 }
let server: RunningServer
let port: number

beforeAll(async () => {
  server = await startServer({
    KEYWARD_HTTPS_PORT: '0',
    KEYWARD_LIMITS_REQUEST_MS_MAX: String(limits.requestMs),
    KEYWARD_LIMITS_IDLE_MS_MAX: String(limits.idleMs),
    KEYWARD_LIMITS_MESSAGE_BYTES_MAX: String(limits.messageBytes),
    KEYWARD_LIMITS_CONNECTIONS_PER_CLIENT_MAX: String(limits.perClient),
  })
  port = server.httpsPort
})
afterAll(() => server.stop())

describe('one engine, three encodings', () => {
  it.each(Object.entries({
    'application/octet-stream': { encode: encodeItem, decode: (bytes: Buffer) => decodeItem(bytes) },
    'text/xml': { encode: (item: Item) => encodeXml(item), decode: (bytes: Buffer) => decodeXml(bytes.toString()) },
    'application/json': {
      encode: (item: Item) => encodeJson(item), decode: (bytes: Buffer) => decodeJson(bytes.toString()),
    },
  }))('%s', async (type, { encode, decode }) => {
    const { status, headers, body } = await post(type, encode(query))
    expect(status).toBe(200)
    expect(headers['content-type']).toBe(type)
    expect(headers['cache-control']).toContain('no-cache')
    expect(resultOf(decode(body))).toEqual([ResultStatus.Success, undefined])
  })

  it.each(['text/xml; charset=utf-8', 'TEXT/XML;charset="UTF-8"'])('%s is XML too', async (type) => {
    expect((await post(type, encodeXml(query))).status).toBe(200)
  })

  it('roles are not changed where no connection lasts', async () => {
    const role: Item = { tag: Tag.EndpointRole, type: ItemType.Enumeration, value: EndpointRole.Client }
    const { body } = await post('application/octet-stream', encodeItem(message(Operation.SetEndpointRole, [role])))
    expect(resultOf(decodeItem(body))).toEqual([ResultStatus.OperationFailed, ResultReason.OperationNotSupported])
  })

  it('a test goes on from one message to the next', async () => {
    const interop = (which: string) => item('Interop', `<InteropFunction type="Enumeration" value="${which}"/>
      <InteropIdentifier type="TextString" value="https"/>`)
    const answers: string[] = []
    for (const each of [item('Log', log), interop('Begin'), item('Log', log), interop('End'), item('Log', log)]) {
      const { body } = await post('application/octet-stream', encodeItem(request('2.0', each)))
      answers.push(printItem(decodeItem(body)).includes('ServerCorrelationValue') ? 'correlated' : 'plain')
    }
    expect(answers).toEqual(['plain', 'correlated', 'correlated', 'correlated', 'plain'])
  })
})

describe('what is no message is answered in the encoding, and the server goes on', () => {
  const deepJson = `${'{"tag":"RequestMessage","value":['.repeat(40)}${']}'.repeat(40)}`
  const deep = `${'<RequestMessage>'.repeat(40)}${'</RequestMessage>'.repeat(40)}`
  it.each<[string, string, string | Buffer]>([
    ['XML that is not well-formed', 'text/xml', '<RequestMessage>'],
    ['an entity of one\'s own', 'text/xml', '<!DOCTYPE a [<!ENTITY b "c">]><RequestMessage>&b;</RequestMessage>'],
    ['an external entity', 'text/xml', '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]><a>&b;</a>'],
    ['XML that is nested too deep', 'text/xml', deep],
    ['an unknown tag', 'text/xml', '<Nonsense/>'],
    ['text that is not UTF-8', 'text/xml', Buffer.of(0x3c, 0xff, 0xfe)],
    ['JSON that is not well-formed', 'application/json', '{"tag":'],
    ['JSON that is nested too deep', 'application/json', deepJson],
    ['JSON that is nested deeper than any stack', 'application/json', '['.repeat(60_000)],
    ['bytes that are no TTLV', 'application/octet-stream', Buffer.alloc(64, 0x42)],
    ['no byte', 'application/octet-stream', ''],
  ])('%s', async (_, type, body) => {
    const answer = await post(type, body)
    expect(answer.status).toBe(200)
    const decoded = type === 'text/xml'
      ? decodeXml(answer.body.toString())
      : type === 'application/json' ? decodeJson(answer.body.toString()) : decodeItem(answer.body)
    expect(resultOf(decoded)).toEqual([ResultStatus.OperationFailed, ResultReason.InvalidMessage])
    await expectServed()
  })
})

describe('what is no message is answered in the version that it asks for', () => {
  const asks = (major: number, minor: number) => ({
    'text/xml': `<RequestMessage><RequestHeader><ProtocolVersion>
      <ProtocolVersionMajor type="Integer" value="${major}"/><ProtocolVersionMinor type="Integer" value="${minor}"/>`,
    'application/json': `{"tag": "RequestMessage", "value": [{"tag": "RequestHeader", "value": [
      {"tag": "ProtocolVersion", "value": [{"tag": "ProtocolVersionMajor", "type": "Integer", "value": ${major}},
      {"tag": "ProtocolVersionMinor", "type": "Integer", "value": ${minor}}`,
  })
  it.each([
    [2, 1, 2, 1, ResultReason.CodecError],
    [1, 4, 1, 4, ResultReason.InvalidMessage],
    [9, 9, 2, 1, ResultReason.CodecError],
  ])('%s.%s', async (major, minor, answeredMajor, answeredMinor, reason) => {
    for (const [type, body] of Object.entries(asks(major, minor))) {
      const { body: text } = await post(type, body)
      const decoded = type === 'text/xml' ? decodeXml(text.toString()) : decodeJson(text.toString())
      expect(resultOf(decoded)).toEqual([ResultStatus.OperationFailed, reason])
      const version = childrenOf(childrenOf(decoded, Tag.ResponseHeader)[0]!, Tag.ProtocolVersion)[0]!
      expect([Tag.ProtocolVersionMajor, Tag.ProtocolVersionMinor].map((tag) => numberAt(version, tag)))
        .toEqual([answeredMajor, answeredMinor])
    }
  })
})

describe('what is no request of the profile gets a status', () => {
  interface Odd { method?: string, path?: string, type?: string, headers?: object, body?: string | Buffer }
  it.each<[string, Odd, number]>([
    ['another path', { path: '/' }, 404],
    ['another method', { method: 'GET' }, 405],
    ['another content type', { type: 'text/plain' }, 415],
    ['another character set', { type: 'text/xml; charset=iso-8859-1' }, 415],
    ['a compressed body', { headers: { 'content-encoding': 'gzip' } }, 415],
    ['a body that says that it is too large', { body: Buffer.alloc(limits.messageBytes + 8) }, 413],
    ['one that does not say so', {
      body: Buffer.alloc(limits.messageBytes + 8), headers: { 'transfer-encoding': 'chunked' },
    }, 413],
    ['header fields beyond any use', { headers: { 'x-long': 'x'.repeat(20_000) } }, 431],
  ])('%s', async (_, { method, path, type, headers, body }, status) => {
    const options = { method: method ?? 'POST', path: path ?? '/kmip', headers: headers ?? {} }
    expect((await post(type ?? 'text/xml', body ?? encodeXml(query), options)).status).toBe(status)
    await expectServed()
  })
})

describe('the same clients as on the other port, and the same bounds', () => {
  it('without a certificate there is no connection', async () => {
    const socket = connectTls({ host: server.host, port, ca: readFileSync(server.certificates.ca) })
    const [error] = await once(socket, 'error') as [NodeJS.ErrnoException]
    expect(error.code).toMatch(/^ERR_SSL_|ECONNRESET/)
  })

  it('a head, a body and an idle connection are waited for in bounds', async () => {
    const [silent, head, body, idle] = await Promise.all([tls(), tls(), tls(), tls()])
    head.write('POST /kmip HTTP/1.1\r\nHost: a\r\n')
    body.write('POST /kmip HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nContent-Length: 100\r\n\r\n<')
    const xml = encodeXml(query)
    const fields = `Host: a\r\nContent-Type: text/xml\r\nContent-Length: ${xml.length}`
    idle.write(`POST /kmip HTTP/1.1\r\n${fields}\r\n\r\n${xml}`)
    const times = await Promise.all([silent, head, body, idle].map(closed))
    for (const ms of times.slice(0, 3)) expect(ms).toBeLessThan(limits.requestMs + limits.lateMs)
    expect(times[3]).toBeGreaterThan(limits.idleMs - 500)
    expect(times[3]).toBeLessThan(limits.idleMs + limits.lateMs)
  })

  it('a client that goes away in the middle of a body is no fault of the server', async () => {
    const socket = await tls()
    socket.write('POST /kmip HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nContent-Length: 100\r\n\r\n<')
    await new Promise((resolve) => setTimeout(resolve, 100))
    socket.destroy()
    await expectServed()
    expect(server.log()).not.toContain('for a reason of the server')
  })

  it('a client has a bounded number of connections', async () => {
    const held = await Promise.all(Array.from({ length: limits.perClient }, () => tls()))
    const answer = decodeXml((await post('text/xml', encodeXml(query))).body.toString())
    for (const socket of held) socket.destroy()
    // In the version that every client can read there is no reason of this name.
    expect(resultOf(answer)).toEqual([ResultStatus.OperationFailed, ResultReason.PermissionDenied])
  })

  it('pipelined requests are answered in their order', async () => {
    const socket = await tls()
    const requests = Array.from({ length: 5 }, (_, index) => {
      const text = encodeXml(message(Operation.Query, queryFunctions, `request ${index}`))
      return `POST /kmip HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nContent-Length: ${text.length}\r\n\r\n${text}`
    })
    socket.write(requests.join(''))
    let text = ''
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      text += chunk.toString()
      if (text.split('</ResponseMessage>').length > 5) break
    }
    const order = [...text.matchAll(/UniqueBatchItemID[^>]*value="([0-9a-f]*)"/g)].map(([, id]) => {
      return Buffer.from(id!, 'hex').toString()
    })
    expect(order).toEqual([0, 1, 2, 3, 4].map((index) => `request ${index}`))
  })
})

it('a body in single bytes takes little more memory than one in large pieces', async () => {
  const other = await startServer({ KEYWARD_HTTPS_PORT: '0' })
  const socket = await tls(other.httpsPort, other)
  const before = residentMiB(other)
  socket.write('POST /kmip HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n')
  for (let round = 0; round < 10; round += 1) {
    await new Promise((resolve) => socket.write('1\r\nx\r\n'.repeat(50_000), resolve))
  }
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  expect(residentMiB(other) - before).toBeLessThan(60)
  socket.destroy()
  await other.stop()
})

it('of answers that a client does not read, one is kept', async () => {
  const other = await startServer({ KEYWARD_HTTPS_PORT: '0' })
  const lengths = Array.from({ length: 40 }, (_, index) => 1_000_000 - index)
  const socket = await tls(other.httpsPort, other)
  const before = residentMiB(other)
  socket.pause()
  for (const length of lengths) {
    const body = encodeItem(message(Operation.RNGRetrieve, [
      { tag: Tag.DataLength, type: ItemType.Integer, value: length },
    ]))
    socket.write(`POST /kmip HTTP/1.1\r\nHost: a\r\nContent-Type: application/octet-stream\r\nContent-Length: ${
      body.length}\r\n\r\n`)
    socket.write(body)
  }
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  expect(residentMiB(other) - before).toBeLessThan(25)
  let answers = ''
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    answers += chunk.toString('latin1')
    if (answers.length > 40_000_000) break
  }
  const taken = [...answers.matchAll(/^Content-Length: (\d+)/gim)].map(([, length]) => Number(length))
  expect(taken).toEqual(lengths.map((length) => taken[0]! - 1_000_000 + 8 * Math.ceil(length / 8)))
  await other.stop()
})

it('SIGTERM lets a request end, and closes idle connections', async () => {
  const other = await startServer({ KEYWARD_HTTPS_PORT: '0' })
  const agent = new Agent({ keepAlive: true })
  const options = { port: other.httpsPort, agent, ...identityOf(other) }
  expect((await post('text/xml', encodeXml(query), options)).status).toBe(200)
  const pair = encodeItem(request('2.0', item('CreateKeyPair', `<CommonAttributes>
    <CryptographicAlgorithm type="Enumeration" value="RSA"/><CryptographicLength type="Integer" value="4096"/>
  </CommonAttributes>`)))
  const underWay = post('application/octet-stream', pair, { port: other.httpsPort, ...identityOf(other) })
  const others = [post('text/xml', encodeXml(query), options), post('text/xml', encodeXml(query), options)]
  await Promise.all(others)
  await other.stop()
  expect(resultOf(decodeItem((await underWay).body))).toEqual([ResultStatus.Success, undefined])
  agent.destroy()
})

it('SIGTERM closes the store after the last answer', async () => {
  const other = await startServer({ KEYWARD_HTTPS_PORT: '0' })
  const body = encodeItem(request('2.0', item('Create', `<ObjectType type="Enumeration" value="SymmetricKey"/><Attributes>
    <CryptographicAlgorithm type="Enumeration" value="AES"/><CryptographicLength type="Integer" value="256"/>
    <CryptographicUsageMask type="Integer" value="Encrypt"/></Attributes>`)))
  const socket = await tls(other.httpsPort, other)
  socket.write([
    'POST /kmip HTTP/1.1', 'Host: a', 'Content-Type: application/octet-stream', `Content-Length: ${body.length}`,
    'Expect: 100-continue', '', '',
  ].join('\r\n'))
  const [begun] = await once(socket, 'data') as [Buffer]
  expect(begun.toString()).toMatch(/^HTTP\/1.1 100 /)
  const stopped = other.stop()
  await expect.poll(() => other.log()).toContain('"draining"')
  // Longer than the rest of the end takes.
  await sleep(500)
  socket.write(body)
  let answer = Buffer.alloc(0)
  for await (const chunk of socket as AsyncIterable<Buffer>) answer = Buffer.concat([answer, chunk])
  expect(resultOf(decodeItem(answer.subarray(answer.indexOf('\r\n\r\n') + 4)))).toEqual([ResultStatus.Success, undefined])
  await stopped
  expect(other.log()).toContain('"stopped"')
})

interface Response { readonly status: number, readonly headers: IncomingHttpHeaders, readonly body: Buffer }

function post(type: string, body: string | Buffer, options: object = {}): Promise<Response> {
  return new Promise((resolve, reject) => {
    const target = { host: server.host, port, method: 'POST', path: '/kmip' }
    const given = { ...target, ...identityOf(server), agent: false, ...options }
    const extra = 'headers' in options ? options.headers as object : {}
    const length = 'transfer-encoding' in extra ? {} : { 'content-length': Buffer.byteLength(body) }
    const request = requestHttps({ ...given, headers: { 'content-type': type, ...length, ...extra } }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) })
      })
      response.on('error', reject)
    })
    request.on('error', reject)
    request.end(body)
  })
}

async function expectServed(): Promise<void> {
  expect((await post('text/xml', encodeXml(query))).status).toBe(200)
}

function identityOf({ certificates }: RunningServer): { ca: Buffer, cert: Buffer, key: Buffer } {
  const { ca, alice } = certificates
  return { ca: readFileSync(ca), cert: readFileSync(alice.cert), key: readFileSync(alice.key) }
}

async function tls(at = port, own = server): Promise<TLSSocket> {
  const socket = connectTls({ host: own.host, port: at, ...identityOf(own) })
  await once(socket, 'secureConnect')
  return socket
}

/** Milliseconds until the server closes the connection. */
async function closed(socket: TLSSocket): Promise<number> {
  const startedMs = performance.now()
  socket.on('error', () => socket.destroy())
  socket.resume()
  await once(socket, 'close')
  return performance.now() - startedMs
}

/** Status and reason of the first batch item. */
function resultOf(answer: Item): [number | undefined, number | undefined] {
  const item = childrenOf(answer, Tag.BatchItem)[0]!
  return [numberAt(item, Tag.ResultStatus), numberAt(item, Tag.ResultReason)]
}

function message(operation: number, payload: readonly Item[], id?: string): Item {
  const version = structure(Tag.ProtocolVersion, [
    { tag: Tag.ProtocolVersionMajor, type: ItemType.Integer, value: 2 },
    { tag: Tag.ProtocolVersionMinor, type: ItemType.Integer, value: 0 },
  ])
  const uniqueBatchItemID: Item[] = id === undefined
    ? []
    : [{ tag: Tag.UniqueBatchItemID, type: ItemType.ByteString, value: Buffer.from(id) }]
  return structure(Tag.RequestMessage, [
    structure(Tag.RequestHeader, [version, { tag: Tag.BatchCount, type: ItemType.Integer, value: 1 }]),
    structure(Tag.BatchItem, [
      { tag: Tag.Operation, type: ItemType.Enumeration, value: operation },
      ...uniqueBatchItemID,
      structure(Tag.RequestPayload, payload),
    ]),
  ])
}

function structure(tag: number, value: readonly Item[]): Item {
  return { tag, type: ItemType.Structure, value }
}

const queryFunctions: readonly Item[] = [
  { tag: Tag.QueryFunction, type: ItemType.Enumeration, value: QueryFunction.QueryOperations },
]
const query = message(Operation.Query, queryFunctions)

const log = '<LogMessage type="TextString" value="here"/>'
