import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect as connectTcp, createServer as createTcpServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { createServer } from 'node:tls'
import type { Server } from 'node:tls'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { ConnectionError } from '../../src/client/connection.ts'
import { RemoteKeyManager } from '../../src/client/key-manager.ts'
import { Breaker } from '../../src/crypto/breaker.ts'
import { externalProvider } from '../../src/crypto/external.ts'
import { softwareProvider } from '../../src/crypto/software.ts'
import { BlockCipherMode, CryptographicAlgorithm } from '../../src/kmip/generated/enums.ts'
import { encodeItem } from '../../src/ttlv/writer.ts'
import { startServer } from '../support/server.ts'
import type { RunningServer } from '../support/server.ts'
import { parseItem } from '../support/xml.ts'

const data = '<Data type="ByteString" value="00112233445566778899aabbccddeeff"/>'
const iv = '<IVCounterNonce type="ByteString" value="000102030405060708090a0b"/>'
const tag = '<AuthenticatedEncryptionTag type="ByteString" value="000102030405060708090a0b0c0d0e0f"/>'
const { CBC, ECB, GCM } = BlockCipherMode

/** Has the PKI; the answers are those of a key manager that is not ours. */
let server: RunningServer
let fake: Server
/** What the key manager does with a request: the bytes of its answer, or nothing. */
let answer: (socket: Socket) => void = () => {}
let connections = 0
let requests = 0

beforeAll(async () => {
  server = await startServer()
  const { ca } = server.certificates
  const [cert, key] = ['server.pem', 'server.key'].map((name) => readFileSync(ca.replace('ca.pem', name)))
  fake = createServer({ cert, key }, (socket) => {
    connections += 1
    socket.on('error', () => {}).on('data', () => {
      requests += 1
      answer(socket)
    })
  }).listen(0)
  await once(fake, 'listening')
})
beforeEach(() => {
  [connections, requests] = [0, 0]
})
afterAll(async () => {
  fake?.close()
  await server?.stop()
})

test.each([
  ['CBC without data', CBC, iv, false], ['CBC without an IV', CBC, data, false], ['CBC', CBC, data + iv, true],
  ['GCM without a tag', GCM, data + iv, false], ['GCM without an IV', GCM, data + tag, false],
  ['GCM', GCM, data + iv + tag, true], ['ECB', ECB, data, true],
])('an answer to Encrypt from which nobody could decrypt is none: %s', async (_name, blockCipherMode, fields, isWhole) => {
  answer = says(payload(fields))
  const manager = managerThere()
  const encrypting = manager.encrypt('a key', { blockCipherMode }, { data: Buffer.alloc(16) })
  if (isWhole) expect((await encrypting).data.length).toBe(16)
  else await expect(encrypting).rejects.toBeInstanceOf(ConnectionError)
  manager.close()
})

const whole = payload(data + iv + tag)
test.each([
  ['without a payload', ''], ['of another shape', '<ResponsePayload/>'],
  ['about another key', whole.replace('a key', 'another key')],
  ['with a field twice', payload(data + iv + tag + tag)],
  ['of two items', `${whole}</BatchItem><BatchItem><ResultStatus type="Enumeration" value="Success"/>`],
  ['without an item', undefined],
])('an answer %s is a fault, at which the breaker opens, and no refusal', async (_name, fields) => {
  answer = says(fields)
  const manager = managerThere()
  const breaker = new Breaker({ nowMs: () => performance.now(), onChange() {} })
  const provider = externalProvider({ name: 'ekm', manager, breaker, software: softwareProvider() })
  const key = await provider.load({ ...aes, kind: 'symmetric', reference: Buffer.from('a key') })
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const use = attempt % 2 === 0 ? provider.encrypt : provider.decrypt
    const using = use(key, { blockCipherMode: GCM }, { data: Buffer.alloc(16), iv: Buffer.alloc(12), tag: Buffer.alloc(16) })
    await expect(using).rejects.toThrow('the key manager ekm is not available: it does not answer')
  }
  expect(breaker.state).toBe('open')
  expect(requests).toBe(5)
  manager.close()
})

test('a key is kept by the identifier that it has there, whatever it is adopted by', async () => {
  answer = says(payload(`<Attributes><CryptographicAlgorithm type="Enumeration" value="AES"/>
    <CryptographicLength type="Integer" value="256"/></Attributes>`))
  const manager = managerThere()
  const breaker = new Breaker({ nowMs: () => performance.now(), onChange() {} })
  const provider = externalProvider({ name: 'ekm', manager, breaker, software: softwareProvider() })
  expect((await provider.adopt!('alias/one', aes)).reference.toString()).toBe('a key')
  await expect(provider.adopt!('alias/one', { ...aes, length: 128 })).rejects.toMatchObject({ reason: 'InvalidAttributeValue' })
  manager.close()
})

