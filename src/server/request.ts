import { randomUUID } from 'node:crypto'
import { isCiphertextExtension } from '../kmip/ciphertext-extension.ts'
import { KmipError } from '../kmip/error.ts'
import { Tag } from '../kmip/generated/tags.ts'
import { RequestMessage, ResponseHeader, ResponseBatchItem, protocolVersion } from '../kmip/message.ts'
import { valueRange } from '../kmip/value-range.ts'
import { versions } from '../kmip/version.ts'
import type { Version } from '../kmip/version.ts'
import { ItemType, TtlvError, decodeItem, headerBytes } from '../ttlv/item.ts'
import type { Item } from '../ttlv/item.ts'
import { TtlvWriter } from '../ttlv/writer.ts'
import type { Limits } from './limits.ts'

export interface ReadRequest {
  readonly message: RequestMessage
  readonly version: Version
}

/** `fatal`: the bytes were no TTLV, so what follows in the stream cannot be trusted to be. */
export type DecodedRequest =
  | ReadRequest
  | { readonly error: unknown; readonly version: Version; readonly fatal: boolean }

/** Reads a message as far as its batch items; the version to answer in is known in any case. */
export function decodeRequest(bytes: Buffer, { depthMax, itemsMax }: Limits): DecodedRequest {
  let item: Item
  try {
    item = decodeItem(bytes, depthMax, itemsMax)
  } catch (error) {
    return { error, version: answerVersion(versionAtStart(bytes)), fatal: true }
  }
  try {
    const message = decodeMessage(item)
    return { message, version: message.requestHeader.protocolVersion }
  } catch (error) {
    return undecoded(item, error)
  }
}

/** Why a message cannot be read, and the version in which its client can be told so. */
function undecoded(message: Item, cause: unknown): DecodedRequest {
  let version = answerVersion(undefined)
  let error = cause
  try {
    const asked = askedVersion(message)
    version = answerVersion(asked)
    if (asked !== undefined && !versions.includes(asked)) error = unsupportedVersion()
  } catch (fault) {
    error = fault
  }
  const told = error instanceof KmipError && messageFaults.has(error.reason)
    ? new KmipError('InvalidMessage', error.message)
    : error
  return { error: told, version, fatal: error instanceof TtlvError }
}

/** What a response needs to know of its request. */
export interface ResponseFrame {
  readonly version: Version
  /** Seconds since 1970-01-01 UTC. */
  readonly now: number
  /** Whether a Server Correlation Value is sent. */
  readonly isCorrelated?: boolean
}

/** Encodes a response message. Its size has been seen to before, item by item (`response-room.ts`). */
export function encodeResponse(items: readonly ResponseBatchItem[], frame: ResponseFrame): Buffer {
  const { version } = frame
  const coding = { version, omitsUnknown: true }
  try {
    const header = encodedHeader(frame, items.length)
    const message = writer.begin(Tag.ResponseMessage)
    writer.raw(header)
    for (const item of items) ResponseBatchItem.encode(writer, Tag.BatchItem, item, coding)
    writer.end(message)
    return writer.take()
  } finally {
    // Of a response that cannot be written too: the next is another client's.
    writer.reset()
  }
}

/** Of all answers of one second that are alike in what it says, the header is the same. */
function encodedHeader({ version, now, isCorrelated }: ResponseFrame, batchCount: number): Buffer {
  if (isCorrelated === true) return encodeHeader(version, now, batchCount, randomUUID())
  if (lastHeader?.version !== version || lastHeader.now !== now || lastHeader.batchCount !== batchCount) {
    lastHeader = { version, now, batchCount, bytes: encodeHeader(version, now, batchCount) }
  }
  return lastHeader.bytes
}

let lastHeader: { version: Version; now: number; batchCount: number; bytes: Buffer } | undefined

function encodeHeader(version: Version, now: number, batchCount: number, serverCorrelationValue?: string): Buffer {
  ResponseHeader.encode(writer, Tag.ResponseHeader, {
    protocolVersion: version, timeStamp: now, attestationType: [], serverCorrelationValue, batchCount,
  }, { version, omitsUnknown: true })
  return writer.take()
}

/** A critical extension that is not understood rejects the entire message (KMIP 2.1 9.13). */
export function criticalExtension(message: RequestMessage): KmipError | undefined {
  const critical = message.batchItem.some((item) =>
    item.messageExtension.some(({ criticalityIndicator, vendorIdentification }) =>
      criticalityIndicator && !isCiphertextExtension(item.operation, vendorIdentification)))
  return critical ? new KmipError('UnknownMessageExtension', 'critical message extension not recognized') : undefined
}

function decodeMessage(item: Item): RequestMessage {
  const message = RequestMessage.decode(item, anyVersion)
  const { protocolVersion: version, batchCount } = message.requestHeader
  if (!versions.includes(version)) throw unsupportedVersion()
  if (batchCount !== message.batchItem.length || batchCount < 1) {
    throw new KmipError('InvalidMessage', 'Batch Count is not the number of batch items')
  }
  checkOptions(message.requestHeader)
  return message
}

/**
 * What decides how a message is executed may not be guessed.
 *
 * @throws KmipError Unknown Enumeration (1.x: Invalid Field)
 */
function checkOptions({ batchErrorContinuationOption, asynchronousIndicator }: RequestMessage['requestHeader']): void {
  checkOption('BatchErrorContinuationOption', batchErrorContinuationOption)
  checkOption('AsynchronousIndicator', asynchronousIndicator)
}

function checkOption(name: string, value: number | undefined): void {
  if (value !== undefined && valueRange(name, value) === undefined) {
    throw new KmipError('UnknownEnumeration', `the ${name} is none`)
  }
}

function unsupportedVersion(): KmipError {
  return new KmipError('UnsupportedProtocolVersion', 'the protocol version is not supported')
}

/** The version that bytes ask for which begin as a message does, whatever comes later. */
export function versionAtStart(bytes: Buffer): Version | undefined {
  try {
    const item = decodeItem(bytes.subarray(versionStart, versionEnd))
    return item.tag === Tag.ProtocolVersion ? protocolVersion().decode(item, anyVersion) : undefined
  } catch {
    return undefined
  }
}

function askedVersion(message: Item): Version | undefined {
  if (message.type !== ItemType.Structure) return undefined
  const header = message.value.find(({ tag }) => tag === Tag.RequestHeader)
  if (header?.type !== ItemType.Structure) return undefined
  const version = header.value.find(({ tag }) => tag === Tag.ProtocolVersion)
  return version === undefined ? undefined : protocolVersion().decode(version, anyVersion)
}

/** The version asked for or, when it is not spoken, the newest that is not above it. */
export function answerVersion(asked: Version | undefined): Version {
  return versions.find((version) => asked !== undefined && version <= asked) ?? versions.at(-1)!
}

/** What stands around the payloads is read alike in all versions. */
const anyVersion = { version: versions[0]! }
/** Reasons of the schema that, in the frame of a message, mean that the message is not one. */
const messageFaults: ReadonlySet<string> = new Set(['InvalidField'])
/** The Protocol Version comes first in the header, and the header in the message; each of its two numbers has 16 bytes. */
const versionStart = 2 * headerBytes
const versionEnd = versionStart + headerBytes + 2 * 16
/** Encoding a response never awaits, so one buffer serves all. */
const writer = new TtlvWriter(16_384)
