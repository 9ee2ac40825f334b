import { readFileSync } from 'node:fs'
import { connect as connectTcp } from 'node:net'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Tag } from '../../src/kmip/generated/tags.ts'
import { Operation, QueryFunction, ResultReason, ResultStatus } from '../../src/kmip/generated/enums.ts'
import { RequestMessage, ResponseMessage, outgoing } from '../../src/kmip/message.ts'
import { QueryRequest } from '../../src/kmip/payload/query.ts'
import { decodeItem } from '../../src/ttlv/item.ts'
import { TtlvWriter, encodeItem } from '../../src/ttlv/writer.ts'
import { defaultLimits } from '../../src/server/limits.ts'
import { residentMiB } from '../support/memory.ts'
import { startServer } from '../support/server.ts'
import type { RunningServer } from '../support/server.ts'
import { item, parseItem, request } from '../support/xml.ts'

/** Deadlines short enough to wait for; the listener acts on them at most a quarter of a second late. */
const limits = { handshakeMs: 1_000, requestMs: 1_000, idleMs: 2_000, lateMs: 1_000 }
let server: RunningServer

beforeAll(async () => {
  server = await startServer({
    KEYWARD_LIMITS_HANDSHAKE_MS_MAX: String(limits.handshakeMs),
    KEYWARD_LIMITS_REQUEST_MS_MAX: String(limits.requestMs),
    KEYWARD_LIMITS_IDLE_MS_MAX: String(limits.idleMs),
    KEYWARD_LIMITS_UNAUTHENTICATED_PER_ADDRESS_MAX: '64',
  })
})
afterAll(() => server.stop())

describe('connections that do not talk are closed on time, and others are served meanwhile', () => {
  it('a TCP connection that sends nothing', async () => {
    const silent = await Promise.all(Array.from({ length: 40 }, () => tcp()))
    await expectServed()
    const times = await Promise.all(silent.map(closed))
    for (const ms of times) expect(ms).toBeLessThan(limits.handshakeMs + limits.lateMs)
  })

  it('a TCP connection that sends a byte at a time', async () => {
    const socket = await tcp()
    const timer = setInterval(() => socket.write(Buffer.of(0x16)), 100)
    const ms = await closed(socket)
    clearInterval(timer)
    expect(ms).toBeLessThan(limits.handshakeMs + limits.lateMs)
  })

  it('more silent TCP connections than one address may have: the others are refused at once', async () => {
    const many = await Promise.all(Array.from({ length: 100 }, () => tcp()))
    const times = await Promise.all(many.map(closed))
    expect(times.filter((ms) => ms < 500).length).toBeGreaterThanOrEqual(36)
    await expectServed()
  })

  it('a message that never ends, a byte at a time', async () => {
    const socket = await tls()
    const message = query()
    let sent = 0
    const timer = setInterval(() => socket.write(message.subarray(sent, sent += 1)), 50)
    const ms = await closed(socket)
    clearInterval(timer)
    expect(ms).toBeGreaterThan(limits.requestMs - 100)
    expect(ms).toBeLessThan(limits.requestMs + limits.lateMs)
  })

  it('a connection that is idle between messages', async () => {
    const socket = await tls()
    await answer(socket, query())
    const ms = await closed(socket)
    expect(ms).toBeGreaterThan(limits.idleMs - 500)
    expect(ms).toBeLessThan(limits.idleMs + limits.lateMs)
  })

  it('control: a connection that goes on asking stays open past every deadline', async () => {
    const socket = await tls()
    for (let round = 0; round < 7; round += 1) {
      expect(statusOf(await answer(socket, query()))).toBeDefined()
      await new Promise((resolve) => setTimeout(resolve, 500))
    }
    expect(socket.destroyed).toBe(false)
    socket.destroy()
  })
})

