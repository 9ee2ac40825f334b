import { once } from 'node:events'
import { createServer } from 'node:https'
import type { Server } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { KmipError } from '../kmip/error.ts'
import { addChunk } from '../ttlv/chunks.ts'
import type { Admission, AdmissionLog } from './admission.ts'
import { encodings } from './encoding.ts'
import type { Encoding } from './encoding.ts'
import type { Answer } from './engine.ts'
import { tellFailedHandshakes } from './handshake-log.ts'
import type { Identity } from './identity.ts'
import type { Limits } from './limits.ts'
import { listen, tlsOptions } from './listener.ts'
import type { ListenerOptions } from './listener.ts'
import { Session } from './session.ts'

import type { Processor } from './part-router.ts'

/**
 * The mutual-TLS port for messages in HTTP (KMIP Additional Message Encodings 1.0, section 2): one POST to `/kmip` per
 * request message, in TTLV, XML or JSON as its content type says, answered in the same with status 200. Other statuses
 * mean that no message was looked at. The requests of one connection are executed one after the other, each when the
 * answer before it has been taken.
 */
export class HttpsListener {
  readonly #server: Server
  readonly #engine: Processor
  readonly #options: ListenerOptions
  readonly #limits: Limits
  readonly #admission: Admission
  readonly #log: AdmissionLog
  readonly #clients = new WeakMap<Socket, Client>()
  #draining = false

