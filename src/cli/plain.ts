import { attributeFields, ruleOf } from '../kmip/attribute.ts'
import type { AttributeName, AttributeSet } from '../kmip/attribute.ts'
import { namesIn } from '../kmip/attribute-codec.ts'
import { tagName, valueNames } from '../kmip/names.ts'
import type { Field, FieldMap, InferFields, Presence, Structure } from '../kmip/schema.ts'
import { formatTag, formatValue } from '../kmip/text-value.ts'
import { versions } from '../kmip/version.ts'
import { ItemType, decodeItem } from '../ttlv/item.ts'
import type { Item } from '../ttlv/item.ts'
import { TtlvWriter } from '../ttlv/writer.ts'
import { dateText, isoDate } from './output.ts'

/**
 * KMIP values as plain JSON: names for enumerations, lists of names for masks, ISO 8601 for dates,
 * hexadecimal for bytes, and the standard's names of fields in our casing.
 */
export type Plain = string | number | boolean | readonly Plain[] | { readonly [name: string]: Plain }

export function plainAttributes(attributes: AttributeSet): Record<string, Plain> {
  return Object.fromEntries(namesIn(attributes).map((name) => [
    name, plainField(attributeFields[name] as Field<unknown, Presence>, attributes[name]),
  ]))
}

/** A payload; of a field that may repeat, always a list. */
export function plainPayload<F extends FieldMap>(shape: Structure<F>, value: InferFields<F>): Record<string, Plain> {
  const given = Object.entries(shape.fields).flatMap(([name, field]) => {
    const content: unknown = value[name as keyof typeof value]
    const isThere = content !== undefined && !(Array.isArray(content) && content.length === 0)
    return isThere ? [[name, plainField(field as Field<unknown, Presence>, content)] as const] : []
  })
  return Object.fromEntries(given)
}

/** A row for each instance of each attribute, with the standard's names, for people. */
export function attributeRows(attributes: AttributeSet): (readonly [string, string])[] {
  return namesIn(attributes).flatMap((name) => {
    const value: unknown = attributes[name]
    const instances = attributeFields[name].presence === 'many' ? value as unknown[] : [value]
    return instances.map((instance) => [titleOf(name), textOf(itemOf(fieldOf(name), instance))] as const)
  })
}

/** What people call a vendor attribute is the word, and the value says which. */
function titleOf(name: AttributeName): string {
  return name === 'vendorAttribute' ? 'Vendor Attribute' : ruleOf(name).specName
}

function fieldOf(name: AttributeName): Field<unknown, Presence> {
  return attributeFields[name] as Field<unknown, Presence>
}

function plainField(field: Field<unknown, Presence>, value: unknown): Plain {
  if (field.presence === 'many') return (value as unknown[]).map((each) => plainItem(itemOf(field, each)))
  return plainItem(itemOf(field, value))
}

/** In the newest version, and with what it has removed: what an older server sends is shown too. */
function itemOf(field: Field<unknown, Presence>, value: unknown): Item {
  const writer = new TtlvWriter()
  field.encode(writer, value, { version: versions[0]!, keepRemoved: true })
  return decodeItem(writer.take())
}

function plainItem(item: Item): Plain {
  switch (item.type) {
    case ItemType.Structure: return plainStructure(item.value)
    case ItemType.Boolean:
    case ItemType.Interval:
    case ItemType.TextString: return item.value
    case ItemType.DateTime: return isoDate(item.value)
    case ItemType.Integer:
      if (valueNames(item.tag)?.mask !== true) return item.value
      return formatValue(item, ' ').split(' ').filter((name) => name !== '0')
    case ItemType.LongInteger:
    case ItemType.BigInteger: {
      const number = Number(item.value)
      return Number.isSafeInteger(number) ? number : String(item.value)
    }
    default: return formatValue(item, ' ')
  }
}

function plainStructure(items: readonly Item[]): Plain {
  const result: Record<string, Plain> = {}
  const counts = new Map<number, number>()
  for (const { tag } of items) counts.set(tag, (counts.get(tag) ?? 0) + 1)
  for (const item of items) {
    const name = fieldName(item.tag)
    const value = plainItem(item)
    if (counts.get(item.tag) === 1) result[name] = value
    else result[name] = [...(result[name] as Plain[] | undefined ?? []), value]
  }
  return result
}

function textOf(item: Item): string {
  switch (item.type) {
    case ItemType.Structure: return structureText(item.value)
    case ItemType.DateTime: return dateText(item.value)
    case ItemType.Interval: return `${item.value} s`
    default: {
      const plain = plainItem(item)
      return typeof plain === 'object' ? Object.values(plain).map(String).join(', ') : String(plain)
    }
  }
}

/** A name is its value alone, where its type says nothing. */
function structureText(items: readonly Item[]): string {
  const shown = items.filter((item) => !(item.type === ItemType.Enumeration && dullTypes.has(textOf(item))))
  if (shown.length === 1) return textOf(shown[0]!)
  return shown.map((item) => `${fieldName(item.tag)} ${textOf(item)}`).join(', ')
}

/** `UniqueIdentifier` as `uniqueIdentifier`, `IVLength` as `ivLength`. */
function fieldName(tag: number): string {
  const name = tagName(tag) ?? formatTag(tag)
  return name.replace(/^[A-Z]+(?=[A-Z][a-z])|^[A-Z]+(?=\d|$)|^[A-Z]/, (start) => start.toLowerCase())
}

const dullTypes: ReadonlySet<string> = new Set(['UninterpretedTextString'])
