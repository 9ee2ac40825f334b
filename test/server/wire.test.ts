import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, readdirSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ResultStatus } from '../../src/kmip/generated/enums.ts'
import { Tag } from '../../src/kmip/generated/tags.ts'
import { encodeItem } from '../../src/ttlv/writer.ts'
import { find } from '../support/client-endpoint.ts'
import { converse } from '../support/conversation.ts'
import { parseConversation } from '../support/notation.ts'
import { startServer } from '../support/server.ts'
import type { RunningServer } from '../support/server.ts'
import { WireConnection } from '../support/wire.ts'
import { item, request } from '../support/xml.ts'

/** What real clients send and break on, over real TLS. The notation is described in test/support/notation.ts. */

let server: RunningServer
beforeAll(async () => {
  server = await startServer()
}, 60_000)
afterAll(() => server.stop())

describe.each(['clients', 'wire'])('fixtures/%s', (folder) => {
  const directory = new URL(`../../fixtures/${folder}/`, import.meta.url)
  for (const file of readdirSync(directory).filter((name) => name.endsWith('.txt'))) {
    const conversation = parseConversation(readFileSync(new URL(file, directory), 'utf8'))
    test(`${file}: ${conversation.title}`, () => converse(conversation, server), 60_000)
  }
})

describe('the comparison is strict', () => {
  const title = '# control'
  const get = 'request 1.2\n  Query #01\n    QueryFunction QueryServerInformation'
  test.each([
    ['another batch id', `${title}\n${get}\nresponse 1.2\n  Query Success #02\n    ...`],
    ['a missing batch id', `${title}\n${get}\nresponse 1.2\n  Query Success\n    ...`],
    ['another version', `${title}\n${get}\nresponse 1.1\n  Query Success #01\n    ...`],
    ['a field too many', `${title}\n${get}\nresponse 1.2\n  Query Success #01\n    VendorIdentification "no"`],
    ['a field of the header too many', `${title}\n${get}\nresponse 1.2\n  Nonce\n  Query Success #01\n    ...`],
    ['another status', `${title}\n${get}\nresponse 1.2\n  Query OperationFailed ItemNotFound #01`],
    ['no close', `${title}\n${get}\nclosed`],
  ])('%s is seen', async (_, text) => {
    await expect(converse(parseConversation(text), server)).rejects.toThrow()
  })
})

test.each([
  ['in one record is taken', [], true],
  ['split over two records is not', [40], false],
])('an answer %s', async (_, cuts, taken) => {
  const text = '# control\nrequest 1.2\n  Query\nresponse 1.2\n  Query Success'
  const fake = await startFake(join(server.directory, 'certs'), cuts)
  const held = converse(parseConversation(text), { ...server, port: fake.port })
  await (taken ? expect(held).resolves.toBeUndefined() : expect(held).rejects.toThrow('1 answers in 2 TLS records'))
  await fake.close()
})

test('a request in the last flight of the handshake is answered', async () => {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const connection = await WireConnection.open(server, server.certificates.alice, version, query)
    expect((await connection.receive()).item.tag).toBe(Tag.ResponseMessage)
    await connection.close()
  }
})

test('requests are answered in order, also when what follows them in their record is no message', async () => {
  const connection = await WireConnection.open(server, server.certificates.alice)
  connection.socket.write(Buffer.concat([query, query, Buffer.alloc(16, 0xde)]))
  for (const status of [ResultStatus.Success, ResultStatus.Success, ResultStatus.OperationFailed]) {
    expect(find((await connection.receive()).item, Tag.ResultStatus)?.value).toBe(status)
  }
  await connection.receiveClose()
  await connection.close()
})

test('connect-only probes and closes without close_notify disturb nobody', async () => {
  const probes = await Promise.all(
    Array.from({ length: 10 }, () => WireConnection.open(server, server.certificates.alice)))
  await Promise.all(probes.map((probe) => probe.close()))
  await converse(parseConversation(
    '# after\nrequest 1.2\n  Query\n    QueryFunction QueryServerInformation\nresponse 1.2\n  Query Success\n    ...',
  ), server)
})

test('many short connections of one client at once', async () => {
  const conversation = parseConversation(
    '# one\nrequest 1.0\n  Query\n    QueryFunction QueryServerInformation\nresponse 1.0\n  Query Success\n    ...',
  )
  await Promise.all(Array.from({ length: 24 }, () => converse(conversation, server)))
}, 30_000)

