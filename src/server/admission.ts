import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { KmipError } from '../kmip/error.ts'
import type { FaultLog } from './failure.ts'
import { FirstOfMinute } from './first-of-minute.ts'
import { IdentityError, identify } from './identity.ts'
import type { Identity, IdentityPolicy } from './identity.ts'
import type { Limits } from './limits.ts'
import { Unsent } from './unsent.ts'

export interface AdmissionLog extends FaultLog {
  warn(details: object, message: string): void
  debug(details: object, message: string): void
}

/**
 * Who may be connected, on all ports together. Every connection is counted from TCP accept on, and bounded in number
 * in every phase, so that silent ones cannot keep others out; and so is what they do not take.
 */
export class Admission {
  readonly unsent: Unsent
  readonly #identity: IdentityPolicy
  readonly #limits: Limits
  readonly #log: AdmissionLog
  readonly #sockets = new Set<Socket>()
  readonly #unauthenticated = new Map<Socket, string>()
  readonly #perAddress = new Map<string, number>()
  readonly #perClient = new Map<string, number>()
  readonly #told = new FirstOfMinute()

  constructor(identity: IdentityPolicy, limits: Limits, log: AdmissionLog) {
    this.unsent = new Unsent(limits.unsentBytesMax, log)
    this.#identity = identity
    this.#limits = limits
    this.#log = log
  }

  /** Takes a TCP connection, or destroys it when too many are open. */
  accept(socket: Socket): void {
    const address = socket.remoteAddress ?? ''
    const waiting = this.#perAddress.get(address) ?? 0
    socket.on('error', () => socket.destroy())
    if (this.#sockets.size >= this.#limits.connectionsMax ||
      this.#unauthenticated.size >= this.#limits.unauthenticatedConnectionsMax ||
      waiting >= this.#limits.unauthenticatedPerAddressMax) {
      this.#tellTooMany(address, { address }, 'a connection was refused: too many are open')
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

  /**
   * Takes a connection after its handshake.
   *
   * @returns who it is of, or why whatever it asks is to be refused
   */
  admit(socket: TLSSocket): Identity | KmipError {
    this.#authenticated(underlying(socket))
    socket.on('close', () => this.unsent.forget(socket))
    const identity = this.#identify(socket)
    return identity instanceof KmipError ? identity : this.#count(socket, identity)
  }

  /** Closes what has not finished its handshake. */
  closeUnauthenticated(): void {
    for (const socket of this.#unauthenticated.keys()) socket.destroy()
  }

  /** Closes every connection at once. */
  closeAll(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  #authenticated(socket: Socket): void {
    const address = this.#unauthenticated.get(socket)
    if (address === undefined) return
    this.#unauthenticated.delete(socket)
    const waiting = this.#perAddress.get(address)! - 1
    if (waiting === 0) this.#perAddress.delete(address)
    else this.#perAddress.set(address, waiting)
  }

  #identify(socket: TLSSocket): Identity | KmipError {
    const certificate = socket.getPeerX509Certificate()
    try {
      if (certificate === undefined) throw new IdentityError('there is no client certificate')
      return identify(certificate, this.#identity)
    } catch (error) {
      if (!(error instanceof IdentityError)) throw error
      this.#log.warn({ problem: error.message, serialNumber: certificate?.serialNumber }, 'a client was refused')
      return new KmipError('AuthenticationNotSuccessful', error.message)
    }
  }

  #tellTooMany(source: string, details: object, message: string): void {
    if (this.#told.isFirst(source, performance.now())) this.#log.warn(details, message)
    else this.#log.debug(details, message)
  }

  #count(socket: TLSSocket, identity: Identity): Identity | KmipError {
    const { fingerprint } = identity
    const open = this.#perClient.get(fingerprint) ?? 0
    if (open >= this.#limits.connectionsPerClientMax) {
      const { account, principal } = identity
      this.#tellTooMany(fingerprint, { account, principal }, 'a client was refused: it has too many connections')
      return new KmipError('ServerLimitExceeded', 'this client has too many connections')
    }
    this.#perClient.set(fingerprint, open + 1)
    socket.on('close', () => {
      const left = this.#perClient.get(fingerprint)! - 1
      if (left === 0) this.#perClient.delete(fingerprint)
      else this.#perClient.set(fingerprint, left)
    })
    return identity
  }
}

/** The TCP socket below: Node has no public name for it, and the handshake's count is kept by it. */
export function underlying(socket: TLSSocket): Socket {
  return (socket as unknown as { _parent: Socket })._parent
}
