import { once } from 'node:events'
import { readFileSync, readdirSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { converse } from '../support/conversation.ts'
import { buildRequest } from '../support/notation-item.ts'
import { parseConversation } from '../support/notation.ts'
import { startServer } from '../support/server.ts'
import type { RunningServer } from '../support/server.ts'
import { WireConnection, encode } from '../support/wire.ts'

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
  const text = '# early\nrequest 1.2\n  Query\n    QueryFunction QueryServerInformation'
  const [step] = parseConversation(text).steps
  if (step?.kind !== 'request') throw new Error('a request was written')
  const early = encode(buildRequest(step.message, new Map()))
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const connection = await WireConnection.open(server, server.certificates.alice, version, early)
    expect((await connection.receive()).item.tag).toBe(0x42007b)
    await connection.close()
  }
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

test('a TLS session is resumed, with its client certificate', async () => {
  const first = await WireConnection.open(server, server.certificates.alice)
  const session = first.socket.getSession()
  await first.close()
  const second = await WireConnection.open(server, server.certificates.alice, 'TLSv1.2', undefined, session)
  expect(second.socket.isSessionReused()).toBe(true)
  await second.close()
})

test('the handshake offers the server certificate with its names, and its chain', async () => {
  const connection = await WireConnection.open(server, server.certificates.alice)
  const { subjectaltname } = connection.socket.getPeerCertificate()
  for (const name of ['DNS:localhost', 'IP Address:127.0.0.1', 'IP Address:0:0:0:0:0:0:0:1']) {
    expect(subjectaltname).toContain(name)
  }
  await connection.close()
})

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
