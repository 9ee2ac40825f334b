import type { Caller } from '../model/access.ts'
import type { Awaitable } from '../model/awaitable.ts'
import type { Answer, Engine } from './engine.ts'
import type { FaultLog } from './failure.ts'
import { Session } from './session.ts'

/** What the ports need to have messages answered. */
export type Processor = Pick<Engine, 'process' | 'refuse' | 'endSession'>

/** What one listening thread of the process says to another, by their numbers. */
export type ThreadMessage = { readonly to: number, readonly from: number, readonly id: number } & (
  | { readonly kind: 'request', readonly bytes: Uint8Array, readonly caller: Caller }
  | { readonly kind: 'answer', readonly bytes: Uint8Array, readonly close: boolean }
  | { readonly kind: 'fault' })

/**
 * Takes the later parts of an operation to the thread that has begun it, whichever connection they come on: what lies
 * between the parts cannot leave its thread, and the thread's number stands in the Correlation Value. A message is
 * taken over as a whole, which any thread can answer; of a batch with parts of two threads, those of one are not found.
 */
export class PartRouter implements Processor {
  readonly #engine: Engine
  readonly #own: number
  readonly #threads: number
  readonly #send: (message: ThreadMessage) => void
  readonly #log: FaultLog
  readonly #waiting = new Map<number, (message: ThreadMessage) => void>()
  #lastId = 0

  /**
   * @param place the number of this thread, below that of all threads
   * @param send to the thread that the message names
   */
  constructor(
    engine: Engine, place: { own: number, threads: number }, send: (message: ThreadMessage) => void, log: FaultLog,
  ) {
    this.#engine = engine
    this.#own = place.own
    this.#threads = place.threads
    this.#send = send
    this.#log = log
  }

  process(bytes: Buffer, caller: Caller, session?: Session): Awaitable<Answer> {
    const owner = this.#ownerOf(bytes)
    return owner === this.#own ? this.#engine.process(bytes, caller, session) : this.#processThere(owner, bytes, caller)
  }

  async #processThere(owner: number, bytes: Buffer, caller: Caller): Promise<Answer> {
    const id = this.#lastId += 1
    const answered = new Promise<ThreadMessage>((resolve) => this.#waiting.set(id, resolve))
    this.#send({ kind: 'request', to: owner, from: this.#own, id, bytes: copied(bytes), caller })
    const answer = await answered
    this.#waiting.delete(id)
    if (answer.kind !== 'answer') throw new Error('the thread of the operation could not answer')
    return { bytes: asBuffer(answer.bytes), close: answer.close }
  }

  refuse(...parameters: Parameters<Engine['refuse']>): Answer {
    return this.#engine.refuse(...parameters)
  }

  endSession(session: Session, caller: Caller): Promise<void> {
    return this.#engine.endSession(session, caller)
  }

  /** Takes what another thread has sent to this one. */
  receive(message: ThreadMessage): void {
    if (message.kind === 'request') void this.#answer(message)
    else this.#waiting.get(message.id)?.(message)
  }

  async #answer({ from, id, bytes, caller }: ThreadMessage & { kind: 'request' }): Promise<void> {
    const address = { to: from, from: this.#own, id }
    try {
      // The connection is another thread's: roles are not changed on it from here.
      const answer = await this.#engine.process(asBuffer(bytes), caller, new Session(false))
      this.#send({ kind: 'answer', ...address, bytes: copied(answer.bytes), close: answer.close })
    } catch (error) {
      this.#log.error({ err: error }, 'a message of another thread could not be answered')
      this.#send({ kind: 'fault', ...address })
    }
  }

  /** The thread of the first part that is another one's. Bytes that only look like one do no harm. */
  #ownerOf(bytes: Buffer): number {
    for (let at = bytes.indexOf(correlationHead); at >= 0; at = bytes.indexOf(correlationHead, at + 1)) {
      const owner = bytes[at + correlationHead.length] ?? this.#own
      if (owner !== this.#own && owner < this.#threads) return owner
    }
    return this.#own
  }
}

/** On its own: what is sent takes the memory that it lies in along, and small buffers share theirs. */
function copied(bytes: Buffer): Uint8Array {
  return new Uint8Array(bytes)
}

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}

/** Tag, type and length of a Correlation Value, whose first byte is the thread's number (`operation/streams.ts`). */
const correlationHead = Buffer.from('4200d60800000010', 'hex')
