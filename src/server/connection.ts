import type { TLSSocket } from 'node:tls'
import { Tag } from '../kmip/generated/tags.ts'
import { Framer } from '../ttlv/frame.ts'
import { TtlvError } from '../ttlv/item.ts'
import type { Answer } from './engine.ts'
import type { FaultLog } from './failure.ts'
import type { Limits } from './limits.ts'

/** Answers one message; a message that cannot be cut out of the stream is answered by `refuse`. */
export interface MessageHandler {
  process(message: Buffer): Promise<Answer>
  refuse(error: TtlvError): Buffer
}

/**
 * One client connection after its handshake: cuts messages out of the stream and answers them one
 * after the other, in order, each with a single write, which for a small answer is a single TLS
 * record (facts: clients.md finding 1). It holds deadlines as plain numbers; the listener's one
 * timer calls `expire`.
 */
export class Connection {
  readonly #socket: TLSSocket
  readonly #handler: MessageHandler
  readonly #limits: Limits
  readonly #log: FaultLog
  readonly #framer: Framer
  readonly #waiting: Buffer[] = []
  #broken: TtlvError | undefined
  #written: Promise<void> = Promise.resolve()
  #busy = false
  #draining = false
  #deadline: number

  /** @param socket authenticated, and not read from yet */
  constructor(socket: TLSSocket, handler: MessageHandler, limits: Limits, log: FaultLog) {
    this.#socket = socket
    this.#handler = handler
    this.#limits = limits
    this.#log = log
    this.#framer = new Framer(Tag.RequestMessage, limits.messageBytesMax)
    this.#deadline = performance.now() + limits.idleMsMax
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.on('drain', () => void this.#work())
  }

  /** Closes the connection when a deadline is past. @param now of `performance.now()` */
  expire(now: number): void {
    if (now >= this.#deadline) this.#socket.destroy()
  }

  /** Answers what has been received whole, and then closes. */
  drain(): void {
    this.#draining = true
    this.#socket.pause()
    if (!this.#busy && this.#waiting.length === 0) this.#socket.end()
  }

  #receive(chunk: Buffer): void {
    if (this.#broken !== undefined || this.#draining) return
    const unfinished = this.#framer.buffered > 0
    try {
      this.#waiting.push(...this.#framer.push(chunk))
    } catch (error) {
      if (!(error instanceof TtlvError)) throw error
      this.#broken = error
    }
    // From the first byte of a message to its last: a slow sender must not move its own deadline.
    if (this.#framer.buffered > 0 && !(unfinished && this.#waiting.length === 0)) this.#wait(this.#limits.requestMsMax)
    if (this.#waiting.length >= this.#limits.pipelinedRequestsMax) this.#socket.pause()
    void this.#work()
  }

  /** The one place that writes; a second call while it runs does nothing. */
  async #work(): Promise<void> {
    if (this.#busy) return
    this.#busy = true
    try {
      for (;;) {
        if (this.#socket.writableNeedDrain) return this.#wait(this.#limits.responseMsMax)
        const message = this.#waiting.shift()
        if (message === undefined) break
        const answer = await this.#handler.process(message)
        await this.#write(answer.bytes)
        if (this.#socket.destroyed) return
        if (answer.close) return this.#close()
      }
      if (this.#broken !== undefined) {
        await this.#write(this.#handler.refuse(this.#broken))
        return this.#close()
      }
      if (this.#draining) return this.#close()
      if (this.#framer.buffered === 0) this.#wait(this.#limits.idleMsMax)
      if (this.#socket.isPaused()) this.#socket.resume()
    } catch (error) {
      this.#log.error({ err: error }, 'a connection failed for a reason of the server')
      this.#socket.destroy()
    } finally {
      this.#busy = false
    }
  }

  /** One answer, one write: what is written while an earlier write waits would share its TLS record. */
  async #write(bytes: Buffer): Promise<void> {
    if (this.#socket.writableLength > 0) await this.#written
    if (this.#socket.destroyed) return
    this.#written = new Promise((resolve) => this.#socket.write(bytes, () => resolve()))
  }

  #close(): void {
    this.#waiting.length = 0
    this.#wait(this.#limits.responseMsMax)
    this.#socket.end()
  }

  #wait(ms: number): void {
    this.#deadline = performance.now() + ms
  }
}
