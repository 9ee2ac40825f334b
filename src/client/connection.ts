import { connect as connectTls } from 'node:tls'
import type { ConnectionOptions as TlsOptions, TLSSocket } from 'node:tls'
import { Tag } from '../kmip/generated/tags.ts'
import { Framer } from '../ttlv/frame.ts'

export interface ConnectionOptions {
  readonly host: string
  readonly port: number
  /** Certificate authorities of the server, PEM. */
  readonly ca: string | Buffer
  /** Certificate (chain) and key of the client, PEM. */
  readonly cert: string | Buffer
  readonly key: string | Buffer
  /** Name in the server's certificate, when it is not `host`. */
  readonly servername?: string
  /** For the connection, and for each answer. */
  readonly timeoutMs?: number
  /** Bytes of one response. */
  readonly messageBytesMax?: number
  /** TLS versions and suites, where the defaults are not wanted. */
  readonly tls?: Pick<TlsOptions, 'minVersion' | 'maxVersion' | 'ciphers' | 'ecdhCurve' | 'sigalgs'>
}

/** The exchange of messages failed: no connection, no answer in time, or an answer that is none. */
export class ConnectionError extends Error {
  override name = 'ConnectionError'
}

/** One mutual-TLS connection. Requests are written at once and answered in their order. */
export class Connection {
  readonly #socket: TLSSocket
  readonly #framer: Framer
  readonly #timeoutMs: number
  readonly #waiting: Waiting[] = []
  #failure: ConnectionError | undefined

  private constructor(socket: TLSSocket, options: ConnectionOptions) {
    this.#socket = socket
    this.#timeoutMs = options.timeoutMs ?? defaultTimeoutMs
    this.#framer = new Framer(Tag.ResponseMessage, options.messageBytesMax ?? defaultMessageBytesMax)
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.on('error', (error) => this.#fail(new ConnectionError('the connection failed', { cause: error })))
    socket.on('close', () => this.#fail(new ConnectionError('the server closed the connection')))
  }

  /** @throws ConnectionError when there is no secure connection in time */
  static open(options: ConnectionOptions): Promise<Connection> {
    const { host, port, ca, cert, key, servername, tls } = options
    const timeoutMs = options.timeoutMs ?? defaultTimeoutMs
    return new Promise((resolve, reject) => {
      const socket = connectTls({
        host, port, ca, cert, key, minVersion: 'TLSv1.2', ...(servername && { servername }), ...tls,
      })
      const timer = setTimeout(() => socket.destroy(new Error(`no connection in ${timeoutMs} ms`)), timeoutMs)
      const onError = (error: Error) => {
        clearTimeout(timer)
        reject(new ConnectionError(`cannot connect to ${host}:${port}: ${error.message}`, { cause: error }))
      }
      socket.once('error', onError)
      socket.once('secureConnect', () => {
        clearTimeout(timer)
        socket.off('error', onError)
        socket.setNoDelay(true)
        resolve(new Connection(socket, options))
      })
    })
  }

  /**
   * Sends one encoded message and gives the encoded answer to it. Several may be under way.
   *
   * @throws ConnectionError; the connection is closed then
   */
  exchange(request: Uint8Array): Promise<Buffer> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#fail(new ConnectionError(`no answer in ${this.#timeoutMs} ms`))
      }, this.#timeoutMs)
      this.#waiting.push({ resolve, reject, timer })
      this.#socket.write(request)
    })
  }

  /** Whether the other side has not been seen to close it. */
  get isOpen(): boolean {
    return this.#failure === undefined
  }

  /** Closes the connection; what is still waiting fails. */
  close(): void {
    this.#fail(new ConnectionError('the connection was closed'))
  }

  #receive(chunk: Buffer): void {
    let messages: Buffer[]
    try {
      messages = this.#framer.push(chunk)
    } catch (error) {
      return this.#fail(new ConnectionError('the server sent what is no message', { cause: error }))
    }
    for (const message of messages) {
      const waiting = this.#waiting.shift()
      if (waiting === undefined) return this.#fail(new ConnectionError('the server sent an answer to nothing'))
      clearTimeout(waiting.timer)
      waiting.resolve(message)
    }
  }

  #fail(error: ConnectionError): void {
    if (this.#failure !== undefined) return
    this.#failure = error
    for (const { reject, timer } of this.#waiting.splice(0)) {
      clearTimeout(timer)
      reject(error)
    }
    this.#socket.destroy()
  }
}

interface Waiting {
  readonly resolve: (message: Buffer) => void
  readonly reject: (error: ConnectionError) => void
  readonly timer: NodeJS.Timeout
}

const defaultTimeoutMs = 30_000
/** A server of ours sends less by default; others may send certificates and long lists. */
const defaultMessageBytesMax = 16 * 1024 * 1024
