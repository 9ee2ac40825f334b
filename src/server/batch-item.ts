import type { Provider } from '../crypto/provider.ts'
import { CiphertextAnswer, CiphertextRequest, isCiphertextExtension } from '../kmip/ciphertext-extension.ts'
import { KmipError } from '../kmip/error.ts'
import { ResultStatus } from '../kmip/generated/enums.ts'
import { Tag } from '../kmip/generated/tags.ts'
import { keywardVendor } from '../kmip/keyward-attribute.ts'
import { outgoing } from '../kmip/message.ts'
import type { RequestBatchItem, ResponseBatchItem } from '../kmip/message.ts'
import type { Version } from '../kmip/version.ts'
import { decodeItem } from '../ttlv/item.ts'
import type { Item } from '../ttlv/item.ts'
import { TtlvWriter } from '../ttlv/writer.ts'
import type { Caller } from '../model/access.ts'
import { after, orElse } from '../model/awaitable.ts'
import type { Awaitable } from '../model/awaitable.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import { checkConstraints } from '../model/account-settings.ts'
import { isOn } from '../model/client-profile.ts'
import type { ClientProfiles } from '../model/client-profile.ts'
import { loadAccountSettings } from '../operation/account-settings.ts'
import { checkKnownAttributes } from '../operation/known-attributes.ts'
import type { BatchState } from '../operation/batch-state.ts'
import type { ClientCredentials } from '../operation/client-credentials.ts'
import { OtherAnswer } from '../operation/job.ts'
import type { Jobs } from '../operation/job.ts'
import type { Keys } from '../operation/keys.ts'
import type { ObjectCache } from '../operation/object-cache.ts'
import type { Objects } from '../operation/objects.ts'
import type { AnyOperation, Context, Settings } from '../operation/operation.ts'
import type { Streams } from '../operation/streams.ts'
import { chargeTicket } from '../operation/ticket.ts'
import { RevisionConflict } from '../store/store.ts'
import type { Store } from '../store/store.ts'
import type { Audit } from './audit.ts'
import { failure, toKmipError } from './failure.ts'
import type { FaultLog } from './failure.ts'
import { destroyAbandoned } from './given-up-keys.ts'
import type { Limits } from './limits.ts'
import type { ResponseRoom } from './response-room.ts'

/** What the engine is made of; `main` puts it together. */
export interface Services {
  readonly operations: ReadonlyMap<number, AnyOperation>
  readonly store: Store
  readonly cache: ObjectCache
  readonly keys: Keys
  readonly provider: Provider
  readonly streams: Streams
  readonly settings: Settings
  readonly limits: Limits
  readonly profiles: ClientProfiles
  /** Absent where clients are not known by certificates. */
  readonly clients?: ClientCredentials
  /** Milliseconds since 1970-01-01 UTC. */
  readonly clock: () => number
  /** Tells this run of the server, in all its threads, from earlier ones on the same store. */
  readonly run: string
  readonly log: FaultLog
  readonly audit: Audit
}

/** What the items of one message share. */
export interface ItemFrame {
  readonly caller: Caller
  /** Seconds since 1970-01-01 UTC. */
  readonly now: number
  readonly objects: Objects
  readonly state: BatchState
  readonly jobs: Jobs
  /** Absent where one item makes the whole response and the client has named no limit. */
  readonly room?: ResponseRoom | undefined
}

/** How an item ended: its place in the response, and what the audit is to know once that is final. */
export interface Outcome {
  readonly item: ResponseBatchItem
  readonly refusal: KmipError | undefined
  readonly response: unknown
  /** What the operation itself has to say to the audit. */
  readonly notes: readonly string[]
}

/**
 * Executes one batch item: finds the operation, decodes the payload, runs the handler, commits.
 *
 * @param commit makes the item's changes durable; absent where a later item commits for all
 * @returns the conflict when the race was lost and the item is to be run again
 */
export function executeItem(
  item: RequestBatchItem, version: Version, frame: ItemFrame, services: Services,
  commit: ((item: ResponseBatchItem) => Awaitable<void>) | undefined,
): Awaitable<Outcome | RevisionConflict> {
  return orElse<Outcome | RevisionConflict>(
    () => perform(item, version, frame, services, commit),
    (error) => fail(error, item, version, frame, services),
  )
}

