import { setTimeout } from 'node:timers/promises'
import { Operation, RevocationReasonCode } from '../../src/kmip/generated/enums.ts'
import { Tag } from '../../src/kmip/generated/tags.ts'
import { printItem } from '../../src/kmip/print.ts'
import type { XmlElement } from '../../src/kmip/xml-element.ts'
import { ItemType } from '../../src/ttlv/item.ts'
import type { Item } from '../../src/ttlv/item.ts'
import { Bindings } from './bindings.ts'
import { operationsOf } from './case-file.ts'
import type { Case, Step } from './case-file.ts'
import { companionsOf } from './companions.ts'
import { compareMessages } from './comparator.ts'
import type { Difference } from './comparator.ts'
import { History, childrenOf } from './history.ts'
import type { Transport } from './transport.ts'

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

type Found = Pick<Failure, 'request' | 'answer' | 'error' | 'difference'>

/** Gives the connection of a client by its letter. */
export type Open = (client: string) => Promise<Transport>

/** Holds a conversation, with what it needs before and after it; these are not counted. */
export async function runWithCompanions(one: Case, open: Open): Promise<Outcome> {
  const { before, after } = companionsOf(one)
  try {
    for (const companion of before) {
      const { failure } = await runCase(companion, open)
      if (failure !== undefined) return { passed: false, steps: 0, failure: { ...failure, companion: companion.name } }
    }
    return await runCase(one, open)
  } finally {
    for (const companion of after) await runCase(companion, open)
  }
}

/** Holds a conversation with a server. After a failure the objects that it has made are destroyed. */
export async function runCase({ steps }: Case, open: Open): Promise<Outcome> {
  const startedMs = Date.now()
  let bindings = new Bindings(Math.floor(startedMs / 1000))
  const history = new History()
  const transports = new Map<string, Transport>()
  try {
    for (const [index, step] of steps.entries()) {
      const deadlineMs = Date.now() + (step.isRepeated ? repeatMsMax : 0)
      let found = await runStep(step)
      while (found?.difference !== undefined && Date.now() < deadlineMs) {
        await setTimeout(repeatEveryMs)
        found = await runStep(step)
      }
      if (found !== undefined) {
        await destroyAll(history.made(), transports.get(step.client), bindings, step.request)
        return { passed: false, steps: index, failure: { step: index, operation: operationsOf(step.request).join(', '), ...found } }
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
      const trial = bindings.copy()
      const difference = compareMessages(step.response, answer, { request, bindings: trial, history, elapsedSeconds })
      if (difference !== undefined) return { request: sent, answer: printItem(answer, { secrets: true }), difference }
      trial.received(answer)
      bindings = trial
      return undefined
    } catch (error) {
      return { ...(sent !== undefined && { request: sent }), error: messagesOf(error) }
    }
  }
}

/** So that what is left of a failed case is not found by the next one. Whether it works does not matter. */
async function destroyAll(
  identifiers: readonly string[], transport: Transport | undefined, bindings: Bindings, request: XmlElement,
): Promise<void> {
  if (transport === undefined || identifiers.length === 0) return
  const header = childrenOf(bindings.request(request), Tag.RequestHeader)[0]!
  const version = childrenOf(header, Tag.ProtocolVersion)[0]!
  for (const identifier of identifiers) {
    const uniqueIdentifier: Item = { tag: Tag.UniqueIdentifier, type: ItemType.TextString, value: identifier }
    const code: Item = {
      tag: Tag.RevocationReasonCode, type: ItemType.Enumeration, value: RevocationReasonCode.Unspecified,
    }
    const reason: Item = { tag: Tag.RevocationReason, type: ItemType.Structure, value: [code] }
    try {
      await transport.exchange(message(version, Operation.Revoke, [uniqueIdentifier, reason]))
      await transport.exchange(message(version, Operation.Destroy, [uniqueIdentifier]))
    } catch {
      return
    }
  }
}

function message(version: Item, operation: number, payload: readonly Item[]): Item {
  const batchCount: Item = { tag: Tag.BatchCount, type: ItemType.Integer, value: 1 }
  const code: Item = { tag: Tag.Operation, type: ItemType.Enumeration, value: operation }
  const structure = (tag: number, value: readonly Item[]): Item => ({ tag, type: ItemType.Structure, value })
  return structure(Tag.RequestMessage, [
    structure(Tag.RequestHeader, [version, batchCount]),
    structure(Tag.BatchItem, [code, structure(Tag.RequestPayload, payload)]),
  ])
}

function messagesOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? '' : messagesOf(error.cause)
  return error.message.includes(cause) ? error.message.trim() : `${error.message.trim()}: ${cause}`
}

const repeatEveryMs = 500
/** The longest that a case waits for is two minutes. */
const repeatMsMax = 150_000