describe('bytes that are no message are answered with a standard error, and the connection is closed', () => {
  const nested = (depth: number) => {
    const bytes = Buffer.alloc(depth * 8)
    for (let level = 0; level < depth; level += 1) {
      bytes.writeUIntBE(level === 0 ? Tag.RequestMessage : Tag.RequestHeader, level * 8, 3)
      bytes[level * 8 + 3] = 1
      bytes.writeUInt32BE((depth - level - 1) * 8, level * 8 + 4)
    }
    return bytes
  }
  it.each([
    ['a length of 0xFFFFFFFF', Buffer.from('42007801ffffffff', 'hex')],
    ['a length of 0xFFFFFFF8', Buffer.from('42007801fffffff8', 'hex')],
    ['10^5 nested structures', nested(100_000)],
    ['10^6 nested structures', nested(1_000_000)],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
    ['zeros', Buffer.alloc(64)],
    ['a response message', Buffer.from('42007b0100000000', 'hex')],
  ])('%s', async (_name, bytes) => {
    const socket = await tls()
    const began = performance.now()
    const item = statusOf(await answer(socket, bytes))
    expect(performance.now() - began).toBeLessThan(1_000)
    expect(item).toMatchObject({ resultStatus: 1, resultReason: 4 })
    expect(item?.resultMessage).not.toBe('')
    await closed(socket)
    await expectServed()
  })

  it('a hundred messages of a mebibyte that stop half-way take no more memory than was sent, and give it back', async () => {
    const before = residentMiB(server)
    const half = Buffer.concat([Buffer.from('42007801000fffe8', 'hex'), Buffer.alloc(2 ** 19)])
    const sockets: TLSSocket[] = []
    while (sockets.length < 100) sockets.push(...await Promise.all(Array.from({ length: 20 }, () => tls())))
    for (const socket of sockets) socket.write(half)
    await Promise.all(sockets.map(closed))
    expect(residentMiB(server) - before).toBeLessThan(2 * 100)
    await expectServed()
  })

  it('a client without a certificate, or with one of another authority, gets no answer', async () => {
    await expect(answer(await tls({}), query())).rejects.toThrow()
    await expectServed()
  })
})

describe('a message with as many attributes as go into it does not keep others waiting', () => {
  const attribute = encodeItem(parseItem(`<Attribute>
    <AttributeName type="TextString" value="x-a"/><AttributeValue type="TextString" value="v"/></Attribute>`))
  it.each([
    ['filters of Locate', 'Locate', '$'],
    ['attributes of Import', 'Import', '<UniqueIdentifier type="TextString" value="a"/>$'],
    ['attributes of a template', 'Register', `
      <ObjectType type="Enumeration" value="Template"/><TemplateAttribute/><Template>$</Template>`],
    ['attributes in a key', 'Register', `
      <ObjectType type="Enumeration" value="SymmetricKey"/><TemplateAttribute/>
      <SymmetricKey><KeyBlock><KeyFormatType type="Enumeration" value="Raw"/><KeyValue>
        <KeyMaterial type="ByteString" value="00"/>$</KeyValue></KeyBlock></SymmetricKey>`],
  ])('%s', async (_name, operation, payload) => {
    // Three items each, and some around them.
    const many = Math.floor((defaultLimits.itemsMax - 30) / 3)
    const [before, after] = payload.split('$')
    const message = filled(encodeItem(request('1.4', item(operation, `${before}${marker}${after}`))), attribute, many)
    const [attacker, other] = await Promise.all([tls(), tls()])
    const answered = answer(attacker, message)
    // It is there by now, or being worked on.
    await new Promise((resolve) => setTimeout(resolve, 50))
    const began = performance.now()
    expect(statusOf(await answer(other, query()))).toBeDefined()
    expect(performance.now() - began).toBeLessThan(1_000)
    expect(statusOf(await answered)).toBeDefined()
    for (const socket of [attacker, other]) socket.destroy()
  })
})

it('a message of more items than there may be is refused', async () => {
  const one = encodeItem(parseItem('<Comment type="ByteString" value=""/>'))
  const message = encodeItem(request('1.4', item('Query', `<QueryFunction type="Enumeration" value="QueryObjects"/>${marker}`)))
  const socket = await tls()
  expect(statusOf(await answer(socket, filled(message, one, defaultLimits.itemsMax))))
    .toMatchObject({ resultStatus: ResultStatus.OperationFailed, resultReason: ResultReason.InvalidMessage })
  socket.destroy()
})

const marker = '<Comment type="ByteString" value="fedcba9876543210"/>'

/** A message with many items in place of the marker; all structures around it grow. */
function filled(message: Buffer, one: Buffer, many: number): Buffer {
  const at = message.indexOf('fedcba9876543210', 'hex') - 8
  const items = Buffer.concat(Array.from({ length: many }, () => one))
  const result = Buffer.concat([message.subarray(0, at), items, message.subarray(at + 16)])
  for (let start = 0; start < at;) {
    const length = message.readUInt32BE(start + 4)
    const end = start + 8 + Math.ceil(length / 8) * 8
    if (end > at) result.writeUInt32BE(length - 16 + items.length, start + 4)
    start = end > at ? start + 8 : end
  }
  return result
}

