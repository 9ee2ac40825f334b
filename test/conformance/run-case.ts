import { setTimeout } from 'node:timers/promises'
import { Operation } from '../../src/kmip/generated/enums.ts'
import { Tag } from '../../src/kmip/generated/tags.ts'
import { printItem } from '../../src/kmip/print.ts'
import type { Item } from '../../src/ttlv/item.ts'
import { Bindings } from './bindings.ts'
import { operationsOf } from './case-file.ts'
import type { Case, Step } from './case-file.ts'
import { destroyAll } from './clean-up.ts'
import { companionsOf } from './companions.ts'
import type { Companions } from './companions.ts'
import { compareMessages } from './comparator.ts'
import type { Difference } from './comparator.ts'
import { History } from './history.ts'
import type { ServerRole } from './server-role.ts'
import type { Transport } from './transport.ts'
import { find } from '../support/client-endpoint.ts'

/** How a conversation went. A failure is the first one; what comes after it is not run. */
export interface Outcome {
  readonly passed: boolean
  /** Steps that went as listed. */
  readonly steps: number
  readonly failure?: Failure
}

export interface Failure {
  /** The conversation that failed, when it is one that has to go before. */
  readonly companion?: string
  /** Counted from 0. */
  readonly step: number
  readonly operation: string
  /** The request as it was sent, printed. */
  readonly request?: string
  /** What came back, printed. */
  readonly answer?: string
  /** What went wrong before there was an answer to compare. */
  readonly error?: string
  readonly difference?: Difference
}

/** What the conversations of a run have in common. */
export interface Run {
  /** Gives a connection for one client of a case. */
  open(one: Case): Promise<Transport>
  /** Gives the connection over which the server's requests come. */
  reverse?(one: Case): Promise<ServerRole>
  /** Unique Identifiers of objects whose material the server chose. */
  readonly generated: Set<string>
}

/** Holds a conversation, with what it needs before and after it; these are not counted. */
export async function runWithCompanions(one: Case, run: Run): Promise<Outcome> {
  let companions: Companions
  try {
    companions = companionsOf(one)
  } catch (error) {
    return { passed: false, steps: 0, failure: { step: 0, operation: '', error: messagesOf(error) } }
  }
  // By the client that the case has, whatever they would be held by for themselves.
  const asOne: Run = { ...run, open: () => run.open(one) }
  try {
    for (const companion of companions.before) {
      const { failure } = await runCase(companion, asOne)
      if (failure !== undefined) return { passed: false, steps: 0, failure: { ...failure, companion: companion.name } }
    }
    return await runCase(one, run)
  } finally {
    for (const companion of companions.after) await runCase(companion, asOne)
  }
}

/** Holds a conversation with a server. After a failure the objects that it was about are destroyed. */
export function runCase(one: Case, run: Run): Promise<Outcome> {
  return new Conversation(one, run).hold()
}

class Conversation {
  readonly #case: Case
  readonly #run: Run
  readonly #startedMs = Date.now()
  readonly #history: History
  readonly #transports = new Map<string, Transport>()
  #bindings: Bindings
  #role: ServerRole | undefined

  constructor(one: Case, run: Run) {
    this.#case = one
    this.#run = run
    this.#history = new History(run.generated)
    this.#bindings = new Bindings(Math.floor(this.#startedMs / 1000))
  }

  async hold(): Promise<Outcome> {
    const { steps } = this.#case
    try {
      if (steps.some(({ direction }) => direction === 'toClient')) this.#role = await this.#run.reverse?.(this.#case)
      for (const [index, step] of steps.entries()) {
        const found = await this.#go(step)
        if (found === undefined) continue
        await this.#cleanUp(step)
        const operation = operationsOf(step.request).join(', ')
        return { passed: false, steps: index, failure: { step: index, operation, ...found } }
      }
      return { passed: true, steps: steps.length }
    } finally {
      for (const transport of this.#transports.values()) transport.close()
      this.#role?.close()
    }
  }

  async #go(step: Step): Promise<Found | undefined> {
    const deadlineMs = Date.now() + (step.isRepeated ? repeatMsMax : 0)
    for (;;) {
      const found = await this.#try(step)
      if (found?.difference === undefined || Date.now() >= deadlineMs) return found
      await setTimeout(repeatEveryMs)
    }
  }

  async #try(step: Step): Promise<Found | undefined> {
    let sent: string | undefined
    try {
      if (step.direction === 'toClient') return await this.#listen(step)
      const transport = await this.#transportOf(step.client)
      const request = this.#bindings.request(step.request)
      sent = printItem(request, { secrets: true })
      this.#history.sent(request)
      const answer = await transport.exchange(request)
      this.#history.answered(request, answer)
      const difference = this.#compare(step, request, answer)
      return difference && { request: sent, answer: printItem(answer, { secrets: true }), difference }
    } catch (error) {
      return { ...(sent !== undefined && { request: sent }), error: messagesOf(error) }
    }
  }

  /** A request of the server; the listed answer is the client's own. */
  async #listen(step: Step): Promise<Found | undefined> {
    if (this.#role === undefined) throw new Error('a request of the server: not received over this transport')
    const [name] = operationsOf(step.request)
    const known = new Set(this.#bindings.identifiers())
    const request = await this.#role.next(Operation[name as keyof typeof Operation], (message) => {
      const identifier = find(message, Tag.UniqueIdentifier)?.value
      return identifier === undefined ? versionOf(message) === this.#case.version : known.has(String(identifier))
    })
    const elapsedSeconds = (Date.now() - this.#startedMs) / 1000
    const exchange = { request, bindings: this.#bindings, history: this.#history, elapsedSeconds }
    const difference = compareMessages(step.request, request, exchange)
    return difference && { answer: printItem(request, { secrets: true }), difference }
  }

  /** What an answer binds counts only when it is the listed one. */
  #compare(step: Step, request: Item, answer: Item): Difference | undefined {
    const bindings = this.#bindings.copy()
    const elapsedSeconds = (Date.now() - this.#startedMs) / 1000
    const exchange = { request, bindings, history: this.#history, elapsedSeconds }
    const difference = compareMessages(step.response, answer, exchange)
    if (difference !== undefined) return difference
    bindings.received(answer)
    this.#bindings = bindings
    return undefined
  }

  async #transportOf(client: string): Promise<Transport> {
    const transport = this.#transports.get(client) ?? await this.#run.open(this.#case)
    this.#transports.set(client, transport)
    return transport
  }

  async #cleanUp({ client }: Step): Promise<void> {
    const transport = this.#transports.get(client)
    const [first] = this.#case.steps
    if (transport === undefined || first === undefined) return
    const identifiers = new Set([...this.#history.made(), ...this.#bindings.identifiers()])
    await destroyAll(transport, identifiers, this.#bindings.request(first.request))
  }
}

function versionOf(message: Item): string {
  return [Tag.ProtocolVersionMajor, Tag.ProtocolVersionMinor].map((tag) => find(message, tag)!.value).join('.')
}

type Found = Pick<Failure, 'request' | 'answer' | 'error' | 'difference'>

function messagesOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? '' : messagesOf(error.cause)
  return error.message.includes(cause) ? error.message.trim() : `${error.message.trim()}: ${cause}`
}

const repeatEveryMs = 500
/** The longest that a case waits for is two minutes. */
const repeatMsMax = 150_000
