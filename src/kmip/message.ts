import { ItemType } from '../ttlv/item.ts'
import type { Item } from '../ttlv/item.ts'
import type { TtlvWriter } from '../ttlv/writer.ts'
import { AsynchronousIndicator } from './generated/enums.ts'
import { Tag } from './generated/tags.ts'
import {
  anything, boolean, bytes, dateTime, enumeration, field, integer, many, nested, optional, since, structure, text,
} from './schema.ts'
import type { Coding, Field, FieldMap, Infer, Structure } from './schema.ts'
import { major, minor, toVersion } from './version.ts'
import type { Version } from './version.ts'

/** Messages (KMIP 2.1 section 8). Payloads stay undecoded here: a bad one fails its own batch item only. */

const ProtocolVersion = structure('2.1 9.16', {
  protocolVersionMajor: integer(Tag.ProtocolVersionMajor),
  protocolVersionMinor: integer(Tag.ProtocolVersionMinor),
})

/** A value that is sent whatever the tables say of its version. */
function always(inner: Field<number>): Field<number> {
  return { ...inner, isKnown: () => true }
}

/** Protocol Version as one number. */
export function protocolVersion(): Field<Version> {
  return field([Tag.ProtocolVersion], (item, coding) => {
    const { protocolVersionMajor, protocolVersionMinor } = ProtocolVersion.decode(item, coding)
    return toVersion(protocolVersionMajor, protocolVersionMinor)
  }, (writer, version, coding) => {
    const value = { protocolVersionMajor: major(version), protocolVersionMinor: minor(version) }
    ProtocolVersion.encode(writer, Tag.ProtocolVersion, value, coding)
  })
}

export const Nonce = structure('2.1 9.14', { nonceID: bytes(Tag.NonceID), nonceValue: bytes(Tag.NonceValue) })

export const MessageExtension = structure('2.1 9.13', {
  vendorIdentification: text(Tag.VendorIdentification),
  criticalityIndicator: boolean(Tag.CriticalityIndicator),
  vendorExtension: anything(Tag.VendorExtension),
})

export const RequestHeader = structure('2.1 8.2 Table 395', {
  protocolVersion: protocolVersion(),
  maximumResponseSize: optional(integer(Tag.MaximumResponseSize)),
  clientCorrelationValue: since('1.4', optional(text(Tag.ClientCorrelationValue))),
  serverCorrelationValue: since('1.4', optional(text(Tag.ServerCorrelationValue))),
  asynchronousIndicator: optional(asynchronousIndicator()),
  attestationCapableIndicator: since('1.2', optional(boolean(Tag.AttestationCapableIndicator))),
  attestationType: since('1.2', many(enumeration(Tag.AttestationType))),
  authentication: optional(anything(Tag.Authentication)),
  batchErrorContinuationOption: optional(enumeration(Tag.BatchErrorContinuationOption)),
  batchOrderOption: optional(boolean(Tag.BatchOrderOption)),
  timeStamp: optional(dateTime(Tag.TimeStamp)),
  batchCount: integer(Tag.BatchCount),
})
export type RequestHeader = Infer<typeof RequestHeader>

export const RequestBatchItem = structure('2.1 8.3 Table 396', {
  operation: always(enumeration(Tag.Operation)),
  ephemeral: since('2.0', optional(boolean(Tag.Ephemeral))),
  uniqueBatchItemID: optional(bytes(Tag.UniqueBatchItemID)),
  requestPayload: payload(Tag.RequestPayload),
  messageExtension: many(nested(Tag.MessageExtension, MessageExtension)),
})
export type RequestBatchItem = Infer<typeof RequestBatchItem>

export const ResponseHeader = structure('2.1 8.5 Table 398', {
  protocolVersion: protocolVersion(),
  timeStamp: dateTime(Tag.TimeStamp),
  nonce: since('1.2', optional(nested(Tag.Nonce, Nonce))),
  serverHashedPassword: since('2.0', optional(bytes(Tag.ServerHashedPassword))),
  attestationType: since('1.2', many(enumeration(Tag.AttestationType))),
  clientCorrelationValue: since('1.4', optional(text(Tag.ClientCorrelationValue))),
  serverCorrelationValue: since('1.4', optional(text(Tag.ServerCorrelationValue))),
  batchCount: integer(Tag.BatchCount),
})
export type ResponseHeader = Infer<typeof ResponseHeader>

export const ResponseBatchItem = structure('2.1 8.6 Table 399', {
  // As the client has asked for it, whether or not the version has it.
  operation: optional(always(enumeration(Tag.Operation))),
  uniqueBatchItemID: optional(bytes(Tag.UniqueBatchItemID)),
  resultStatus: enumeration(Tag.ResultStatus),
  // The tables of 2.x leave out reasons that its own operations list; `model/reason.ts` knows the versions.
  resultReason: optional(always(enumeration(Tag.ResultReason))),
  resultMessage: optional(text(Tag.ResultMessage)),
  asynchronousCorrelationValue: optional(bytes(Tag.AsynchronousCorrelationValue)),
  responsePayload: optional(payload(Tag.ResponsePayload)),
  messageExtension: many(nested(Tag.MessageExtension, MessageExtension)),
})
export type ResponseBatchItem = Infer<typeof ResponseBatchItem>

export const RequestMessage = structure('2.1 8', {
  requestHeader: nested(Tag.RequestHeader, RequestHeader),
  batchItem: many(nested(Tag.BatchItem, RequestBatchItem)),
})
export type RequestMessage = Infer<typeof RequestMessage>

export const ResponseMessage = structure('2.1 8', {
  responseHeader: nested(Tag.ResponseHeader, ResponseHeader),
  batchItem: many(nested(Tag.BatchItem, ResponseBatchItem)),
})
export type ResponseMessage = Infer<typeof ResponseMessage>

/** A payload as received, or one to be sent with the structure that encodes it. */
export type Payload = Item | OutgoingPayload
export interface OutgoingPayload {
  readonly shape: Structure<FieldMap>
  readonly value: never
}

/** Pairs a value with its structure, for sending. */
export function outgoing<F extends FieldMap>(shape: Structure<F>, value: Infer<Structure<F>>): OutgoingPayload {
  return { shape, value: value as never }
}

function payload(tag: number): Field<Payload> {
  return field<Payload>([tag], (item) => item, (writer: TtlvWriter, value, coding: Coding) => {
    if ('shape' in value) value.shape.encode(writer, tag, value.value, coding)
    else writer.item(value, tag)
  })
}

/** Boolean in 1.x ("the client can handle asynchronous answers"), Enumeration in 2.x (KMIP 2.1 9.2). */
function asynchronousIndicator(): Field<number> {
  const tag = Tag.AsynchronousIndicator
  const asEnumeration = enumeration(tag)
  return field([tag], (item, coding) => {
    if (item.type !== ItemType.Boolean) return asEnumeration.decode(item, coding)
    return item.value ? AsynchronousIndicator.Optional : AsynchronousIndicator.Prohibited
  }, (writer, value, coding) => {
    if (coding.version >= 200) asEnumeration.encode(writer, value, coding)
    else writer.boolean(tag, value !== AsynchronousIndicator.Prohibited)
  })
}
