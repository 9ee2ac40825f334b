import { KmipError } from '../kmip/error.ts'
import { BatchErrorContinuationOption, EndpointRole, Operation, ResultStatus } from '../kmip/generated/enums.ts'
import { Tag } from '../kmip/generated/tags.ts'
import type { OutgoingPayload, RequestBatchItem, RequestMessage, ResponseBatchItem } from '../kmip/message.ts'
import type { SetEndpointRoleResponse } from '../kmip/payload/set-endpoint-role.ts'
import { parseVersion } from '../kmip/version.ts'
import type { Version } from '../kmip/version.ts'
import type { Caller } from '../model/access.ts'
import { resetAccountSettings } from '../operation/account-settings.ts'
import { after, orElse } from '../model/awaitable.ts'
import type { Awaitable } from '../model/awaitable.ts'
import { BatchState } from '../operation/batch-state.ts'
import { Objects } from '../operation/objects.ts'
import { Turn } from '../model/turn.ts'
import { RevisionConflict } from '../store/store.ts'
import { ItemType } from '../ttlv/item.ts'
import type { Item } from '../ttlv/item.ts'
import { authenticate, hasEnded } from './authentication.ts'
import { isAsynchronous } from './asynchronous.ts'
import { executeItem } from './batch-item.ts'
import type { Outcome, Services } from './batch-item.ts'
import { ChangeFeed } from './change-feed.ts'
import { Endpoint } from './endpoint.ts'
import type { Link } from './endpoint.ts'
import { failure, failureOf, toKmipError } from './failure.ts'
import { destroyGivenUp } from './given-up-keys.ts'
import { StoredJobs } from './jobs.ts'
import { LeftTests } from './left-tests.ts'
import { answerVersion, criticalExtension, decodeRequest, encodeResponse } from './request.ts'
import type { ReadRequest } from './request.ts'
import { ResponseRoom } from './response-room.ts'
import { Session, testAfter } from './session.ts'
import { Turns } from './turns.ts'

/** The answer to one message. `close`: the stream cannot go on after it. */
export interface Answer {
  readonly bytes: Buffer
  readonly close: boolean
  /** The server becomes the client of the connection, once the answer is sent. */
  readonly reverse?: (link: Link) => Endpoint
}

/**
 * Bytes to bytes: decodes a request message, executes its batch items in order, and encodes the
 * response. It keeps nothing between messages, and it is the only place where errors become
 * results, so that one bad item or one bug of ours is an answer and never a crash.
 */
export class Engine {
  readonly #services: Services
  /** For connections that do not outlast an answer: roles are not changed on them. */
  readonly #shortServices: Services
  /** Of what this thread's clients commit. */
  readonly changes = new ChangeFeed()
  readonly #leftTests = new LeftTests()
  readonly #turns = new Turns()
  readonly #jobs: StoredJobs
  #underway = 0
  #idle: (() => void) | undefined

