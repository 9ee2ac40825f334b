import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { connect } from 'node:tls'
import type { SecureVersion, TLSSocket } from 'node:tls'
import { setTimeout as passed } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Tag } from '../../src/kmip/generated/tags.ts'
import { Unsent } from '../../src/server/unsent.ts'
import { Framer } from '../../src/ttlv/frame.ts'
import { decodeItem } from '../../src/ttlv/item.ts'
import { encodeItem } from '../../src/ttlv/writer.ts'
import { find } from '../support/client-endpoint.ts'
import { residentMiB } from '../support/memory.ts'
import { startServer } from '../support/server.ts'
import type { RunningServer } from '../support/server.ts'
import { WireConnection } from '../support/wire.ts'
import { item, request } from '../support/xml.ts'

/** What one connection keeps to, whatever its client does with it: order, records, deadlines, the end. */

/** Deadlines short enough to wait for; the listener acts on them at most a quarter of a second late. */
const limits = { requestMs: 500, idleMs: 1_000, responseMs: 2_000, lateMs: 1_000 }
let server: RunningServer

beforeAll(async () => {
  server = await startServer({
    KEYWARD_HTTPS_PORT: '0',
    KEYWARD_LIMITS_REQUEST_MS_MAX: String(limits.requestMs),
    KEYWARD_LIMITS_IDLE_MS_MAX: String(limits.idleMs),
    KEYWARD_LIMITS_RESPONSE_MS_MAX: String(limits.responseMs),
  })
}, 60_000)
afterAll(() => server.stop())

describe('64 pipelined requests are answered in order', () => {
  const lengths = Array.from({ length: 64 }, (_, n) => n + 1)

  // More than what waits between the two in the kernel, so that answers wait in the server.
  it.each([['64 of a few bytes', lengths], ['1,000 of 10 KB', Array.from({ length: 1_000 }, () => 10_000)]])(
    'each small answer in one TLS record, to a client that reads late: %s', async (_, wanted) => {
      const connection = await WireConnection.open(server, server.certificates.alice)
      connection.socket.pause()
      connection.socket.write(Buffer.concat(wanted.map(random)))
      await passed(300)
      connection.socket.resume()
      for (const length of wanted) expect(await lengthOf(connection)).toBe(length)
      expect(connection.records).toBe(wanted.length)
      await connection.close()
    })

  it('answers of a megabyte too, of which no more than two are kept for who reads late', async () => {
    const socket = await open('TLSv1.3')
    const wanted = lengths.map((n) => 1_000_000 - n)
    const before = residentMiB(server)
    socket.pause()
    socket.end(Buffer.concat(wanted.map(random)))
    await passed(limits.responseMs / 2)
    expect(residentMiB(server) - before).toBeLessThan(40)
    expect((await untilEnd(socket)).map(dataLength)).toEqual(wanted)
  }, 30_000)
})

describe('a client that ends its side after its requests', () => {
  it.each(['TLSv1.2', 'TLSv1.3'] as const)('gets all its answers, and the end (%s)', async (version) => {
    const requests = [random(10), create, random(300_000), random(20)]
    const answers = await untilEnd(await open(version, Buffer.concat(requests)))
    expect(answers.map(dataLength)).toEqual([10, undefined, 300_000, 20])
  }, 30_000)

  it('in the middle of a message: those before it are answered', async () => {
    const answers = await untilEnd(await open('TLSv1.3', Buffer.concat([random(10), random(20).subarray(0, 50)])))
    expect(answers.map(dataLength)).toEqual([10])
  })

  it('without any: the connection ends', async () => {
    const began = performance.now()
    expect(await untilEnd(await open('TLSv1.3', Buffer.alloc(0)))).toEqual([])
    expect(performance.now() - began).toBeLessThan(limits.idleMs / 2)
  })
})

