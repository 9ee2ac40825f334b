import { X509Certificate, createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Connection } from '../../src/client/connection.ts'
import { Tag } from '../../src/kmip/generated/tags.ts'
import { printItem } from '../../src/kmip/print.ts'
import { decodeItem } from '../../src/ttlv/item.ts'
import type { Item } from '../../src/ttlv/item.ts'
import { encodeItem } from '../../src/ttlv/writer.ts'
import { find } from '../support/client-endpoint.ts'
import { startServer } from '../support/server.ts'
import { item, request } from '../support/xml.ts'

test('over TLS: the client goes on with its new certificate, and the old one opens nothing', async () => {
  const server = await startServer()
  try {
    const { host, port, certificates: { ca, alice } } = server
    const common = { host, port, ca: readFileSync(ca), servername: 'localhost' }
    const old = { ...common, cert: readFileSync(alice.cert), key: readFileSync(alice.key) }
    const before = await Connection.open(old)
    const answer = await exchange(before, [
      item('ReProvision'), item('Get', '<KeyFormatType type="Enumeration" value="PKCS_8"/>'),
      item('Locate', '<Attributes><ObjectType type="Enumeration" value="Certificate"/></Attributes>'), item('Get'),
    ])
    const der = found(answer, Tag.KeyMaterial)
    const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }).export({ format: 'pem', type: 'pkcs8' })
    const cert = new X509Certificate(found(answer, Tag.CertificateValue)).toString()

    const after = await Connection.open({ ...common, cert, key })
    expect(printItem(await exchange(after, [item('Locate')]))).toMatch(/UniqueIdentifier TextString/)
    expect(printItem(await exchange(before, [item('Ping')]))).toContain('AuthenticationNotSuccessful')
    const again = await Connection.open(old)
    expect(printItem(await exchange(again, [item('Ping')]))).toContain('AuthenticationNotSuccessful')
    for (const connection of [before, after, again]) connection.close()
  } finally {
    await server.stop()
  }
}, 60_000)

async function exchange(connection: Connection, items: readonly string[]): Promise<Item> {
  return decodeItem(await connection.exchange(encodeItem(request('2.1', items))))
}

function found(answer: Item, tag: number): Buffer {
  const value = find(answer, tag)?.value
  if (!Buffer.isBuffer(value)) throw new Error(printItem(answer))
  return value
}