  constructor(services: Services) {
    this.#services = services
    const operations = [...services.operations].filter(([code]) => code !== Operation.SetEndpointRole)
    this.#shortServices = { ...services, operations: new Map(operations) }
    this.#jobs = new StoredJobs(services, {
      record: (caller, item, outcome) => this.#record(caller, item, outcome),
      publish: (objects) => this.#publish(objects),
    })
  }

  /** Takes up the asynchronous requests that are left of earlier. */
  start(): void {
    this.#jobs.start()
  }

  /** Waits for the requests that are being executed, whether or not their clients are still there. */
  async stop(): Promise<void> {
    if (this.#underway > 0) await new Promise<void>((resolve) => (this.#idle = resolve))
    await this.#jobs.stop()
  }

  /**
   * @param bytes one whole message; it is not changed, and not kept
   * @param session that of the connection
   */
  process(bytes: Buffer, caller: Caller, session = new Session()): Awaitable<Answer> {
    const now = Math.floor(this.#services.clock() / 1000)
    const decoded = decodeRequest(bytes, this.#services.limits)
    if ('error' in decoded) {
      const item = failureOf(decoded.error, decoded.version, this.#services.log)
      return { bytes: encodeResponse([item], { version: decoded.version, now }), close: decoded.fatal }
    }
    const services = session.isLasting ? this.#services : this.#shortServices
    const mayBeCorrelated = this.#mayBeCorrelated(decoded, caller, session, now)
    const items = this.#answers({ message: decoded.message, caller, now, services, mayBeCorrelated })
    const answer = after(items, (answered) => {
      const isUnderTest = this.#isUnderTest(decoded.message.batchItem, answered, caller, session, now)
      const { correlationSince } = this.#services.profiles.of(caller)
      const isCorrelated = mayBeCorrelated && (decoded.version >= correlationSince || isUnderTest)
      return this.#answer(answered, decoded.version, { caller, now, isCorrelated })
    })
    return answer instanceof Promise ? this.#counted(answer) : answer
  }

  /** Whether the message belongs to a test, on its connection or on one after another. */
  #isUnderTest(
    items: readonly RequestBatchItem[], results: readonly ResponseBatchItem[], caller: Caller, session: Session,
    now: number,
  ): boolean {
    const isOpenAfter = testAfter(items, results)
    const isUnderTest = session.isUnderTest(isOpenAfter) || this.#leftTests.has(caller, now)
    if (isOpenAfter !== undefined) this.#leftTests.end(caller)
    return isUnderTest
  }

  /** So that the server does not stop over what is under way. */
  async #counted(answer: Promise<Answer>): Promise<Answer> {
    this.#underway += 1
    try {
      return await answer
    } finally {
      this.#underway -= 1
      if (this.#underway === 0) this.#idle?.()
    }
  }

  #answer(
    items: readonly ResponseBatchItem[], version: Version,
    { caller, now, isCorrelated }: { readonly caller: Caller; readonly now: number; readonly isCorrelated: boolean },
  ): Answer {
    const response = encodeResponse(items, { version, now, isCorrelated })
    if (!items.some(givesClientRole)) return { bytes: response, close: false }
    const { queryFunctions } = this.#services.profiles.of(caller)
    const isWelcome = async () => !await hasEnded(caller, this.#services.store)
    const reverse = (link: Link): Endpoint =>
      new Endpoint({ caller, version, queryFunctions, isWelcome }, link, this.changes, this.#services.clock)
    return { bytes: response, close: false, reverse }
  }

  /** Ends what a connection leaves open: what a test has set for the account holds for nobody else. */
  async endSession(session: Session, caller: Caller): Promise<void> {
    if (!session.hasOpenTest) return
    const { store, cache, clock, settings, log } = this.#services
    const now = Math.floor(clock() / 1000)
    if (session.hasJustBegun) this.#leftTests.add(caller, now)
    try {
      const objects = new Objects(store, cache, caller, now, settings.cmk.region)
      await resetAccountSettings(objects, caller)
      await objects.commit()
    } catch (error) {
      log.error({ err: error }, 'what a test has set for its account could not be taken back')
    }
  }

  /**
   * The answer to a message that is not even looked at; the connection is closed after it.
   *
   * @param asked the version that its client speaks, where that can be told
   */
  refuse(error: KmipError, asked?: Version): Answer {
    const version = answerVersion(asked)
    const now = Math.floor(this.#services.clock() / 1000)
    return { bytes: encodeResponse([failure({}, error, version)], { version, now }), close: true }
  }

  #answers(asked: Asked): Awaitable<ResponseBatchItem[]> {
    const { message, caller: connected, now } = asked
    const { requestHeader: header, batchItem: items } = message
    return orElse(() => after(authenticate(message, connected, this.#services.store, now), (caller) => {
      const { services } = this.#services.settings.cmk
      const service = Object.hasOwn(services, caller.principal) ? services[caller.principal] : undefined
      return this.#batch({ ...asked, caller: service === undefined ? caller : { ...caller, service } })
    }), (error) => {
      const refusal = toKmipError(error, this.#services.log)
      const version = header.protocolVersion
      // So the published cases: a ticket that is used up as a whole (TC-LOGIN-3), an invalid one by item (TC-LOGIN-2).
      if (refusal.reason === 'UsageLimitExceeded') return [failure({}, refusal, version)]
      return items.map((item) => failure(item, refusal, version))
    })
  }

  #batch(asked: Asked): Awaitable<ResponseBatchItem[]> {
    const { message, caller } = asked
    const { requestHeader: header, batchItem: items } = message
    const version = header.protocolVersion
    if (items.length > this.#services.limits.batchItemsMax) {
      const error = new KmipError('ServerLimitExceeded', `a batch has at most ${this.#services.limits.batchItemsMax} items`)
      return [failure(items[0]!, error, version)]
    }
    const extension = criticalExtension(message)
    if (extension !== undefined) return items.map((item) => failure(item, extension, version))
    const option = header.batchErrorContinuationOption ?? BatchErrorContinuationOption.Stop
    const isAtomic = option === BatchErrorContinuationOption.Undo && items.length > 1
    const { asynchronous } = this.#services.profiles.of(caller)
    if (isAsynchronous(message, asynchronous)) {
      if (isAtomic) throw new KmipError('FeatureNotSupported', 'what is to be undone as a whole is answered at once')
      return this.#jobs.submit(items, { caller, version, continues: option === BatchErrorContinuationOption.Continue })
    }
    if (isAtomic) return this.#atomic(asked)
    const room = this.#roomFor(asked)
    if (items.length === 1) return after(this.#single(items[0]!, asked, new BatchState(true), room), ({ item }) => [item])
    return this.#sequence(asked, option, room)
  }

  async #sequence(asked: Asked, option: number, room: ResponseRoom | undefined): Promise<ResponseBatchItem[]> {
    const results: ResponseBatchItem[] = []
    let state = new BatchState()
    const turn = new Turn()
    for (const item of asked.message.batchItem) {
      if (turn.isOver) await turn.pass()
      const result = await this.#single(item, asked, state, room)
      results.push(result.item)
      state = result.state
      const failed = result.item.resultStatus === ResultStatus.OperationFailed
      if (failed && option !== BatchErrorContinuationOption.Continue) break
    }
    return results
  }

  /** One item is one atomic change; it is decided again when somebody else was faster. */
  #single(
    item: RequestBatchItem, asked: Asked, before: BatchState, room: ResponseRoom | undefined,
  ): Awaitable<SingleResult> {
    return after(this.#attempt(item, asked, before, room), (result) => (
      result instanceof RevisionConflict ? this.#again(result, item, asked, before, room) : result))
  }

  async #again(
    conflict: RevisionConflict, item: RequestBatchItem, asked: Asked, before: BatchState, room: ResponseRoom | undefined,
  ): Promise<SingleResult> {
    const leave = await this.#turns.enter(conflict.id)
    try {
      for (let attempt = 2; attempt <= attemptsMax; attempt += 1) {
        const result = await this.#attempt(item, asked, before, room)
        if (!(result instanceof RevisionConflict)) return result
      }
    } finally {
      leave()
    }
    return { item: failure(item, busy, asked.message.requestHeader.protocolVersion), state: before }
  }

  #attempt(
    item: RequestBatchItem, { message, caller, now, services }: Asked, before: BatchState, room: ResponseRoom | undefined,
  ): Awaitable<SingleResult | RevisionConflict> {
    const { store, cache, settings } = this.#services
    const state = before.fork()
    const objects = new Objects(store, cache, caller, now, settings.cmk.region)
    const frame = { caller, now, objects, state, jobs: this.#jobs, room }
    const executed = executeItem(item, message.requestHeader.protocolVersion, frame, services, () => objects.commit())
    return after(executed, (outcome): Awaitable<SingleResult | RevisionConflict> => {
      if (outcome instanceof RevisionConflict) return outcome
      room?.confirm()
      this.#record(caller, item, outcome)
      const next = outcome.refusal === undefined ? state : before.afterRefusal(state)
      return after(this.#publish(objects), () => ({ item: outcome.item, state: next }))
    })
  }

  /**
   * Whether the answer may get a Server Correlation Value; that it belongs to a test is known for sure after it is made.
   * A client's own value is enough to find a request. One that tests the server reads all that its version has.
   */
  #mayBeCorrelated({ message, version }: ReadRequest, caller: Caller, session: Session, now: number): boolean {
    if (message.requestHeader.clientCorrelationValue !== undefined || version < firstCorrelated) return false
    const { correlationSince } = this.#services.profiles.of(caller)
    const isTesting = session.hasOpenTest || message.batchItem.some(isInterop) || this.#leftTests.has(caller, now)
    return version >= correlationSince || isTesting
  }

  /** A single answer needs none unless the client has named a limit. */
  #roomFor({ message: { requestHeader, batchItem }, mayBeCorrelated }: Asked): ResponseRoom | undefined {
    const { maximumResponseSize, protocolVersion } = requestHeader
    if (maximumResponseSize === undefined && batchItem.length === 1) return undefined
    const bytesMax = Math.min(maximumResponseSize ?? Infinity, this.#services.limits.responseBytesMax)
    const headerBytes = responseHeaderBytes + (mayBeCorrelated ? correlationBytes : 0)
    return new ResponseRoom(bytesMax, headerBytes, protocolVersion)
  }

  /** Undo: the whole batch is one atomic change; nothing is committed before its last item has succeeded. */
  async #atomic(asked: Asked): Promise<ResponseBatchItem[]> {
    const { message, caller, now, services } = asked
    const { store, cache, settings } = this.#services
    const { requestHeader: { protocolVersion: version }, batchItem: items } = message
    for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
      const objects = new Objects(store, cache, caller, now, settings.cmk.region)
      const room = this.#roomFor(asked)
      const frame = { caller, now, objects, state: new BatchState(), jobs: this.#jobs, room }
      const outcomes: Outcome[] = []
      const turn = new Turn()
      for (const [index, item] of items.entries()) {
        if (turn.isOver) await turn.pass()
        const commit = index === items.length - 1 ? () => frame.objects.commit() : undefined
        const outcome = await executeItem(item, version, frame, services, commit)
        if (outcome instanceof RevisionConflict) break
        room?.confirm()
        outcomes.push(outcome)
        if (outcome.refusal === undefined) continue
        this.#record(caller, item, outcome)
        return undone(outcomes)
      }
      if (outcomes.length < items.length) continue
      for (const [index, outcome] of outcomes.entries()) this.#record(caller, items[index]!, outcome)
      await this.#publish(objects)
      return outcomes.map(({ item }) => item)
    }
    return [failure(items[0]!, busy, message.requestHeader.protocolVersion)]
  }

  #publish(objects: Objects): Awaitable<void> {
    this.changes.publish(objects.committed())
    const { destructions } = objects.keptKeys
    return destructions.length === 0 ? undefined : destroyGivenUp(destructions, this.#services)
  }

  #record(caller: Caller, item: RequestBatchItem, { refusal, response, notes }: Outcome): void {
    const { audit } = this.#services
    for (const note of notes) audit.noted(caller, item.operation, note)
    if (refusal === undefined) audit.done(caller, item.operation, response)
    else audit.refused(caller, item.operation, refusal, namedIn(item.requestPayload as Item))
  }
}

