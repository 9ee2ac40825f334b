import { decodeItem } from '../ttlv/item.ts'
import type { Item } from '../ttlv/item.ts'
import { TtlvWriter } from '../ttlv/writer.ts'
import { KmipError } from '../kmip/error.ts'
import type { ResultReasonName } from '../kmip/error.ts'
import { Operation, ResultReason, ResultStatus } from '../kmip/generated/enums.ts'
import { Tag } from '../kmip/generated/tags.ts'
import { RequestMessage, ResponseMessage, outgoing } from '../kmip/message.ts'
import type { OutgoingPayload, Payload, RequestHeader, ResponseBatchItem } from '../kmip/message.ts'
import { DiscoverVersionsRequest, DiscoverVersionsResponse } from '../kmip/payload/discover-versions.ts'
import type { FieldMap, InferFields, Structure } from '../kmip/schema.ts'
import { versions as knownVersions } from '../kmip/version.ts'
import type { Version } from '../kmip/version.ts'
import { Connection, ConnectionError } from './connection.ts'
import type { ConnectionOptions } from './connection.ts'

export interface ClientOptions extends ConnectionOptions {
  /** Protocol version to speak, 104 = 1.4. Left out: the newest that both sides know. */
  readonly version?: Version
}

/** What the client needs to know of an operation: its code and its two payloads. */
export interface OperationShape<Q extends FieldMap, R extends FieldMap> {
  /** Operation enumeration. */
  readonly code: number
  readonly request: Structure<Q>
  readonly response: Structure<R>
}

/** One item of a batch to send. */
export interface BatchRequest {
  readonly operation: number
  readonly payload: OutgoingPayload | Item
  readonly messageExtension?: RequestMessage['batchItem'][number]['messageExtension']
}

/** Fields of the request header that a caller may set. */
export type HeaderOptions = Partial<Omit<RequestHeader, 'protocolVersion' | 'batchCount'>>

/**
 * Connects to a KMIP server over mutual TLS.
 *
 * @throws ConnectionError when there is no secure connection in time
 * @throws KmipError when no version is known to both sides
 */
export async function connect(options: ClientOptions): Promise<Client> {
  const connection = await Connection.open(options)
  try {
    const version = options.version ?? await negotiate(connection)
    return new Client(connection, version)
  } catch (error) {
    connection.close()
    throw error
  }
}

export class Client {
  readonly version: Version
  readonly #connection: Connection

  constructor(connection: Connection, version: Version) {
    this.#connection = connection
    this.version = version
  }

  /**
   * Does one operation and gives the payload of its answer. Calls may overlap: they are sent at
   * once and answered in their order.
   *
   * @throws KmipError with the server's Result Reason and Result Message
   * @throws ConnectionError
   */
  async request<Q extends FieldMap, R extends FieldMap>(
    { code, request, response }: OperationShape<Q, R>,
    payload: InferFields<Q>,
  ): Promise<InferFields<R>> {
    const [item] = await this.send([{ operation: code, payload: outgoing(request, payload) }])
    return payloadOf(item, response, this.version)
  }

  /**
   * Sends a batch and gives the items of the answer, failed ones included.
   *
   * @throws KmipError when the server refuses the message as a whole
   * @throws ConnectionError, also for an answer that is not one of KMIP's
   */
  async send(batch: readonly BatchRequest[], header: HeaderOptions = {}): Promise<ResponseBatchItem[]> {
    const answer = await this.exchange(encodeRequest(batch, header, this.version))
    const { batchItem } = understood(() => ResponseMessage.decode(decodeItem(answer), { version: this.version }))
    if (batchItem.length > batch.length) throw new ConnectionError('the answer has more items than the request')
    const refusal = batchItem.length === 1 ? batchItem[0] : undefined
    if (batch.length !== batchItem.length && refusal !== undefined) checkStatus(refusal)
    return batchItem
  }

  /** Sends an encoded message as it is. @throws ConnectionError */
  exchange(request: Uint8Array): Promise<Buffer> {
    return this.#connection.exchange(request)
  }

  /** Whether requests can still be sent, as far as is known. */
  get isOpen(): boolean {
    return this.#connection.isOpen
  }

  close(): void {
    this.#connection.close()
  }
}

/**
 * The decoded payload of an answered batch item.
 *
 * @throws KmipError with the server's reason when the item has failed
 * @throws ConnectionError when there is no such item, or its payload is missing or of another shape
 */
export function payloadOf<R extends FieldMap>(
  item: ResponseBatchItem | undefined, response: Structure<R>, version: Version,
): InferFields<R> {
  if (item === undefined) throw new ConnectionError('the answer has no batch item')
  checkStatus(item)
  const { responsePayload } = item
  if (responsePayload === undefined) throw new ConnectionError('the answer has no payload')
  return understood(() => response.decode(received(responsePayload), { version }))
}

/** What the decoders refuse is the server's fault here, and no refusal of the server's. */
function understood<T>(decode: () => T): T {
  try {
    return decode()
  } catch (cause) {
    throw new ConnectionError('the server sent an answer of another shape', { cause })
  }
}

function received(payload: Payload): Item {
  if ('shape' in payload) throw new TypeError('a payload to be sent is not one that was received')
  return payload
}

function checkStatus(item: ResponseBatchItem): void {
  if (item.resultStatus === ResultStatus.Success) return
  const reason = item.resultReason === undefined ? undefined : reasonNames.get(item.resultReason)
  throw new KmipError(reason ?? 'GeneralFailure', item.resultMessage ?? 'the server gave no message')
}

function encodeRequest(batch: readonly BatchRequest[], header: HeaderOptions, version: Version): Buffer {
  const writer = new TtlvWriter()
  const batchItem = batch.map(({ operation, payload, messageExtension = [] }, index) => {
    const uniqueBatchItemID = batch.length > 1 ? Buffer.from(String(index)) : undefined
    return { operation, requestPayload: payload, uniqueBatchItemID, messageExtension }
  })
  const requestHeader = { attestationType: [], ...header, protocolVersion: version, batchCount: batch.length }
  RequestMessage.encode(writer, Tag.RequestMessage, { requestHeader, batchItem }, { version })
  return writer.take()
}

/** Asks in 1.1, the first version that has Discover Versions; a server of 1.0 does not know the operation. */
async function negotiate(connection: Connection): Promise<Version> {
  const client = new Client(connection, discoveryVersion)
  const shape = {
    code: Operation.DiscoverVersions, request: DiscoverVersionsRequest, response: DiscoverVersionsResponse,
  }
  try {
    const { protocolVersion } = await client.request(shape, { protocolVersion: [...knownVersions] })
    const common = protocolVersion.filter((version) => knownVersions.includes(version))
    if (common.length > 0) return Math.max(...common)
  } catch (error) {
    if (!(error instanceof KmipError) || error.reason !== 'OperationNotSupported') throw error
    return oldestVersion
  }
  throw new KmipError('InvalidMessage', 'the server knows no protocol version of this client')
}

const discoveryVersion: Version = 101
const oldestVersion: Version = 100
const reasonNames: ReadonlyMap<number, ResultReasonName> = new Map(
  Object.entries(ResultReason).map(([name, reason]) => [reason, name as ResultReasonName]),
)
