import { printItem } from '../../src/kmip/print.ts'
import type { XmlElement } from '../../src/kmip/xml-element.ts'
import { Bindings } from './bindings.ts'
import type { Case, Step } from './case-file.ts'
import { compareMessages } from './comparator.ts'
import type { Difference } from './comparator.ts'
import { History } from './history.ts'
import type { Transport } from './transport.ts'

/** How a conversation went. A failure is the first one; what comes after it is not run. */
export interface Outcome {
  readonly passed: boolean
  /** Steps that went as listed. */
  readonly steps: number
  readonly failure?: Failure
}

export interface Failure {
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

type Found = Omit<Failure, 'step' | 'operation'>

/**
 * Holds a conversation with a server.
 *
 * @param open gives the connection of a client by its letter; called once for each
 */
export async function runCase({ steps }: Case, open: (client: string) => Promise<Transport>): Promise<Outcome> {
  const startedMs = Date.now()
  const bindings = new Bindings(Math.floor(startedMs / 1000))
  const history = new History()
  const transports = new Map<string, Transport>()
  try {
    for (const [index, step] of steps.entries()) {
      const found = await runStep(step)
      if (found !== undefined) {
        return { passed: false, steps: index, failure: { step: index, operation: operationOf(step.request), ...found } }
      }
    }
    return { passed: true, steps: steps.length }
  } finally {
    for (const transport of transports.values()) transport.close()
  }

  async function runStep(step: Step): Promise<Found | undefined> {
    let sent: string | undefined
    try {
      if (step.direction === 'toClient') throw new Error('a request of the server: not received over this transport')
      const transport = transports.get(step.client) ?? await open(step.client)
      transports.set(step.client, transport)
      const request = bindings.request(step.request)
      history.sent(request)
      sent = printItem(request, { secrets: true })
      const answer = await transport.exchange(request)
      const elapsedSeconds = (Date.now() - startedMs) / 1000
      history.answered(request, answer)
      const difference = compareMessages(step.response, answer, { request, bindings, history, elapsedSeconds })
      bindings.received(answer)
      return difference && { request: sent, answer: printItem(answer, { secrets: true }), difference }
    } catch (error) {
      return { ...(sent !== undefined && { request: sent }), error: messagesOf(error) }
    }
  }
}

function operationOf(request: XmlElement): string {
  const operations = request.children.flatMap(({ children }) => children.filter(({ name }) => name === 'Operation'))
  return operations.map(({ attributes }) => attributes['value']).join(', ')
}

function messagesOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? '' : messagesOf(error.cause)
  return error.message.includes(cause) ? error.message.trim() : `${error.message.trim()}: ${cause}`
}