/** A batch item's place in the response, and what it hands on to the next. */
interface SingleResult {
  readonly item: ResponseBatchItem
  readonly state: BatchState
}

/** A message, and of whom and when it came. */
interface Asked {
  readonly message: RequestMessage
  readonly caller: Caller
  /** Seconds since 1970-01-01 UTC. */
  readonly now: number
  readonly services: Services
  /** Whether its answer may get a Server Correlation Value. */
  readonly mayBeCorrelated: boolean
}

/**
 * The last outcome is the failure; what came before it did not happen (KMIP 2.1 9.6). Of an undone item only the objects
 * are named: data that it made must not leave without its use being counted.
 */
function undone(outcomes: readonly Outcome[]): ResponseBatchItem[] {
  return outcomes.map(({ item }, index) => {
    if (index === outcomes.length - 1) return item
    const { responsePayload, ...rest } = item
    const resultStatus = ResultStatus.OperationUndone
    if (responsePayload === undefined || !('shape' in responsePayload)) return { ...rest, resultStatus, messageExtension: [] }
    const names = Object.entries(responsePayload.value as object).filter(([field]) => namingFields.has(field))
    const value = Object.fromEntries(names) as never
    return { ...rest, resultStatus, messageExtension: [], responsePayload: { shape: responsePayload.shape, value } }
  })
}

