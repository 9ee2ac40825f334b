import type { TLSSocket } from 'node:tls'
import { Tag } from '../kmip/generated/tags.ts'
import { Framer } from '../ttlv/frame.ts'
import { TtlvError } from '../ttlv/item.ts'
import type { Awaitable } from '../model/awaitable.ts'
import type { Endpoint, Link } from './endpoint.ts'
import type { Answer } from './engine.ts'
import type { FaultLog } from './failure.ts'
import type { Limits } from './limits.ts'
import { isCounted } from './unsent.ts'
import type { Unsent } from './unsent.ts'

/** Answers one message; one that cannot be cut out of the stream, of which the start is there, is answered by `refuse`. */
export interface MessageHandler {
  process(message: Buffer): Awaitable<Answer>
  refuse(error: TtlvError, start: Buffer): Buffer
}

/**
 * One client connection after its handshake: cuts messages out of the stream and answers them one
 * after the other, in order, each with a single write, which for a small answer is a single TLS
 * record (facts: clients.md finding 1). A client that ends its side gets the answers to what it has sent.
 * The deadline is a plain number, and the listener's one timer calls `expire`.
 */
export class Connection {
  readonly #socket: TLSSocket
  readonly #handler: MessageHandler
  readonly #limits: Limits
  readonly #unsent: Unsent
  readonly #log: FaultLog
  #framer: Framer
  #endpoint: Endpoint | undefined
  readonly #waiting: Buffer[] = []
  #broken: TtlvError | undefined
  /** From when a message is taken up until its answer is written. */
  #isBusy = false
  /** The answer that is to be written. */
  #answer: Answer | undefined
  #draining = false
  #phase: Phase = 'idle'
  #deadline: number