  constructor(engine: Processor, admission: Admission, options: ListenerOptions, limits: Limits, log: AdmissionLog) {
    this.#engine = engine
    this.#options = options
    this.#limits = limits
    this.#admission = admission
    this.#log = log
    this.#server = createServer({
      ...tlsOptions(options, limits),
      maxHeaderSize: headerBytesMax,
      // From the first byte, or from the handshake for the first request; a connection may be idle only after it.
      headersTimeout: limits.requestMsMax,
      requestTimeout: limits.requestMsMax,
      keepAliveTimeout: limits.idleMsMax,
      connectionsCheckingInterval: sweepMs,
    })
    this.#server.on('connection', (socket: Socket) => admission.accept(socket))
    this.#server.on('secureConnection', (socket) => this.#open(socket))
    this.#server.on('request', (request, response) => this.#queue(request, response))
    tellFailedHandshakes(this.#server, log)
  }

  /**
   * @returns the address listened on
   * @throws the error of listen(2)
   */
  listen(): Promise<AddressInfo> {
    return listen(this.#server, this.#options, this.#log)
  }

  /** Stops accepting, answers what has been received, and closes every connection in time. */
  async drain(): Promise<void> {
    this.#draining = true
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#admission.closeUnauthenticated()
    const force = setTimeout(() => this.#admission.closeAll(), this.#limits.drainMsMax)
    await closed
    clearTimeout(force)
  }

  #open(socket: TLSSocket): void {
    socket.on('error', (error: Error) => this.#log.debug({ err: error }, 'a connection broke'))
    this.#clients.set(socket, { caller: this.#admission.admit(socket), last: Promise.resolve(), waiting: 0 })
  }

  /** Pipelined requests arrive at once; a message may build on the one before it. */
  #queue(request: IncomingMessage, response: ServerResponse): void {
    const client = this.#clients.get(request.socket)
    if (client === undefined || client.waiting >= this.#limits.pipelinedRequestsMax) {
      request.socket.destroy()
      return
    }
    client.waiting += 1
    client.last = client.last.then(() => this.#answer(request, response, client.caller)).catch((error: unknown) => {
      this.#log.error({ err: error }, 'a connection failed for a reason of the server')
      request.socket.destroy()
    }).finally(() => {
      client.waiting -= 1
    })
  }

  async #answer(request: IncomingMessage, response: ServerResponse, caller: Identity | KmipError): Promise<void> {
    if (isGone(response)) return
    const encoding = encodings[contentTypeOf(request)]
    const status = refusal(request, encoding, this.#limits)
    if (status !== undefined || encoding === undefined) return this.#refuse(response, status ?? 415)
    const body = await readBody(request, this.#limits.messageBytesMax)
    if (body === 'broken') return
    if (body === 'large') return this.#refuse(response, 413)
    const answer = await this.#process(body, encoding, caller)
    const { bytes, close } = await this.#written(answer, encoding)
    if (close || this.#draining) response.setHeader('connection', 'close')
    response.setHeader('content-type', encoding.contentType)
    await this.#send(response, bytes)
  }

  async #process(body: Buffer, encoding: Encoding, caller: Identity | KmipError): Promise<Answer> {
    if (caller instanceof KmipError) return this.#engine.refuse(caller)
    const message = await encoding.toTtlv(body, this.#limits)
    if (message instanceof KmipError) return { ...this.#engine.refuse(message, encoding.versionOf(body)), close: false }
    const session = new Session(false)
    const answer = await this.#engine.process(message, caller, session)
    await this.#engine.endSession(session, caller)
    return answer
  }

  /** The answer in the encoding of the request. What XML cannot carry (control characters) is a failure. */
  async #written({ bytes, close }: Answer, encoding: Encoding): Promise<Answer> {
    const written = await encoding.fromTtlv(bytes)
    if (!(written instanceof KmipError)) return { bytes: written, close }
    return { bytes: await encoding.fromTtlv(this.#engine.refuse(written).bytes) as Buffer, close }
  }

  /** What is left of the request is not read: the connection ends with the answer. */
  #refuse(response: ServerResponse, status: number): Promise<void> {
    response.statusCode = status
    response.setHeader('connection', 'close')
    if (status === 405) response.setHeader('allow', 'POST')
    return this.#send(response, Buffer.alloc(0))
  }

  /** Waits until the answer is taken, or never will be. */
  async #send(response: ServerResponse, bytes: Buffer): Promise<void> {
    if (isGone(response)) return
    const socket = response.socket!
    const closed = once(response, 'close')
    const timer = setTimeout(() => response.destroy(), this.#limits.responseMsMax)
    this.#admission.unsent.hold(socket, bytes.length)
    response.setHeader('cache-control', 'no-cache, no-store')
    response.setHeader('content-length', bytes.length)
    response.end(bytes)
    try {
      await closed
    } finally {
      clearTimeout(timer)
      this.#admission.unsent.release(socket, bytes.length)
    }
  }
}

interface Client {
  readonly caller: Identity | KmipError
  /** Settles with the answer to the last request. */
  last: Promise<void>
  /** Requests that are not answered yet. */
  waiting: number
}

/** Whether nobody takes the answer any more; when its turn has come, Node has given it its connection. */
function isGone({ socket }: ServerResponse): boolean {
  return socket === null || socket.destroyed
}

/** The HTTP status with which a request is refused by its head alone. */
function refusal(
  { method, url, headers }: IncomingMessage, encoding: Encoding | undefined, limits: Limits,
): number | undefined {
  if (url !== path) return 404
  if (method !== 'POST') return 405
  if (encoding === undefined || headers['content-encoding'] !== undefined) return 415
  return Number(headers['content-length'] ?? 0) > limits.messageBytesMax ? 413 : undefined
}

/** Without parameters; UTF-8 is the only character set. */
function contentTypeOf({ headers }: IncomingMessage): string {
  const match = /^([a-z]+\/[a-z-]+)(?:\s*;\s*charset="?utf-8"?)?$/i.exec(headers['content-type'] ?? '')
  return match?.[1]?.toLowerCase() ?? ''
}

/** @returns `large` when there is more than `bytesMax`, `broken` when the connection ended before the body */
async function readBody(request: IncomingMessage, bytesMax: number): Promise<Buffer | 'large' | 'broken'> {
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      length += chunk.length
      if (length > bytesMax) return 'large'
      addChunk(chunks, chunk)
    }
  } catch {
    return 'broken'
  }
  return Buffer.concat(chunks)
}

/** The profile's Request URI (2.3). */
const path = '/kmip'
/** KMIP clients send half a dozen short header fields. */
const headerBytesMax = 8_192
/** How late a deadline may act. */
const sweepMs = 250