describe('a client that asks and does not read its answers', () => {
  const responseMs = 4_000
  let own: RunningServer
  beforeAll(async () => {
    own = await startServer({ KEYWARD_LIMITS_RESPONSE_MS_MAX: String(responseMs) })
  })
  afterAll(() => own.stop())

  it('costs the server nothing while it waits, and is closed on time', async () => {
    const socket = await tls(own.certificates.alice, own)
    const closing = new Promise<void>((resolve) => socket.once('close', resolve))
    const requests = Buffer.concat(Array.from({ length: 200 }, query))
    const send = (): void => {
      while (socket.write(requests));
    }
    socket.on('drain', send)
    send()
    await stalled(socket)
    const [began, before] = [performance.now(), processorMs(own)]
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    expect(socket.destroyed).toBe(false)
    expect(processorMs(own) - before).toBeLessThan(200)
    await closing
    expect(performance.now() - began).toBeLessThan(responseMs + limits.lateMs)
  })

  it('has no more than a message or two kept for it', async () => {
    const random = item('RNGRetrieve', '<DataLength type="Integer" value="100000"/>')
    const large = encodeItem(request('1.4', Array.from({ length: 80 }, () => random)))
    const one = encodeItem(parseItem('<QueryFunction type="Enumeration" value="QueryOperations"/>'))
    const next = filled(encodeItem(request('1.4', item('Query', marker))), one, 65_000)
    const sockets = await Promise.all(Array.from({ length: 4 }, () => tls(own.certificates.alice, own)))
    const before = residentMiB(own)
    await Promise.all(sockets.map(async (socket) => {
      socket.on('error', () => undefined)
      socket.write(large)
      const sent = (async () => {
        for (let count = 0; count < 60; count += 1) await new Promise((resolve) => socket.write(next, resolve))
      })()
      await Promise.race([sent, new Promise((resolve) => setTimeout(resolve, responseMs * 0.9))])
    }))
    expect(residentMiB(own) - before).toBeLessThan(200)
    for (const socket of sockets) socket.destroy()
  })
})

/** Resolves when the server has taken nothing of what is sent for a while. */
async function stalled(socket: TLSSocket): Promise<void> {
  for (let before = -1; before !== socket.bytesWritten;) {
    before = socket.bytesWritten
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}

/** Milliseconds of processor time that a server has taken. The system counts in hundredths of a second. */
function processorMs({ pid }: RunningServer): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

/** A whole round trip in a new connection, quickly. */
async function expectServed(): Promise<void> {
  const began = performance.now()
  const socket = await tls()
  expect(statusOf(await answer(socket, query()))).toBeDefined()
  socket.destroy()
  expect(performance.now() - began).toBeLessThan(1_000)
}

function tcp(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host: server.host, port: server.port }, () => resolve(socket))
    socket.on('error', reject)
  })
}

function tls(
  client: { cert?: string, key?: string } = server.certificates.alice, { host, port, certificates } = server,
): Promise<TLSSocket> {
  const read = (path: string | undefined) => path === undefined ? undefined : readFileSync(path)
  return new Promise((resolve, reject) => {
    const options = { ca: read(certificates.ca), cert: read(client.cert), key: read(client.key) }
    const socket = connectTls({ host, port, ...options }, () => resolve(socket))
    socket.on('error', reject)
  })
}

/** Milliseconds until the server closes the connection. */
function closed(socket: Socket): Promise<number> {
  const began = performance.now()
  socket.resume()
  return new Promise((resolve) => {
    if (socket.destroyed) resolve(0)
    socket.once('close', () => resolve(performance.now() - began))
    socket.once('end', () => resolve(performance.now() - began))
  })
}

function answer(socket: TLSSocket, request: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const take = (chunk: Buffer) => {
      chunks.push(chunk)
      const all = Buffer.concat(chunks)
      if (all.length < 8 || all.length < all.readUInt32BE(4) + 8) return
      socket.off('data', take)
      resolve(all)
    }
    socket.on('data', take)
    socket.once('close', () => reject(new Error('closed without an answer')))
    socket.once('error', reject)
    socket.write(request)
  })
}

function statusOf(bytes: Buffer) {
  return ResponseMessage.decode(decodeItem(bytes), { version: 201 }).batchItem[0]
}

/** Query of the operations, at 1.2. */
function query(): Buffer {
  const writer = new TtlvWriter()
  RequestMessage.encode(writer, Tag.RequestMessage, {
    requestHeader: { protocolVersion: 102, attestationType: [], batchCount: 1 },
    batchItem: [{
      operation: Operation.Query,
      requestPayload: outgoing(QueryRequest, { queryFunction: [QueryFunction.QueryOperations] }),
      messageExtension: [],
    }],
  }, { version: 102 })
  return writer.take()
}