  /** @param socket authenticated, and not read from yet */
  constructor(socket: TLSSocket, handler: MessageHandler, limits: Limits, unsent: Unsent, log: FaultLog) {
    this.#socket = socket
    this.#handler = handler
    this.#limits = limits
    this.#unsent = unsent
    this.#log = log
    this.#framer = new Framer(Tag.RequestMessage, limits.messageBytesMax)
    this.#deadline = performance.now() + limits.idleMsMax
    socket.allowHalfOpen = true
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.on('drain', () => this.#work())
    socket.on('end', () => this.drain())
    socket.on('close', () => this.#endpoint?.close())
  }

  /** Closes the connection when a deadline is past. @param now of `performance.now()` */
  expire(now: number): void {
    if (now >= this.#deadline) this.#socket.destroy()
  }

  /** Answers what has been received whole, and then closes. What comes from now on is not looked at. */
  drain(): void {
    this.#draining = true
    if (this.#endpoint !== undefined) this.#close()
    else this.#work()
  }

  #receive(chunk: Buffer): void {
    if (this.#endpoint !== undefined) return this.#receiveAnswer(this.#endpoint, chunk)
    if (this.#broken !== undefined || this.#draining) return
    try {
      this.#framer.push(chunk, this.#waiting)
    } catch (error) {
      if (!(error instanceof TtlvError)) throw error
      this.#broken = error
    }
    if (this.#isFull()) this.#socket.pause()
    Connection.#received.push(this)
    Connection.#schedule()
  }

  static readonly #received: Connection[] = []
  static readonly #answered: Connection[] = []
  static #isScheduled = false
  static #scheduledMs = 0
  /** How many of the received ones an earlier turn has brought. */
  static #receivedBefore = 0

  static #schedule(): void {
    if (Connection.#isScheduled) return
    Connection.#isScheduled = true
    Connection.#scheduledMs = performance.now()
    setImmediate(Connection.#answerAll)
  }

  /**
   * What the event loop has brought on all connections is read first, then worked on, and then its answers are
   * written: code that does one thing to many stays in the processor's caches, and a client is not woken for each answer
   * by itself. Reading takes time, in which more comes: the next turns are waited for too while they bring more, unless
   * other work makes them long.
   */
  static readonly #answerAll = (): void => {
    const { length } = Connection.#received
    if (length > Connection.#receivedBefore && performance.now() - Connection.#scheduledMs < readingMsMax) {
      Connection.#receivedBefore = length
      setImmediate(Connection.#answerAll)
      return
    }
    Connection.#receivedBefore = 0
    for (const connection of Connection.#received.splice(0)) connection.#work()
    Connection.#isScheduled = false
    for (const connection of Connection.#answered.splice(0)) connection.#write()
  }

  /** Whether so much waits that no more is read: in number or, of large messages, in bytes. */
  #isFull(): boolean {
    const { pipelinedRequestsMax, messageBytesMax } = this.#limits
    if (this.#waiting.length >= pipelinedRequestsMax) return true
    return this.#waiting.reduce((bytes, { length }) => bytes + length, 0) >= messageBytesMax
  }

  /** Takes up the next message, if none is being dealt with. */
  #work(): void {
    if (this.#isBusy || this.#endpoint !== undefined) return
    if (this.#socket.writableNeedDrain) return this.#stay('response')
    const message = this.#waiting.shift()
    if (message === undefined) return this.#rest()
    this.#isBusy = true
    this.#wait('work')
    try {
      const answer = this.#handler.process(message)
      if (answer instanceof Promise) answer.then((later) => this.#give(later), (error: unknown) => this.#fail(error))
      else this.#give(answer)
    } catch (error) {
      this.#fail(error)
    }
  }

  /** No whole message is left. */
  #rest(): void {
    if (this.#broken !== undefined) {
      this.#isBusy = true
      return this.#give({ bytes: this.#handler.refuse(this.#broken, this.#framer.refused), close: true })
    }
    if (this.#draining) return this.#close()
    if (this.#framer.buffered === 0) this.#wait('idle')
    else this.#stay('request')
    if (this.#socket.isPaused()) this.#socket.resume()
  }

  #give(answer: Answer): void {
    this.#answer = answer
    this.#unsent.hold(this.#socket, answer.bytes.length)
    Connection.#answered.push(this)
    Connection.#schedule()
  }

  /** One answer, one write: what is written while an earlier write waits would share its TLS record. */
  #write(): void {
    const answer = this.#answer
    if (answer === undefined || this.#socket.destroyed) return
    if (this.#socket.writableLength > 0) return this.#writeLater()
    this.#answer = undefined
    this.#wait('work')
    const { bytes } = answer
    // Without a callback where none is needed: it costs a turn of the queue of next ticks.
    if (isCounted(bytes.length)) this.#socket.write(bytes, () => this.#unsent.release(this.#socket, bytes.length))
    else this.#socket.write(bytes)
    if (answer.close) return this.#close()
    this.#isBusy = false
    if (answer.reverse === undefined) this.#work()
    else this.#reverse(answer.reverse)
  }

  /** Nothing that is written, which is no record, waits behind what has not left yet. */
  #writeLater(): void {
    this.#wait('response')
    this.#socket.write(nothing, () => this.#write())
  }

  #fail(error: unknown): void {
    this.#log.error({ err: error }, 'a connection failed for a reason of the server')
    this.#socket.destroy()
  }

  /** The client becomes the server of this connection. It sends nothing before it has the answer that says so. */
  #reverse(reverse: (link: Link) => Endpoint): void {
    if (this.#waiting.length > 0 || this.#framer.buffered > 0) return this.#close()
    this.#framer = new Framer(Tag.ResponseMessage, this.#limits.messageBytesMax)
    const endpoint = reverse({
      send: (message) => {
        this.#wait('response')
        this.#socket.write(message)
      },
      settle: () => this.#wait('work'),
      restore: () => {
        this.#endpoint = undefined
        this.#framer = new Framer(Tag.RequestMessage, this.#limits.messageBytesMax)
        this.#wait('idle')
      },
      close: () => this.#socket.destroy(),
    })
    this.#endpoint = endpoint
    endpoint.start().catch((error: unknown) => {
      this.#log.error({ err: error }, 'a client in the role of the server gave no proper answer')
      this.#socket.destroy()
    })
  }

  #receiveAnswer(endpoint: Endpoint, chunk: Buffer): void {
    try {
      for (const message of this.#framer.push(chunk)) endpoint.receive(message)
    } catch (error) {
      if (!(error instanceof TtlvError)) throw error
      this.#socket.destroy()
    }
  }

  /** Reads on, and forgets it: unread bytes would keep the end of the connection from being seen. */
  #close(): void {
    this.#draining = true
    this.#waiting.length = 0
    this.#stay('response')
    this.#socket.end()
    this.#socket.resume()
  }

  /** What more bytes of the same client do not move: neither who sends slowly nor who does not read gets more time. */
  #stay(phase: Phase): void {
    if (this.#phase !== phase) this.#wait(phase)
  }

  #wait(phase: Phase): void {
    this.#phase = phase
    this.#deadline = phase === 'work' ? Infinity : performance.now() + this.#limits[timeFor[phase]]
  }
}

/** What the client is given time for; while the server works, or has nothing to ask of a client in its role, it waits. */
type Phase = 'idle' | 'request' | 'response' | 'work'

const nothing = Buffer.alloc(0)
const timeFor = { idle: 'idleMsMax', request: 'requestMsMax', response: 'responseMsMax' } as const
/** Of an event loop that has nothing else to do: by then, nearly all is there that clients who wait have sent. */
const readingMsMax = 1
