import { createServer } from 'node:tls'
import type { Server, TLSSocket } from 'node:tls'
import type { AddressInfo, Socket } from 'node:net'
import { KmipError } from '../kmip/error.ts'
import { Connection } from './connection.ts'
import type { MessageHandler } from './connection.ts'
import type { ServerCredentials } from './credentials.ts'
import type { Engine } from './engine.ts'
import type { FaultLog } from './failure.ts'
import { IdentityError, identify } from './identity.ts'
import type { Identity, IdentityPolicy } from './identity.ts'
import type { Limits } from './limits.ts'

export interface ListenerOptions {
  readonly host: string
  readonly port: number
  /** Several threads listen on the same port. */
  readonly reusePort: boolean
  readonly credentials: ServerCredentials
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3'
  readonly identity: IdentityPolicy
  /** The same 48 bytes in all threads of one process, so that sessions resume on any; never shared between machines. */
  readonly ticketKeys: Buffer
}

export interface ListenerLog extends FaultLog {
  warn(details: object, message: string): void
  debug(details: object, message: string): void
}

/**
 * The mutual-TLS port. Every connection is counted from TCP accept on, and bounded in number and
 * time in every phase, so that silent or slow ones cannot keep others out.
 */
export class Listener {
  readonly #server: Server
  readonly #engine: Engine
  readonly #options: ListenerOptions
  readonly #limits: Limits
  readonly #log: ListenerLog
  readonly #sockets = new Set<Socket>()
  readonly #unauthenticated = new Map<Socket, string>()
  readonly #perAddress = new Map<string, number>()
  readonly #perClient = new Map<string, number>()
  readonly #connections = new Map<TLSSocket, Connection>()
  #sweep: NodeJS.Timeout | undefined

  constructor(engine: Engine, options: ListenerOptions, limits: Limits, log: ListenerLog) {
    this.#engine = engine
    this.#options = options
    this.#limits = limits
    this.#log = log
    this.#server = createServer({
      ca: options.credentials.ca,
      cert: options.credentials.cert,
      key: options.credentials.key,
      minVersion: options.minVersion,
      requestCert: true,
      rejectUnauthorized: true,
      handshakeTimeout: limits.handshakeMsMax,
      // Without it, OpenSSL refuses to resume sessions that carry a client certificate.
      sessionIdContext: 'keyward',
      ticketKeys: options.ticketKeys,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveMs,
    })
    this.#server.on('connection', (socket: Socket) => this.#accept(socket))
    this.#server.on('secureConnection', (socket) => this.#open(socket))
    this.#server.on('tlsClientError', (error, socket) => {
      log.debug({ err: error, address: socket.remoteAddress }, 'a TLS handshake failed')
      socket.destroy()
    })
  }

  /**
   * @returns the address listened on
   * @throws the error of listen(2)
   */
  async listen(): Promise<AddressInfo> {
    const { host, port, reusePort } = this.#options
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ host, port, reusePort, backlog: backlogMax }, () => {
        this.#server.off('error', reject)
        resolve()
      })
    })
    this.#server.on('error', (error) => this.#log.error({ err: error }, 'the listener failed'))
    this.#sweep = setInterval(() => this.#expire(), sweepMs)
    return this.#server.address() as AddressInfo
  }

  /** Stops accepting, answers what has been received, and closes every connection in time. */
  async drain(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const connection of this.#connections.values()) connection.drain()
    for (const socket of this.#unauthenticated.keys()) socket.destroy()
    const force = setTimeout(() => this.#sockets.forEach((socket) => socket.destroy()), this.#limits.drainMsMax)
    await closed
    clearTimeout(force)
    clearInterval(this.#sweep)
  }

  #accept(socket: Socket): void {
    const address = socket.remoteAddress ?? ''
    const waiting = this.#perAddress.get(address) ?? 0
    socket.on('error', () => socket.destroy())
    if (this.#sockets.size >= this.#limits.connectionsMax ||
      this.#unauthenticated.size >= this.#limits.unauthenticatedConnectionsMax ||
      waiting >= this.#limits.unauthenticatedPerAddressMax) {
      this.#log.debug({ address }, 'a connection was refused: too many are open')
      socket.destroy()
      return
    }
    this.#sockets.add(socket)
    this.#unauthenticated.set(socket, address)
    this.#perAddress.set(address, waiting + 1)
    socket.on('close', () => {
      this.#sockets.delete(socket)
      this.#authenticated(socket)
    })
  }

  #authenticated(socket: Socket): void {
    const address = this.#unauthenticated.get(socket)
    if (address === undefined) return
    this.#unauthenticated.delete(socket)
    const waiting = this.#perAddress.get(address)! - 1
    if (waiting === 0) this.#perAddress.delete(address)
    else this.#perAddress.set(address, waiting)
  }

  #open(socket: TLSSocket): void {
    socket.on('error', (error) => this.#log.debug({ err: error }, 'a connection broke'))
    this.#authenticated(underlying(socket))
    const caller = this.#identify(socket)
    const refusal = caller instanceof KmipError ? caller : this.#admit(socket, caller)
    const handler = refusal === undefined
      ? this.#handlerFor(caller as Identity)
      : { process: async () => this.#engine.refuse(refusal), refuse: () => this.#engine.refuse(refusal).bytes }
    this.#connections.set(socket, new Connection(socket, handler, this.#limits, this.#log))
    socket.on('close', () => this.#connections.delete(socket))
  }

  #handlerFor(caller: Identity): MessageHandler {
    const engine = this.#engine
    return {
      process: (message) => engine.process(message, caller),
      refuse: (error) => engine.refuse(new KmipError('InvalidMessage', error.message)).bytes,
    }
  }

  #identify(socket: TLSSocket): Identity | KmipError {
    const certificate = socket.getPeerX509Certificate()
    try {
      if (certificate === undefined) throw new IdentityError('there is no client certificate')
      return identify(certificate, this.#options.identity)
    } catch (error) {
      if (!(error instanceof IdentityError)) throw error
      this.#log.warn({ problem: error.message, serialNumber: certificate?.serialNumber }, 'a client was refused')
      return new KmipError('AuthenticationNotSuccessful', error.message)
    }
  }

  #admit(socket: TLSSocket, { fingerprint }: Identity): KmipError | undefined {
    const open = this.#perClient.get(fingerprint) ?? 0
    if (open >= this.#limits.connectionsPerClientMax) {
      return new KmipError('ServerLimitExceeded', 'this client has too many connections')
    }
    this.#perClient.set(fingerprint, open + 1)
    socket.on('close', () => {
      const left = this.#perClient.get(fingerprint)! - 1
      if (left === 0) this.#perClient.delete(fingerprint)
      else this.#perClient.set(fingerprint, left)
    })
    return undefined
  }

  #expire(): void {
    const now = performance.now()
    for (const connection of this.#connections.values()) connection.expire(now)
  }
}

/** The TCP socket below: Node has no public name for it, and the handshake's count is kept by it. */
function underlying(socket: TLSSocket): Socket {
  return (socket as unknown as { _parent: Socket })._parent
}

/** Storage arrays keep pools of idle connections behind firewalls that forget them after some minutes. */
const keepAliveMs = 60_000
/** A storage array reboots and all its connections come back at once. */
const backlogMax = 2_048
/** How late a deadline may act. */
const sweepMs = 250
