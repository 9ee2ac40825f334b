import { EndpointRole, ObjectType, Operation, ResultStatus } from '../kmip/generated/enums.ts'
import { Tag } from '../kmip/generated/tags.ts'
import { RequestMessage, ResponseMessage, outgoing } from '../kmip/message.ts'
import type { ResponseBatchItem } from '../kmip/message.ts'
import { DiscoverVersionsRequest, DiscoverVersionsResponse } from '../kmip/payload/discover-versions.ts'
import { QueryRequest, QueryResponse } from '../kmip/payload/query.ts'
import { SetEndpointRoleRequest } from '../kmip/payload/set-endpoint-role.ts'
import { isKnown } from '../kmip/value-range.ts'
import { versions } from '../kmip/version.ts'
import type { Version } from '../kmip/version.ts'
import { isPermitted, isVisible } from '../model/access.ts'
import type { Caller } from '../model/access.ts'
import { decodeItem } from '../ttlv/item.ts'
import type { Item } from '../ttlv/item.ts'
import { TtlvWriter } from '../ttlv/writer.ts'
import type { ChangeFeed, ObjectChange } from './change-feed.ts'
import { noticeOf } from './notice.ts'
import type { ServerRequest } from './notice.ts'

/** The connection, as the server uses it in the client's role. */
export interface Link {
  /** Sends a request; the answer has to be there in time. */
  send(message: Buffer): void
  /** The answer has come. */
  settle(): void
  /** The client asks again, and the server answers. */
  restore(): void
  close(): void
}

/** Who has given the server the client's role, in which version, and what such a client is asked. */
export interface Reversal {
  readonly caller: Caller
  readonly version: Version
  /** Query Function enumerations; those that the agreed version does not know are left out. */
  readonly queryFunctions: readonly number[]
  /** Whether the client may still connect as it did. */
  readonly isWelcome: () => Promise<boolean>
}

/**
 * The server as the client of a connection whose client has taken the server's role (KMIP 2.1 6.1.54): it asks which
 * versions and operations there are, and then tells of every change to the account's objects, one request after the
 * other. A client that wants to hear of none gets its role back.
 */
export class Endpoint {
  readonly #caller: Caller
  readonly #queryFunctions: readonly number[]
  readonly #link: Link
  readonly #feed: ChangeFeed
  readonly #clock: () => number
  readonly #isWelcome: () => Promise<boolean>
  #version: Version
  #unsubscribe: (() => void) | undefined
  #answered: ((message: Buffer) => void) | undefined
  #supported: ReadonlySet<number> = new Set()
  readonly #waiting: ObjectChange[] = []
  #busy = false

  constructor(
    { caller, version, queryFunctions, isWelcome }: Reversal, link: Link, feed: ChangeFeed, clock: () => number,
  ) {
    this.#caller = caller
    this.#version = version
    this.#queryFunctions = queryFunctions
    this.#link = link
    this.#feed = feed
    this.#clock = clock
    this.#isWelcome = isWelcome
  }

  /** Meets the client. Changes from now on are told, when it is known how. */
  async start(): Promise<void> {
    this.#busy = true
    this.#unsubscribe = this.#feed.subscribe(this.#caller.account, (change) => this.#take(change))
    await this.#discover()
    this.#supported = await this.#ask()
    this.#busy = false
    if (!this.#supported.has(Operation.Notify) && !this.#supported.has(Operation.Put)) return this.#giveBack()
    await this.#work()
  }

  /** Takes a Response Message of the client. */
  receive(message: Buffer): void {
    const answered = this.#answered
    if (answered === undefined) return this.#link.close()
    this.#answered = undefined
    this.#link.settle()
    answered(message)
  }

  close(): void {
    this.#unsubscribe?.()
    this.#waiting.length = 0
  }

  #take(change: ObjectChange): void {
    const { after } = change
    if (!isVisible(after, this.#caller) || !isPermitted(after, this.#caller, Operation.Get)) return
    // Who is so far behind has to look for himself.
    if (this.#waiting.length >= waitingMax) return this.#link.close()
    this.#waiting.push(change)
    // An answer that cannot be read is this connection's end, and nobody else's.
    this.#work().catch(() => this.#end())
  }

  #end(): void {
    this.close()
    this.#link.close()
  }

  async #work(): Promise<void> {
    if (this.#busy) return
    this.#busy = true
    for (let change = this.#waiting.shift(); change !== undefined; change = this.#waiting.shift()) {
      // An object of a type that the client's version does not have does not exist for it.
      if (!isKnown('ObjectType', ObjectType[change.after.kind], this.#version)) continue
      const notice = noticeOf(change, this.#supported, Math.floor(this.#clock() / 1000))
      if (notice === undefined) continue
      if (!await this.#isWelcome()) return this.#end()
      await this.#request(notice)
    }
    this.#busy = false
  }

  /** The newest version that both speak; without an answer, the one that the client has spoken. */
  async #discover(questionsLeft = versions.length): Promise<void> {
    const answer = await this.#request({
      operation: Operation.DiscoverVersions, shape: DiscoverVersionsRequest, payload: { protocolVersion: [] },
    })
    if (answer?.responsePayload === undefined) return
    const coding = { version: this.#version }
    const { protocolVersion } = DiscoverVersionsResponse.decode(answer.responsePayload as Item, coding)
    const agreed = versions.find((version) => protocolVersion.includes(version)) ?? this.#version
    if (agreed === this.#version) return
    this.#version = agreed
    // Asked again in that version, so that nothing is told to a client before it has been understood. But a client may
    // name another version each time.
    if (questionsLeft > 1) await this.#discover(questionsLeft - 1)
  }

  async #ask(): Promise<ReadonlySet<number>> {
    const known = this.#queryFunctions.filter((each) => isKnown('QueryFunction', each, this.#version))
    const payload = { queryFunction: known }
    const answer = await this.#request({ operation: Operation.Query, shape: QueryRequest, payload })
    if (answer?.responsePayload === undefined) return new Set()
    return new Set(QueryResponse.decode(answer.responsePayload as Item, { version: this.#version }).operation)
  }

  async #giveBack(): Promise<void> {
    const payload = { endpointRole: EndpointRole.Client }
    const answer = await this.#request({ operation: Operation.SetEndpointRole, shape: SetEndpointRoleRequest, payload })
    if (answer === undefined) return this.#link.close()
    this.close()
    this.#link.restore()
  }

  /** @returns the answer's batch item, or undefined for a failure */
  async #request(request: ServerRequest): Promise<ResponseBatchItem | undefined> {
    const bytes = await new Promise<Buffer>((resolve) => {
      this.#answered = resolve
      this.#link.send(encodeRequest(request, this.#version))
    })
    const [item] = ResponseMessage.decode(decodeItem(bytes), { version: this.#version }).batchItem
    return item?.resultStatus === ResultStatus.Success ? item : undefined
  }
}

function encodeRequest({ operation, shape, payload }: ServerRequest, version: Version): Buffer {
  const writer = new TtlvWriter()
  RequestMessage.encode(writer, Tag.RequestMessage, {
    requestHeader: { protocolVersion: version, attestationType: [], batchCount: 1 },
    batchItem: [{ operation, requestPayload: outgoing(shape, payload as never), messageExtension: [] }],
  }, { version, omitsUnknown: true })
  return writer.take()
}

/** Changes that a client may be behind. */
const waitingMax = 10_000
