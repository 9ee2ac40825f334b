import { ItemType } from '../ttlv/item.ts'
import { Tag } from './generated/tags.ts'
import { field, wrongType } from './schema.ts'
import type { Field } from './schema.ts'
import { parseVersion } from './version.ts'

/**
 * How a request names an object: by its Unique Identifier; in 2.x also by an Enumeration (the ID
 * Placeholder or the object of the last such operation) or by an Integer (the n-th identifier of
 * the response so far, negative counts backwards) (KMIP 2.1 4.58).
 */
export type Identifier = string | { readonly enumeration: number } | { readonly index: number }

export function identifier(tag: number = Tag.UniqueIdentifier): Field<Identifier> {
  return field<Identifier>([tag], (item, { version }) => {
    if (item.type === ItemType.TextString) return item.value
    if (version < v2) throw wrongType(item.tag)
    if (item.type === ItemType.Enumeration) return { enumeration: item.value }
    if (item.type === ItemType.Integer) return { index: item.value }
    throw wrongType(item.tag)
  }, (writer, value) => {
    if (typeof value === 'string') writer.textString(tag, value)
    else if ('enumeration' in value) writer.enumeration(tag, value.enumeration)
    else writer.integer(tag, value.index)
  })
}

/**
 * Data given by value; in 2.x also by an Enumeration (the output of the last such operation) or by
 * an Integer (the n-th output so far, negative counts backwards) (KMIP 2.1 7.9).
 */
export type DataReference = Buffer | { readonly enumeration: number } | { readonly index: number }

export function dataReference(tag: number): Field<DataReference> {
  return field<DataReference>([tag], (item, { version }) => {
    if (item.type === ItemType.ByteString) return item.value
    if (version < v2) throw wrongType(item.tag)
    if (item.type === ItemType.Enumeration) return { enumeration: item.value }
    if (item.type === ItemType.Integer) return { index: item.value }
    throw wrongType(item.tag)
  }, (writer, value) => {
    if (Buffer.isBuffer(value)) writer.byteString(tag, value)
    else if ('enumeration' in value) writer.enumeration(tag, value.enumeration)
    else writer.integer(tag, value.index)
  })
}

const v2 = parseVersion('2.0')