test.each(['TLSv1.2', 'TLSv1.3'] as const)('a TLS session is resumed, with its client certificate: %s', async (version) => {
  const first = await WireConnection.open(server, server.certificates.alice, version)
  const session = version === 'TLSv1.2' ? first.socket.getSession() : (await once(first.socket, 'session'))[0] as Buffer
  await first.close()
  const second = await WireConnection.open(server, server.certificates.alice, version, undefined, session)
  expect(second.socket.isSessionReused()).toBe(true)
  second.socket.write(query)
  expect((await second.receive()).item.tag).toBe(Tag.ResponseMessage)
  await second.close()
})

test('a client certificate without any purpose is taken, and is who it says', async () => {
  const folder = join(server.directory, 'certs')
  const openssl = (...words: string[]): Promise<unknown> => promisify(execFile)('openssl', words, { cwd: folder })
  await openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/O=alpha/CN=array',
    '-keyout', 'array.key', '-out', 'array.csr')
  await openssl('x509', '-req', '-in', 'array.csr', '-days', '2', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial',
    '-out', 'array.pem')
  const files = { cert: join(folder, 'array.pem'), key: join(folder, 'array.key') }
  await converse(parseConversation(
    '# array\nrequest 1.0\n  Query\n    QueryFunction QueryServerInformation\nresponse 1.0\n  Query Success\n    ...',
  ), { ...server, certificates: { ...server.certificates, alice: files } })
})

test('Unique Identifiers have 36 characters: another library has room for 64', async () => {
  const connection = await WireConnection.open(server, server.certificates.alice)
  connection.socket.write(encodeItem(request('1.0', item('Create', aesKey))))
  const { item: answer } = await connection.receive()
  expect(find(answer, Tag.UniqueIdentifier)?.value).toMatch(/^[0-9a-f-]{36}$/)
  await connection.close()
})

test('the handshake offers the server certificate with its names, and its chain', async () => {
  const connection = await WireConnection.open(server, server.certificates.alice)
  const { subjectaltname } = connection.socket.getPeerCertificate()
  for (const name of ['DNS:localhost', 'IP Address:127.0.0.1', 'IP Address:0:0:0:0:0:0:0:1']) {
    expect(subjectaltname).toContain(name)
  }
  await connection.close()
})

const query = encodeItem(request('1.2', item('Query', '<QueryFunction type="Enumeration" value="QueryServerInformation"/>')))

const aesKey = `<ObjectType type="Enumeration" value="SymmetricKey"/><TemplateAttribute>${[
  ['Cryptographic Algorithm', 'type="Enumeration" value="AES"'],
  ['Cryptographic Length', 'type="Integer" value="256"'],
  ['Cryptographic Usage Mask', 'type="Integer" value="Encrypt Decrypt"'],
].map(([name, value]) => `<Attribute><AttributeName type="TextString" value="${name}"/><AttributeValue ${value}/></Attribute>`)
  .join('')}</TemplateAttribute>`

/** A server that answers each write with one success of Query, cut at the given bytes into TLS records of their own. */
async function startFake(
  certificates: string, cuts: readonly number[],
): Promise<{ readonly port: number, close(): Promise<void> }> {
  const answer = Buffer.from(queryAnswer, 'hex')
  const fake = createServer({
    cert: readFileSync(join(certificates, 'server.pem')), key: readFileSync(join(certificates, 'server.key')),
  }, (socket) => {
    socket.on('error', () => undefined)
    socket.on('data', () => {
      const edges = [0, ...cuts, answer.length]
      for (const [index, edge] of edges.slice(1).entries()) socket.write(answer.subarray(edges[index], edge))
    })
  })
  fake.listen(0, '127.0.0.1')
  await once(fake, 'listening')
  return {
    port: (fake.address() as AddressInfo).port,
    async close() {
      fake.close()
      await once(fake, 'close')
    },
  }
}

/** Response Message (Header (Version 1.2, Time Stamp, Batch Count 1), Batch Item (Query, Success)). */
const queryAnswer = [
  '42007b0100000078', '42007a0100000048',
  '4200690100000020', '42006a02000000040000000100000000', '42006b02000000040000000200000000',
  '4200920900000008000000006553f100', '42000d02000000040000000100000000',
  '42000f0100000020', '42005c05000000040000001800000000', '42007f05000000040000000000000000',
].join('')
