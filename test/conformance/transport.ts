import type { IncomingMessage } from 'node:http'
import { request as requestHttps } from 'node:https'
import { Connection } from '../../src/client/connection.ts'
import type { ConnectionOptions } from '../../src/client/connection.ts'
import { decodeJson, encodeJson } from '../../src/kmip/json.ts'
import { decodeXml, encodeXml } from '../../src/kmip/xml.ts'
import { decodeItem } from '../../src/ttlv/item.ts'
import type { Item } from '../../src/ttlv/item.ts'
import { encodeItem } from '../../src/ttlv/writer.ts'
import type { Case } from './case-file.ts'

/** How messages reach the server: one connection of one client. */
export interface Transport {
  exchange(request: Item): Promise<Item>
  close(): void
}

/** Where the server is, and who we are. */
export interface Endpoint extends ConnectionOptions {
  /** Port of the HTTPS profile, when the server has one. */
  readonly httpsPort?: number
}

/** The encodings that a message may have over HTTPS. */
export type HttpsEncoding = keyof typeof encodings

/**
 * Connects in the way that a case is about: its name says so, its messages do not.
 *
 * @param other the way for the cases that are about none, in place of TTLV over TLS
 * @throws Error when the endpoint has no such way
 */
export function openTransport({ name }: Case, endpoint: Endpoint, other?: HttpsEncoding): Promise<Transport> {
  if (name.startsWith('MSGENC-HTTPS-')) return Promise.resolve(httpsTransport(endpoint, encodings.binary))
  if (name.startsWith('MSGENC-XML-')) return Promise.resolve(httpsTransport(endpoint, encodings.xml))
  if (name.startsWith('MSGENC-JSON-')) return Promise.resolve(httpsTransport(endpoint, encodings.json))
  if (name.startsWith('SUITEB_128-')) return ttlvTransport({ ...endpoint, tls: suiteB128 })
  if (name.startsWith('SUITEB_192-')) return ttlvTransport({ ...endpoint, tls: suiteB192 })
  if (other !== undefined) return Promise.resolve(httpsTransport(endpoint, encodings[other]))
  return ttlvTransport(endpoint)
}

export function isHttpsEncoding(name: string): name is HttpsEncoding {
  return Object.hasOwn(encodings, name)
}

async function ttlvTransport(options: ConnectionOptions): Promise<Transport> {
  const connection = await Connection.open(options)
  return {
    exchange: async (request) => decodeItem(await connection.exchange(encodeItem(request))),
    close: () => connection.close(),
  }
}

interface Encoding {
  readonly contentType: string
  encode(item: Item): Buffer
  decode(bytes: Buffer): Item
}

/** One POST to `/kmip` per message (KMIP Additional Message Encodings 1.0, 2.3 and 2.4). */
function httpsTransport(endpoint: Endpoint, encoding: Encoding): Transport {
  const { host, httpsPort, ca, cert, key } = endpoint
  if (httpsPort === undefined) throw new Error('needs a server with an HTTPS port (--https-port)')
  return {
    exchange: (message) => new Promise((resolve, reject) => {
      const headers = { 'content-type': encoding.contentType, 'cache-control': 'no-cache' }
      const options = { host, port: httpsPort, ca, cert, key, method: 'POST', path: '/kmip', headers, timeout: 30_000 }
      const request = requestHttps(options, (response) => resolve(messageOf(response, encoding)))
      request.on('error', reject)
      request.on('timeout', () => request.destroy(new Error('no answer in 30 s')))
      request.end(encoding.encode(message))
    }),
    close: () => {},
  }
}

async function messageOf(response: IncomingMessage, encoding: Encoding): Promise<Item> {
  const bytes = Buffer.concat(await response.toArray() as Buffer[])
  if (response.statusCode !== 200) throw new Error(`HTTP status ${response.statusCode}`)
  const contentType = response.headers['content-type'] ?? 'none'
  if (!contentType.startsWith(encoding.contentType)) throw new Error(`the content type is ${contentType}`)
  return encoding.decode(bytes)
}

const encodings = {
  binary: { contentType: 'application/octet-stream', encode: encodeItem, decode: (bytes) => decodeItem(bytes) },
  xml: {
    contentType: 'text/xml',
    encode: (item) => Buffer.from(encodeXml(item)),
    decode: (bytes) => decodeXml(bytes.toString()),
  },
  json: {
    contentType: 'application/json',
    encode: (item) => Buffer.from(encodeJson(item)),
    decode: (bytes) => decodeJson(bytes.toString()),
  },
} as const satisfies Record<string, Encoding>

/** The TLS 1.2 suites of the two levels of Suite B (RFC 6460). */
const suiteB128 = { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256', ecdhCurve: 'P-256:P-384' } as const
const suiteB192 = { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384', ecdhCurve: 'P-384' } as const
