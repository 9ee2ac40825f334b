import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:tls'
import type { Server } from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ConnectionError } from '../../src/client/connection.ts'
import { RemoteKeyManager } from '../../src/client/key-manager.ts'
import { BlockCipherMode } from '../../src/kmip/generated/enums.ts'
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
let payload = ''

beforeAll(async () => {
  server = await startServer()
  const { ca } = server.certificates
  const [cert, key] = ['server.pem', 'server.key'].map((name) => readFileSync(ca.replace('ca.pem', name)))
  fake = createServer({ cert, key }, (socket) => {
    socket.on('error', () => {}).on('data', () => socket.write(encodeItem(parseItem(answerOf(payload)))))
  }).listen(0)
  await once(fake, 'listening')
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
  payload = fields
  const { ca, alice } = server.certificates
  const manager = new RemoteKeyManager({
    host: 'localhost', port: (fake.address() as AddressInfo).port, version: 201, timeoutMs: 5000,
    ca: readFileSync(ca), cert: readFileSync(alice.cert), key: readFileSync(alice.key),
  })
  const encrypting = manager.encrypt('a key', { blockCipherMode }, { data: Buffer.alloc(16) })
  if (isWhole) expect((await encrypting).data.length).toBe(16)
  else await expect(encrypting).rejects.toBeInstanceOf(ConnectionError)
  manager.close()
})

function answerOf(fields: string): string {
  return `
    <ResponseMessage>
      <ResponseHeader>
        <ProtocolVersion>
          <ProtocolVersionMajor type="Integer" value="2"/><ProtocolVersionMinor type="Integer" value="1"/>
        </ProtocolVersion>
        <TimeStamp type="DateTime" value="2026-11-26T00:00:00+00:00"/><BatchCount type="Integer" value="1"/>
      </ResponseHeader>
      <BatchItem>
        <Operation type="Enumeration" value="Encrypt"/><ResultStatus type="Enumeration" value="Success"/>
        <ResponsePayload><UniqueIdentifier type="TextString" value="a key"/>${fields}</ResponsePayload>
      </BatchItem>
    </ResponseMessage>`
}
