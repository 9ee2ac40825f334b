import { tagName, valueNames } from '../../src/kmip/names.ts'
import { Tag } from '../../src/kmip/generated/tags.ts'
import { formatValue } from '../../src/kmip/text-value.ts'
import { ItemType } from '../../src/ttlv/item.ts'
import type { Item } from '../../src/ttlv/item.ts'
import type { BatchNotation, ItemNotation, MessageNotation } from './notation.ts'

/** What `$x` stands for: text, or hexadecimal digits. */
export type Variables = Map<string, string>

/** The items of a request message as written, valid or not. */
export function buildRequest(message: MessageNotation, variables: Variables): Item {
  const { version, header, batch, batchCount } = message
  return structure(Tag.RequestMessage, [
    structure(Tag.RequestHeader, [
      protocolVersion(version),
      ...header.map((item) => buildItem(item, variables)),
      integer(Tag.BatchCount, batchCount ?? batch.length),
    ]),
    ...batch.map(({ operation, id, payload, trailer }) => structure(Tag.BatchItem, [
      ...operation === undefined ? [] : [enumeration(Tag.Operation, operation)],
      ...id === undefined ? [] : [bytes(Tag.UniqueBatchItemID, id)],
      structure(Tag.RequestPayload, payload.map((item) => buildItem(item, variables))),
      ...trailer.map((item) => buildItem(item, variables)),
    ])),
  ])
}

/** Compares a response with what was written: every difference is a line of the result. */
export function compareResponse(message: MessageNotation, actual: Item, variables: Variables): string[] {
  const { version, header, batch } = message
  const [actualHeader, ...items] = childrenOf(actual)
  const expectedHeader = [
    pattern(Tag.ProtocolVersion, undefined, [
      pattern(Tag.ProtocolVersionMajor, String(version[0])), pattern(Tag.ProtocolVersionMinor, String(version[1])),
    ]),
    pattern(Tag.TimeStamp, '*'),
    ...header,
    ...version[0] > 2 || version[0] === 2 && version[1] >= 1 ? [serverCorrelation] : [],
    pattern(Tag.BatchCount, String(batch.length)),
  ]
  if (actual.tag !== Tag.ResponseMessage || actualHeader?.tag !== Tag.ResponseHeader) return ['not a response message']
  const differences = compareItems(expectedHeader, childrenOf(actualHeader), 'ResponseHeader', variables)
  if (header.some(({ rest }) => rest)) return differences
  if (items.length !== batch.length) return [...differences, `${items.length} batch items`]
  return [...differences, ...batch.flatMap((expected, index) => compareBatchItem(expected, items[index]!, variables))]
}

/** An item as lines in the notation's manner, for a failure's message. */
export function printItem(item: Item, indent = '', attributeName?: string): string {
  const name = `${indent}${tagName(item.tag) ?? `0x${item.tag.toString(16)}`}`
  if (item.type !== ItemType.Structure) return `${name} ${formatValue(item, '|', attributeName)}\n`
  const named = item.value.find(({ tag }) => tag === Tag.AttributeName)?.value
  return `${name}\n${item.value.map((child) => printItem(child, `${indent}  `, named as string | undefined)).join('')}`
}

function compareBatchItem(expected: BatchNotation, actual: Item, variables: Variables): string[] {
  const { operation, id, status, reasons, payload, trailer } = expected
  const failed = reasons.length > 0
  const items = childrenOf(actual)
  const reason = items.find(({ tag }) => tag === Tag.ResultReason)?.value
  const given = failed && reasons.includes(reason as number) ? reason as number : reasons[0]!
  const where = operationName(operation)
  return compareItems([
    ...operation === undefined ? [] : [pattern(Tag.Operation, hex(operation))],
    ...id === undefined ? [] : [pattern(Tag.UniqueBatchItemID, `hex:${id}`)],
    pattern(Tag.ResultStatus, hex(status ?? 0)),
    ...failed ? [pattern(Tag.ResultReason, hex(given)), pattern(Tag.ResultMessage, '"*"')] : [],
    ...payload.length > 0 ? [pattern(Tag.ResponsePayload, undefined, payload)] : [],
    ...payload.length === 0 && !failed ? [{ ...pattern(Tag.ResponsePayload, undefined), optional: true }] : [],
    ...trailer,
  ], items, where, variables)
}

