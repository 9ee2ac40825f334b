import type { AddressInfo, Server as TcpServer, Socket } from 'node:net'
import { createServer } from 'node:tls'
import type { Server, TLSSocket, TlsOptions } from 'node:tls'
import { KmipError } from '../kmip/error.ts'
import type { Admission, AdmissionLog } from './admission.ts'
import { Connection } from './connection.ts'
import type { MessageHandler } from './connection.ts'
import type { ServerCredentials } from './credentials.ts'
import { tellFailedHandshakes } from './handshake-log.ts'
import type { Limits } from './limits.ts'
import type { Processor } from './part-router.ts'
import { versionAtStart } from './request.ts'
import { Session } from './session.ts'

export interface ListenerOptions {
  readonly host: string
  readonly port: number
  /** Several threads listen on the same port. */
  readonly reusePort: boolean
  readonly credentials: ServerCredentials
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3'
  /** The same 48 bytes in all threads of one process, so that sessions resume on any; never shared between machines. */
  readonly ticketKeys: Buffer
}

/** The mutual-TLS port for TTLV messages; every phase of a connection is bounded in time. */
export class Listener {
  readonly #server: Server
  readonly #engine: Processor
  readonly #admission: Admission
  readonly #options: ListenerOptions
  readonly #limits: Limits
  readonly #log: AdmissionLog
  readonly #connections = new Map<TLSSocket, Connection>()
  #sweep: NodeJS.Timeout | undefined

  constructor(engine: Processor, admission: Admission, options: ListenerOptions, limits: Limits, log: AdmissionLog) {
    this.#engine = engine
    this.#admission = admission
    this.#options = options
    this.#limits = limits
    this.#log = log
    this.#server = createServer(tlsOptions(options, limits))
    this.#server.on('connection', (socket: Socket) => admission.accept(socket))
    this.#server.on('secureConnection', (socket) => this.#open(socket))
    tellFailedHandshakes(this.#server, log)
  }

  /**
   * @returns the address listened on
   * @throws the error of listen(2)
   */
  async listen(): Promise<AddressInfo> {
    const address = await listen(this.#server, this.#options, this.#log)
    this.#sweep = setInterval(() => this.#expire(), sweepMs)
    return address
  }

  /** Stops accepting, answers what has been received, and closes every connection in time. */
  async drain(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const connection of this.#connections.values()) connection.drain()
    this.#admission.closeUnauthenticated()
    const force = setTimeout(() => this.#admission.closeAll(), this.#limits.drainMsMax)
    await closed
    clearTimeout(force)
    clearInterval(this.#sweep)
  }

  #open(socket: TLSSocket): void {
    socket.on('error', (error: Error) => this.#log.debug({ err: error }, 'a connection broke'))
    const handler = this.#handlerFor(socket)
    this.#connections.set(socket, new Connection(socket, handler, this.#limits, this.#admission.unsent, this.#log))
    socket.on('close', () => this.#connections.delete(socket))
  }

  #handlerFor(socket: TLSSocket): MessageHandler {
    const engine = this.#engine
    const caller = this.#admission.admit(socket)
    if (caller instanceof KmipError) {
      return { process: () => engine.refuse(caller), refuse: () => engine.refuse(caller).bytes }
    }
    const session = new Session()
    socket.on('close', () => void engine.endSession(session, caller))
    return {
      process: (message) => engine.process(message, caller, session),
      refuse: (error, start) => engine.refuse(new KmipError('CodecError', error.message), versionAtStart(start)).bytes,
    }
  }

  #expire(): void {
    const now = performance.now()
    for (const connection of this.#connections.values()) connection.expire(now)
  }
}

/** What the ports have in common: a client needs a certificate of one of our authorities on each of them. */
export function tlsOptions({ credentials, minVersion, ticketKeys }: ListenerOptions, limits: Limits): TlsOptions {
  return {
    ca: credentials.ca,
    cert: credentials.cert,
    key: credentials.key,
    minVersion,
    requestCert: true,
    rejectUnauthorized: true,
    handshakeTimeout: limits.handshakeMsMax,
    // Without it, OpenSSL refuses to resume sessions that carry a client certificate.
    sessionIdContext: 'keyward',
    ticketKeys,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: keepAliveMs,
  }
}

/** @throws the error of listen(2) */
export async function listen(server: TcpServer, options: ListenerOptions, log: AdmissionLog): Promise<AddressInfo> {
  const { host, port, reusePort } = options
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port, reusePort, backlog: backlogMax }, () => {
      server.off('error', reject)
      resolve()
    })
  })
  server.on('error', (error) => log.error({ err: error }, 'the listener failed'))
  return server.address() as AddressInfo
}

/** Storage arrays keep pools of idle connections behind firewalls that forget them after some minutes. */
const keepAliveMs = 60_000
/** A storage array reboots and all its connections come back at once. */
const backlogMax = 2_048
/** How late a deadline may act. */
const sweepMs = 250