/** The Unique Identifier that a request names, for the audit; one of any other form says nothing there. */
function namedIn(payload: Item): string | undefined {
  if (payload.type !== ItemType.Structure) return undefined
  const name = payload.value.find(({ tag }) => tag === Tag.UniqueIdentifier)
  return name?.type === ItemType.TextString ? name.value.slice(0, identifierCharactersMax) : undefined
}

function isInterop({ operation }: RequestBatchItem): boolean {
  return operation === Operation.Interop
}

/** Whether the answer makes the client the server of its connection (KMIP 2.1 6.1.54). */
function givesClientRole({ operation, resultStatus, responsePayload }: ResponseBatchItem): boolean {
  if (operation !== Operation.SetEndpointRole || resultStatus !== ResultStatus.Success) return false
  const { endpointRole } = (responsePayload as OutgoingPayload).value as SetEndpointRoleResponse
  return endpointRole === EndpointRole.Client
}

/** Message, header, version, time stamp and batch count. */
const responseHeaderBytes = 88
/** A Server Correlation Value, and the lowest version that may get one (`correlationSince`). */
const correlationBytes = 48
const firstCorrelated = parseVersion('2.0')
/** As much of a client's identifier as goes into the audit. */
const identifierCharactersMax = 128
const namingFields: ReadonlySet<string> = new Set([
  'objectType', 'uniqueIdentifier', 'privateKeyUniqueIdentifier', 'publicKeyUniqueIdentifier',
])
const busy = new KmipError('GeneralFailure', 'the object is being changed by others; try again')
/** Races are decided within a few rounds; more means that something is wrong. */
const attemptsMax = 32