function perform(
  item: RequestBatchItem, version: Version, frame: ItemFrame, services: Services,
  commit: ((item: ResponseBatchItem) => Awaitable<void>) | undefined,
): Awaitable<Outcome> {
  const notes: string[] = []
  const operation = services.operations.get(item.operation)
  const profile = services.profiles.of(frame.caller)
  if (operation === undefined || version < operation.since || !isOn(profile, item.operation)) {
    throw new KmipError('OperationNotSupported', 'the operation is not supported in this version, or for this client')
  }
  const context: Context = {
    caller: frame.caller, version, now: frame.now, objects: frame.objects, batch: frame.state,
    keys: services.keys, provider: services.provider, streams: services.streams, settings: services.settings,
    operations: services.operations, profile, jobs: frame.jobs, clients: services.clients,
    extension: extensionOf(item, version), note: (text) => void notes.push(text),
  }
  frame.objects.begin(item.operation, version)
  const request = operation.request.decode(item.requestPayload as Item, { version, refusesNewer: true })
  checkKnownAttributes(request, version)
  return after(operation.handle(request as never, context), (response) => after(checkAndCharge(frame), () => {
    frame.state.answered(response as object)
    const result = answerOf(item, operation, item.ephemeral === true ? withoutData(response) : response, context)
    frame.room?.reserve(result)
    return after(commit?.(result), (): Outcome => ({ item: result, refusal: undefined, response, notes }))
  }))
}

async function fail(
  error: unknown, item: RequestBatchItem, version: Version, frame: ItemFrame, services: Services,
): Promise<Outcome | RevisionConflict> {
  frame.objects.undo.run()
  await destroyAbandoned(frame.objects.abandoned(error), services)
  if (error instanceof RevisionConflict) return error
  const refusal = toKmipError(error, services.log)
  return { item: failure(item, refusal, version), refusal, response: undefined, notes: [] }
}

/** Ephemeral: the data is for later items of the batch and is not returned (KMIP 2.1 8.3). */
function withoutData(response: unknown): unknown {
  return response instanceof OtherAnswer ? response : { ...(response as object), ...noData }
}

/** The Message Extension of ours at operations that know it; others that are not critical are passed over. */
function extensionOf(item: RequestBatchItem, version: Version): Context['extension'] {
  if (item.messageExtension.length === 0) return undefined
  const [own, second] = item.messageExtension.filter((each) => (
    isCiphertextExtension(item.operation, each.vendorIdentification)))
  if (own === undefined) return undefined
  if (second !== undefined) throw new KmipError('InvalidField', 'the message extension is there twice')
  return { asked: CiphertextRequest.decode(own.vendorExtension, { version }) }
}

function answerOf(
  { uniqueBatchItemID }: RequestBatchItem, operation: AnyOperation, response: unknown, { extension, version }: Context,
): ResponseBatchItem {
  if (response instanceof OtherAnswer) return { ...response.item, uniqueBatchItemID }
  return {
    operation: operation.code,
    uniqueBatchItemID,
    resultStatus: ResultStatus.Success,
    responsePayload: outgoing(operation.response, response as never),
    messageExtension: extension?.answer === undefined ? [] : [answerExtension(extension.answer, version)],
  }
}

function answerExtension(answer: CiphertextAnswer, version: Version): ResponseBatchItem['messageExtension'][number] {
  const writer = new TtlvWriter()
  CiphertextAnswer.encode(writer, Tag.VendorExtension, answer, { version })
  return {
    vendorIdentification: keywardVendor, criticalityIndicator: false, vendorExtension: decodeItem(writer.take()),
  }
}

/**
 * What an operation has made meets the constraints that the account has set (KMIP 2.1 6.1.52), and the ticket has been
 * good for it. Most operations make nothing, and most callers have no ticket.
 */
function checkAndCharge({ objects, caller, now }: ItemFrame): Awaitable<void> {
  const made = objects.made()
  const checked = made.length === 0 ? undefined : checkMade(made, objects, caller, now)
  return after(checked, () => caller.grant === undefined ? undefined : chargeTicket(objects, caller))
}

async function checkMade(made: readonly ManagedObject[], objects: Objects, caller: Caller, now: number): Promise<void> {
  const { constraints } = await loadAccountSettings(objects, caller)
  for (const object of made) checkConstraints(object, constraints?.constraint ?? [], now)
}

const noData = { data: undefined, signatureData: undefined, macData: undefined }