test('the deadline is that of the whole, however many steps there are', async () => {
  const step = 150
  answer = (socket) => void setTimeout(() => says(discovery)(socket), step)
  const manager = managerThere({ timeoutMs: step * 1.5, version: undefined })
  const begun = performance.now()
  await expect(manager.check()).rejects.toThrow('no answer in')
  expect(performance.now() - begun).toBeLessThan(step * 1.9)
  const patient = managerThere({ timeoutMs: 5000, version: undefined })
  await patient.check()
  for (const each of [manager, patient]) each.close()
})

test('bytes that come one by one do not move the deadline, in an answer or in a handshake', async () => {
  answer = (socket) => trickle(encodeItem(parseItem(answerOf(discovery))), socket)
  const slow = createTcpServer((socket) => {
    const there = connectTcp((fake.address() as AddressInfo).port).on('data', (chunk) => trickle(chunk, socket))
    socket.on('error', () => {}).on('close', () => there.destroy()).pipe(there)
  }).listen(0)
  await once(slow, 'listening')
  for (const to of [fake, slow]) {
    const manager = managerThere({ timeoutMs: 300, to })
    const [gone] = await Promise.all([once(to, 'connection'), (async () => {
      const begun = performance.now()
      await expect(manager.check()).rejects.toBeInstanceOf(ConnectionError)
      expect(performance.now() - begun).toBeLessThan(600)
    })()]) as [[Socket], void]
    await expect.poll(() => gone[0].destroyed).toBe(true)
  }
  const patient = managerThere()
  await patient.check()
  patient.close()
  slow.close()
})

test.each([['Encrypt', 'encrypt', 1, whole], ['Decrypt', 'decrypt', 2, payload(data)]] as const)(
  'what was lost with an old connection comes there again only if nobody counts it: %s', async (_name, use, times, fields) => {
    answer = says(fields)
    const manager = managerThere()
    const ask = () => manager[use]('a key', { blockCipherMode: GCM }, { data: Buffer.alloc(16) })
    await ask()
    expect([connections, requests]).toEqual([1, 1])
    answer = (socket) => {
      socket.destroy()
      answer = says(fields)
    }
    const again = ask()
    if (times === 1) await expect(again).rejects.toBeInstanceOf(ConnectionError)
    else await again
    expect([connections, requests]).toEqual([times, 1 + times])
    // A connection that is known to be gone costs nobody anything.
    await ask()
    expect(requests).toBe(2 + times)
    manager.close()
  })

/** A byte every 5 ms. */
function trickle(bytes: Buffer, socket: Socket): void {
  let sent = 0
  const timer = setInterval(() => {
    if (socket.destroyed || sent === bytes.length) clearInterval(timer)
    else socket.write(bytes.subarray(sent, sent += 1))
  }, 5)
}

function managerThere(
  changes: { timeoutMs?: number; version?: undefined; to?: Pick<Server, 'address'> } = {},
): RemoteKeyManager {
  const { ca, alice } = server.certificates
  const { timeoutMs = 5000, to = fake } = changes
  return new RemoteKeyManager({
    host: 'localhost', port: (to.address() as AddressInfo).port, timeoutMs,
    ca: readFileSync(ca), cert: readFileSync(alice.cert), key: readFileSync(alice.key),
    ...(!('version' in changes) && { version: 201 }),
  })
}

function says(fields: string | undefined): (socket: Socket) => void {
  return (socket) => void socket.write(encodeItem(parseItem(answerOf(fields))))
}

function payload(fields: string): string {
  return `<ResponsePayload><UniqueIdentifier type="TextString" value="a key"/>${fields}</ResponsePayload>`
}

function answerOf(fields: string | undefined): string {
  return `
    <ResponseMessage>
      <ResponseHeader>
        <ProtocolVersion>
          <ProtocolVersionMajor type="Integer" value="2"/><ProtocolVersionMinor type="Integer" value="1"/>
        </ProtocolVersion>
        <TimeStamp type="DateTime" value="2026-11-26T00:00:00+00:00"/><BatchCount type="Integer" value="1"/>
      </ResponseHeader>
      ${fields === undefined ? '' : `<BatchItem><ResultStatus type="Enumeration" value="Success"/>${fields}</BatchItem>`}
    </ResponseMessage>`
}

const aes = { algorithm: CryptographicAlgorithm.AES, length: 256 }
const discovery = `
  <ResponsePayload>
    <ProtocolVersion>
      <ProtocolVersionMajor type="Integer" value="2"/><ProtocolVersionMinor type="Integer" value="1"/>
    </ProtocolVersion>
  </ResponsePayload>`