describe('what is behind the last message that is answered', () => {
  it('is not looked at when the server stops: what was received is answered, whatever its client goes on sending', async () => {
    const own = await startServer()
    const socket = await open('TLSv1.3', undefined, own)
    const answers = untilEnd(socket)
    socket.write(Buffer.concat([create, random(10)]))
    await once(socket, 'data')
    const timer = setInterval(() => socket.write(random(20)), 1)
    const began = performance.now()
    await own.stop()
    expect(performance.now() - began).toBeLessThan(5_000)
    clearInterval(timer)
    const [first, ...others] = (await answers).map(dataLength)
    expect([first, others[0]]).toEqual([undefined, 10])
    expect(others.slice(1).every((length) => length === 20)).toBe(true)
  }, 30_000)

  it.each([
    ['a whole message', random(10)],
    ['a part of one', random(10).subarray(0, 20)],
  ])('ends a connection whose roles are changed: %s', async (_name, behind) => {
    const answers = await untilEnd(await open('TLSv1.3', Buffer.concat([random(5), reverse, behind])))
    expect(answers.map(dataLength)).toEqual([5, undefined])
  })
})

describe('clients that do not read, together on both ports', () => {
  it.each([
    ['lose their connections, those first that have let an answer wait for longest', 64, 5],
    ['keep them, where there is room for their answers', 1_024, 12],
  ])('%s', async (_name, mebibytes, kept) => {
    const own = await startServer({
      KEYWARD_HTTPS_PORT: '0', KEYWARD_LIMITS_UNSENT_BYTES_MAX: String(mebibytes * 1_048_576),
    })
    const sockets: TLSSocket[] = []
    for (let n = 0; n < 12; n += 1) {
      const [port, message] = ports[n % 2]!
      const socket = await open('TLSv1.3', undefined, { ...own, port: own[port] })
      socket.pause()
      socket.write(message)
      sockets.push(socket)
      await passed(100)
    }
    const other = await WireConnection.open(own, own.certificates.bob)
    other.socket.write(random(300_000))
    expect(await lengthOf(other)).toBe(300_000)
    const isWhole = await Promise.all(sockets.map((socket) => hasCome(largeAnswerBytes, socket)))
    expect(isWhole).toEqual(Array.from({ length: 12 }, (_, n) => n >= 12 - kept))
    for (const socket of sockets) socket.destroy()
    await own.stop()
  }, 60_000)

  it('do not count what was taken', async () => {
    const own = await startServer({ KEYWARD_HTTPS_PORT: '0', KEYWARD_LIMITS_UNSENT_BYTES_MAX: String(32 * 1_048_576) })
    for (const [port, message] of ports) {
      const socket = await open('TLSv1.3', undefined, { ...own, port: own[port] })
      for (let answers = 0; answers < 4; answers += 1) {
        socket.write(message)
        expect(await hasCome(largeAnswerBytes, socket)).toBe(true)
      }
      socket.destroy()
    }
    await own.stop()
  }, 60_000)

  it('count only while they are there: a client may go while its answer is made', () => {
    const unsent = new Unsent(100_000, { error() {} })
    const [here, gone] = [new Socket(), new Socket().destroy()]
    unsent.hold(here, 60_000)
    unsent.hold(gone, 60_000)
    expect(here.destroyed).toBe(false)
    unsent.hold(new Socket(), 60_000)
    expect(here.destroyed).toBe(true)
  })
})

describe('deadlines', () => {
  it('of clients do not act while the server works, on a message that came whole or in pieces', async () => {
    for (const cut of [0, 50]) {
      const socket = await open('TLSv1.3')
      await passed(limits.idleMs * 0.7)
      socket.write(keyPairs.subarray(0, cut))
      await passed(50)
      socket.end(keyPairs.subarray(cut))
      expect(await untilEnd(socket)).toHaveLength(1)
    }
  }, 60_000)

  it('for an answer hold on both ports', async () => {
    for (const [port, message] of ports) {
      for (const waitsMs of [0, limits.responseMs + limits.lateMs]) {
        const socket = await open('TLSv1.3', undefined, { ...server, port: server[port] })
        socket.pause()
        socket.write(message)
        await passed(waitsMs)
        expect(await hasCome(largeAnswerBytes, socket)).toBe(waitsMs === 0)
        socket.destroy()
      }
    }
  }, 30_000)

  it('for an answer are not moved by who sends on and does not read', async () => {
    const socket = await open('TLSv1.3')
    socket.pause()
    socket.write(Buffer.concat(Array.from({ length: 20 }, () => random(1_000_000))))
    const message = random(10)
    let sent = 0
    const timer = setInterval(() => socket.write(message.subarray(sent, sent += 1)), 50)
    const began = performance.now()
    await new Promise((resolve) => socket.once('close', resolve))
    clearInterval(timer)
    expect(performance.now() - began).toBeLessThan(limits.responseMs + limits.lateMs)
  }, 30_000)
})

