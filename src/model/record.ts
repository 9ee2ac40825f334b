import { attributeSet } from '../kmip/attribute-codec.ts'
import { ObjectType } from '../kmip/generated/enums.ts'
import { Tag } from '../kmip/generated/tags.ts'
import { managedObject } from '../kmip/object.ts'
import type { ObjectKind } from '../kmip/object.ts'
import {
  boolean, bytes, enumeration, integer, many, nested, optional, structure, text,
} from '../kmip/schema.ts'
import { decodeItem } from '../ttlv/item.ts'
import { TtlvWriter } from '../ttlv/writer.ts'
import { attributesByTag } from '../kmip/attribute.ts'
import type { AttributeName } from '../kmip/attribute.ts'
import type { ManagedObject } from './managed-object.ts'

/**
 * The stored form of a managed object: TTLV under tags of our own, so that records are as
 * self-describing and as extensible as messages are. Attributes are kept as 2.1 with the few of
 * 1.x added. The store seals the bytes.
 */
export function encodeRecord(object: ManagedObject): Buffer {
  const { indices, ...attributes } = object.attributes
  const writer = new TtlvWriter()
  Record.encode(writer, recordTag, {
    format: currentFormat,
    account: object.account,
    owner: object.owner,
    objectType: ObjectType[object.kind],
    attributes,
    attributeIndices: Object.entries(indices ?? {}).map(([name, list]) => ({
      attribute: tagsByAttribute.get(name as AttributeName)!,
      index: list,
    })),
    value: object.value,
    asRegistered: object.asRegistered === undefined ? undefined : { value: object.asRegistered },
    remains: object.remains === undefined ? undefined : { value: object.remains },
    archived: object.archived,
    provider: object.provider,
    cmkId: object.cmkId,
    splitId: object.splitId,
  }, stored)
  return writer.take()
}

/** @throws Error when the bytes are not a record of a format that this version knows: damage, not a client's fault */
export function decodeRecord(uniqueIdentifier: string, revision: number, data: Buffer): ManagedObject {
  const record = Record.decode(decodeItem(data, recordDepthMax), stored)
  if (record.format !== currentFormat) throw new Error(`record ${uniqueIdentifier} has format ${record.format}`)
  const indices = Object.fromEntries(
    record.attributeIndices.map(({ attribute, index }) => [attributesByTag.get(attribute)!, index]),
  )
  return {
    uniqueIdentifier,
    revision,
    account: record.account,
    owner: record.owner,
    kind: kinds.get(record.objectType)!,
    attributes: record.attributeIndices.length === 0 ? record.attributes : { ...record.attributes, indices },
    value: record.value,
    asRegistered: record.asRegistered?.value,
    remains: record.remains?.value,
    archived: record.archived,
    provider: record.provider,
    cmkId: record.cmkId,
    splitId: record.splitId,
  }
}

const AttributeIndices = structure('Keyward record 1', {
  attribute: enumeration(0x54_0008),
  index: many(integer(0x54_0009)),
})

const ProviderReference = structure('Keyward record 1', {
  name: text(0x54_000a),
  reference: bytes(0x54_000b),
})

const OtherForm = structure('Keyward record 1', { value: managedObject() })

const Record = structure('Keyward record 1', {
  format: integer(0x54_0002),
  account: text(0x54_0003),
  owner: text(0x54_0004),
  objectType: enumeration(Tag.ObjectType),
  attributes: attributeSet(Tag.TemplateAttribute, Tag.Attributes),
  attributeIndices: many(nested(0x54_0005, AttributeIndices)),
  value: optional(managedObject()),
  asRegistered: optional(nested(0x54_000c, OtherForm)),
  remains: optional(nested(0x54_000f, OtherForm)),
  archived: optional(boolean(0x54_0006)),
  provider: optional(nested(0x54_0007, ProviderReference)),
  cmkId: optional(text(0x54_000d)),
  splitId: optional(text(0x54_000e)),
})

const recordTag = 0x54_0001
const currentFormat = 1
/** Attributes and objects nest less than messages do, but custom attributes bring structures of the client's. */
const recordDepthMax = 48
/** A version above all others: nothing is left out because a version does not know it. */
const stored = { version: 9_999, keepRemoved: true }

const kinds: ReadonlyMap<number, ObjectKind> = new Map(
  Object.entries(ObjectType).map(([kind, number]) => [number, kind as ObjectKind]),
)
const tagsByAttribute: ReadonlyMap<AttributeName, number> = new Map(
  [...attributesByTag].map(([tag, name]) => [name, tag]),
)