function compareItems(
  expected: readonly ItemNotation[], actual: readonly Item[], where: string, variables: Variables,
): string[] {
  const differences: string[] = []
  let next = 0
  for (const item of expected) {
    if (item.rest) return differences
    const found = actual[next]
    if (found === undefined || found.tag !== item.tag || !namesAgree(item, found)) {
      if (item.optional) continue
      const got = found === undefined ? 'nothing' : printItem(found).split('\n')[0]
      return [...differences, `${where}: expected ${nameOf(item)} (line ${item.line}), got ${got}`]
    }
    differences.push(...compareItem(item, found, `${where}/${nameOf(item)}`, variables))
    next += 1
  }
  const extra = actual.slice(next).map((item) => printItem(item).trim().replace(/\s+/g, ' '))
  return extra.length === 0 ? differences : [...differences, `${where}: not expected: ${extra.join(', ')}`]
}

/** Attributes are told apart by their names, so that an optional one can be missing. */
function namesAgree(expected: ItemNotation, actual: Item): boolean {
  if (expected.tag !== Tag.Attribute || !expected.optional) return true
  return JSON.stringify(childrenOf(actual)[0]?.value) === expected.children[0]?.value
}

function compareItem(expected: ItemNotation, actual: Item, where: string, variables: Variables): string[] {
  if (expected.value === undefined) {
    if (actual.type !== ItemType.Structure) return [`${where}: a structure was expected`]
    return compareItems(withIndexZero(expected), actual.value, where, variables)
  }
  if (actual.type === ItemType.Structure) return [`${where}: a value was expected`]
  const problem = compareValue(expected, actual, textOf(actual), variables)
  return problem === undefined ? [] : [`${where}: ${problem} (line ${expected.line})`]
}

/** An Attribute Index of 0 may be given or left out. */
function withIndexZero({ tag, children }: ItemNotation): readonly ItemNotation[] {
  if (tag !== Tag.Attribute || children.length !== 2) return children
  return [children[0]!, { ...pattern(Tag.AttributeIndex, '0'), optional: true }, children[1]!]
}

function compareValue(expected: ItemNotation, actual: Item, text: string, variables: Variables): string | undefined {
  const value = expected.value!
  if (value === '*') return undefined
  if (value === '"*"') return actual.type === ItemType.TextString && text !== '' ? undefined : 'some text was expected'
  const size = /^hex\*(\d+)$/.exec(value)?.[1]
  if (size !== undefined) return text.length === Number(size) * 2 ? undefined : `${size} bytes were expected: ${text}`
  const variable = /^(?:"\$(\w+)"|hex:\$(\w+))$/.exec(value)
  const name = variable?.[1] ?? variable?.[2]
  if (name !== undefined && !variables.has(name)) {
    variables.set(name, text)
    return undefined
  }
  const wanted = buildItem(expected, variables)
  if (wanted.type !== actual.type) return `item type ${actual.type}, expected ${wanted.type}`
  const wantedText = textOf(wanted)
  if (actual.type === ItemType.DateTime && value.startsWith('now')) {
    return Math.abs(Number(text) - Number(wantedText)) <= clockSecondsMax ? undefined : `got ${text}, expected ${value}`
  }
  return wantedText === text ? undefined : `got ${text.slice(0, 200)}, expected ${wantedText.slice(0, 200)}`
}

function textOf(item: Item): string {
  if (item.type === ItemType.Structure) return 'a structure'
  return item.type === ItemType.ByteString ? item.value.toString('hex') : String(item.value)
}