const largeAnswerBytes = 12_000_000
const largeAnswer = encodeItem(request('1.4', Array.from({ length: 12 }, () => (
  item('RNGRetrieve', '<DataLength type="Integer" value="1000000"/>')))))
/** The ports, and how a client asks for that there. */
const ports: readonly (readonly ['port' | 'httpsPort', Buffer])[] = [
  ['port', largeAnswer], ['httpsPort', Buffer.concat([Buffer.from(postHead(largeAnswer.length)), largeAnswer])],
]
/** Longer than any deadline of a client's. */
const keyPairs = encodeItem(request('1.4', Array.from({ length: 2 }, () => item('CreateKeyPair', `
  <CommonTemplateAttribute>
    <Attribute><AttributeName type="TextString" value="Cryptographic Algorithm"/>
      <AttributeValue type="Enumeration" value="RSA"/></Attribute>
    <Attribute><AttributeName type="TextString" value="Cryptographic Length"/>
      <AttributeValue type="Integer" value="4096"/></Attribute>
  </CommonTemplateAttribute>`))))
const create = encodeItem(request('1.4', item('Create', `
  <ObjectType type="Enumeration" value="SymmetricKey"/><TemplateAttribute>
    <Attribute><AttributeName type="TextString" value="Cryptographic Algorithm"/>
      <AttributeValue type="Enumeration" value="AES"/></Attribute>
    <Attribute><AttributeName type="TextString" value="Cryptographic Length"/>
      <AttributeValue type="Integer" value="256"/></Attribute>
    <Attribute><AttributeName type="TextString" value="Cryptographic Usage Mask"/>
      <AttributeValue type="Integer" value="Encrypt"/></Attribute>
  </TemplateAttribute>`)))
const reverse = encodeItem(request('2.1', item('SetEndpointRole', '<EndpointRole type="Enumeration" value="Client"/>')))

function random(length: number): Buffer {
  return encodeItem(request('1.4', item('RNGRetrieve', `<DataLength type="Integer" value="${length}"/>`)))
}

function dataLength(bytes: Buffer): number | undefined {
  const data = find(decodeItem(bytes), Tag.Data)
  return (data?.value as Buffer | undefined)?.length
}

async function lengthOf(connection: WireConnection): Promise<number | undefined> {
  return dataLength((await connection.receive()).bytes)
}

/** @param last sent, and then the end */
function open(version: SecureVersion, last?: Buffer, { host, port, certificates } = server): Promise<TLSSocket> {
  const { ca, alice } = certificates
  const [authority, cert, key] = [ca, alice.cert, alice.key].map((path) => readFileSync(path))
  return new Promise((resolve, reject) => {
    const socket = connect({
      host, port, ca: authority!, cert: cert!, key: key!, minVersion: version, maxVersion: version,
    }, () => {
      if (last !== undefined) socket.end(last)
      resolve(socket)
    })
    socket.allowHalfOpen = last !== undefined
    socket.on('error', reject)
  })
}

/** The answers that come before the server ends the connection. */
function untilEnd(socket: TLSSocket): Promise<Buffer[]> {
  const framer = new Framer(Tag.ResponseMessage, 0x400_0000)
  const answers: Buffer[] = []
  socket.on('data', (chunk: Buffer) => framer.push(chunk, answers)).resume()
  return new Promise((resolve) => socket.once('close', () => resolve(answers)))
}

function postHead(length: number): string {
  return `POST /kmip HTTP/1.1\r\nHost: a\r\nContent-Type: application/octet-stream\r\nContent-Length: ${length}\r\n\r\n`
}

/** Whether so much comes before the connection ends. */
function hasCome(bytes: number, socket: TLSSocket): Promise<boolean> {
  let left = bytes
  return new Promise((resolve) => {
    socket.on('data', (chunk: Buffer) => {
      left -= chunk.length
      if (left <= 0) resolve(true)
    }).resume()
    socket.once('close', () => resolve(false))
  })
}