function buildItem(item: ItemNotation, variables: Variables): Item {
  const { tag, value, children } = item
  if (value === undefined) return structure(tag, children.map((child) => buildItem(child, variables)))
  const substitute = (text: string): string => text.replace(/\$(\w+)/g, (_, name: string) => {
    const known = variables.get(name)
    if (known === undefined) throw new Error(`line ${item.line}: nothing is known of $${name}`)
    return known
  })
  if (value.startsWith('"')) return { tag, type: ItemType.TextString, value: substitute(JSON.parse(value) as string) }
  if (value.startsWith('hex:')) return bytes(tag, substitute(value.slice(4)))
  if (/^-?\d+$/.test(value)) return integer(tag, Number(value))
  if (/^-?\d+L$/.test(value)) return { tag, type: ItemType.LongInteger, value: BigInt(value.slice(0, -1)) }
  if (/^\d+s$/.test(value)) return { tag, type: ItemType.Interval, value: Number(value.slice(0, -1)) }
  if (value === 'true' || value === 'false') return { tag, type: ItemType.Boolean, value: value === 'true' }
  if (/^now([+-]\d+)?$/.test(value)) return dateTime(tag, Math.floor(Date.now() / 1000) + Number(value.slice(3) || 0))
  if (/^\d{4}-\d\d-\d\dT/.test(value)) return dateTime(tag, Date.parse(value) / 1000)
  if (/^0x[0-9a-f]{8}$/i.test(value)) return enumeration(tag, Number(value))
  return named(item, value)
}

/** A value of an enumeration, or bits of a mask, by name. */
function named({ tag, attributeName, line }: ItemNotation, value: string): Item {
  const table = valueNames(tag, attributeName)
  const numbers = value.split('|').map((name) => table?.numbers.get(name))
  const sum = numbers.reduce<number>((total, number) => {
    if (number === undefined) throw new Error(`line ${line}: "${value}" is no value of ${tagName(tag)}`)
    return total + number
  }, 0)
  return table?.mask === true ? integer(tag, sum) : enumeration(tag, sum)
}

function protocolVersion([major, minor]: readonly [number, number]): Item {
  return structure(Tag.ProtocolVersion, [
    integer(Tag.ProtocolVersionMajor, major), integer(Tag.ProtocolVersionMinor, minor),
  ])
}

function childrenOf(item: Item): readonly Item[] {
  return item.type === ItemType.Structure ? item.value : []
}

function structure(tag: number, value: readonly Item[]): Item {
  return { tag, type: ItemType.Structure, value }
}

function integer(tag: number, value: number): Item {
  return { tag, type: ItemType.Integer, value }
}

function enumeration(tag: number, value: number): Item {
  return { tag, type: ItemType.Enumeration, value }
}

function bytes(tag: number, digits: string): Item {
  return { tag, type: ItemType.ByteString, value: Buffer.from(digits, 'hex') }
}

function dateTime(tag: number, value: number): Item {
  return { tag, type: ItemType.DateTime, value }
}

function pattern(tag: number, value: string | undefined, children: readonly ItemNotation[] = []): ItemNotation {
  return { line: 0, tag, attributeName: undefined, optional: false, value, children, rest: false }
}

function nameOf({ tag, children }: ItemNotation): string {
  const name = tagName(tag) ?? `0x${tag.toString(16)}`
  return tag === Tag.Attribute ? `${name} ${children[0]?.value}` : name
}

function operationName(operation: number | undefined): string {
  return operation === undefined ? 'batch item' : valueNames(Tag.Operation)?.names.get(operation) ?? hex(operation)
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`
}

/** The published cases of 2.1 have one in every response, asked for or not; below, it broke clients. */
const serverCorrelation = { ...pattern(Tag.ServerCorrelationValue, '"*"'), optional: true }

/** Between our clock when the pattern is read and the server's when it wrote. */
const clockSecondsMax = 30
