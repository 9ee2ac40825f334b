import { Operation, ResultReason, ResultStatus } from '../../src/kmip/generated/enums.ts'
import { tagNumber } from '../../src/kmip/names.ts'

/**
 * A conversation as a text that people read and write: fixtures/clients and fixtures/wire. Its first line says what
 * it shows; `#` begins a comment; indentation nests.
 *
 *   tls 1.3                        the TLS version of the connections that follow (1.2 unless said)
 *   connect bob                    a new connection, with bob's certificate (alice's unless said)
 *   request 1.1                    a message of KMIP 1.1; Protocol Version and Batch Count are added
 *     TimeStamp now                an item of the header
 *     Get #0001                    a batch item, its Unique Batch Item ID, and below it its payload
 *       UniqueIdentifier "$uid"
 *       ! MessageExtension         an item of the batch item that follows the payload
 *   response 1.1                   exactly this, and as one TLS record; a Time Stamp is expected
 *     Get Success #0001
 *     Get OperationFailed ItemNotFound
 *   bytes 4200780100000000         sends these bytes as they are
 *   closed                         the server closes the connection
 *   idle 2000                      waits so many milliseconds
 *
 * Requests that follow one another are written at once, in one TLS record. `request 1.1 bytewise` is written byte by
 * byte, `request 1.1 count=3` lies about its Batch Count.
 *
 * Values: "text", hex:00ff, 12, 12L (Long Integer), true, now, now-60, 2026-01-01T00:00:00Z, 60s (Interval), the name
 * of an enumeration's value or of a mask's bits (Encrypt|Decrypt), 0x00000003 (any enumeration). A tag alone is an
 * empty structure. `+ Cryptographic Length [0] = 256` is a 1.x Attribute, with its index when there is one; without
 * `=` the lines below it are the fields of its value.
 *
 * In a response `*` stands for any value, `hex*16` for any sixteen bytes, `$x` in "$x" and hex:$x for what it stood
 * for before, or for anything the first time; `?` before an item that may be missing, `...` for any further items;
 * as the only line of a response, for any batch items.
 */
export interface Conversation {
  readonly title: string
  readonly steps: readonly Step[]
}

export type Step =
  | { readonly kind: 'tls', readonly line: number, readonly version: string }
  | { readonly kind: 'connect', readonly line: number, readonly who: 'alice' | 'bob' }
  | { readonly kind: 'request', readonly line: number, readonly message: MessageNotation }
  | { readonly kind: 'response', readonly line: number, readonly message: MessageNotation }
  | { readonly kind: 'bytes', readonly line: number, readonly bytes: Buffer }
  | { readonly kind: 'idle', readonly line: number, readonly ms: number }
  | { readonly kind: 'closed', readonly line: number }

export interface MessageNotation {
  readonly version: readonly [number, number]
  readonly bytewise: boolean
  readonly batchCount: number | undefined
  readonly header: readonly ItemNotation[]
  readonly batch: readonly BatchNotation[]
}

export interface BatchNotation {
  readonly operation: number | undefined
  /** Hexadecimal. */
  readonly id: string | undefined
  /** Only in a response. */
  readonly status: number | undefined
  readonly reasons: readonly number[]
  readonly payload: readonly ItemNotation[]
  readonly trailer: readonly ItemNotation[]
}

export interface ItemNotation {
  readonly line: number
  readonly tag: number
  /** The Attribute Name beside an Attribute Value. */
  readonly attributeName: string | undefined
  readonly optional: boolean
  /** The value as written; nothing for a structure. */
  readonly value: string | undefined
  readonly children: readonly ItemNotation[]
  /** Any further items stand here. */
  readonly rest: boolean
}

/** @throws Error that names the line, for what is not in the notation */
export function parseConversation(text: string): Conversation {
  const lines = text.split('\n')
  const title = /^# (.+)$/.exec(lines[0] ?? '')?.[1]
  if (title === undefined) throw new Error('line 1: the first line is "# " and a title')
  const numbered = lines.map((line, index) => ({ number: index + 1, text: withoutComment(line) }))
  return { title, steps: nest(numbered.filter((line) => line.text.trim() !== '')).map(parseStep) }
}

interface Line { readonly number: number, readonly text: string, readonly below: readonly Line[] }

function withoutComment(line: string): string {
  return /^\s*#/.test(line) ? '' : line.replace(/\s+# .*$/, '').trimEnd()
}

function nest(lines: readonly { readonly number: number, readonly text: string }[]): Line[] {
  const result: Line[] = []
  for (let index = 0; index < lines.length;) {
    const { number, text } = lines[index]!
    const depth = indentOf(text)
    let end = index + 1
    while (end < lines.length && indentOf(lines[end]!.text) > depth) end += 1
    result.push({ number, text: text.trim(), below: nest(lines.slice(index + 1, end)) })
    index = end
  }
  return result
}

function indentOf(text: string): number {
  return text.length - text.trimStart().length
}

function parseStep(line: Line): Step {
  const [kind = '', ...words] = line.text.split(/\s+/)
  switch (kind) {
    case 'tls': return { kind, line: line.number, version: `TLSv${words[0]}` }
    case 'connect': return { kind, line: line.number, who: words[0] === 'bob' ? 'bob' : 'alice' }
    case 'bytes': return { kind, line: line.number, bytes: Buffer.from(words.join(''), 'hex') }
    case 'idle': return { kind, line: line.number, ms: Number(words[0]) }
    case 'closed': return { kind, line: line.number }
    case 'request':
    case 'response': return { kind, line: line.number, message: parseMessage(line, words) }
    default: throw fail(line, `there is no step "${kind}"`)
  }
}

function parseMessage(line: Line, [version = '', ...words]: readonly string[]): MessageNotation {
  const match = /^(\d+)\.(\d+)$/.exec(version)
  if (match === null) throw fail(line, 'a message has a version')
  const batch = line.below.filter(({ text }) => batchItem.test(text) && !isHeader(text))
  const count = words.find((word) => word.startsWith('count='))
  return {
    version: [Number(match[1]), Number(match[2])],
    bytewise: words.includes('bytewise'),
    batchCount: count === undefined ? undefined : Number(count.slice('count='.length)),
    header: line.below.filter((child) => !batch.includes(child)).map(parseItem),
    batch: batch.map(parseBatchItem),
  }
}

/** An operation's name, or `-` for a failure that names none. */
const batchItem = /^(-|[A-Z]\w*)( |$)/

function isHeader(text: string): boolean {
  const word = text.split(' ')[0]!
  return word !== '-' && !(word in Operation) && !word.startsWith('0x')
}

function parseBatchItem(line: Line): BatchNotation {
  const [name = '', ...words] = line.text.split(/\s+/)
  const id = words.find((word) => word.startsWith('#'))?.slice(1)
  const [status, reasons] = words.filter((word) => !word.startsWith('#'))
  const trailer = line.below.filter(({ text }) => text.startsWith('! '))
  return {
    operation: name === '-' ? undefined : valueOf(Operation, name, line),
    id,
    status: status === undefined ? undefined : valueOf(ResultStatus, status, line),
    reasons: reasons === undefined ? [] : reasons.split('|').map((reason) => valueOf(ResultReason, reason, line)),
    payload: line.below.filter((child) => !trailer.includes(child)).map(parseItem),
    trailer: trailer.map((child) => parseItem({ ...child, text: child.text.slice(2) })),
  }
}

function parseItem(line: Line): ItemNotation {
  if (line.text === '...') return { ...nothing, line: line.number, rest: true }
  const optional = line.text.startsWith('? ')
  const text = optional ? line.text.slice(2) : line.text
  if (text.startsWith('+ ')) return parseAttribute(line, text.slice(2), optional)
  const [, name = '', value] = /^(\S+)(?: (.+))?$/.exec(text)!
  const tag = tagNumber(name) ?? (/^0x(42|54)[0-9a-f]{4}$/i.test(name) ? Number(name) : undefined)
  if (tag === undefined) throw fail(line, `there is no tag "${name}"`)
  return { ...nothing, line: line.number, tag, optional, value, children: line.below.map(parseItem) }
}

function parseAttribute(line: Line, text: string, optional: boolean): ItemNotation {
  const [, attributeName = '', index, value] = /^(.+?)(?: \[(\d+)\])?(?: = (.+))?$/.exec(text)!
  const item = { ...nothing, line: line.number }
  return {
    ...item,
    tag: tagNumber('Attribute')!,
    optional,
    children: [
      { ...item, tag: tagNumber('AttributeName')!, value: JSON.stringify(attributeName) },
      ...index === undefined ? [] : [{ ...item, tag: tagNumber('AttributeIndex')!, value: index }],
      { ...item, tag: tagNumber('AttributeValue')!, attributeName, value, children: line.below.map(parseItem) },
    ],
  }
}

function valueOf(table: Readonly<Record<string, number>>, name: string, line: Line): number {
  const value = table[name]
  if (value === undefined) throw fail(line, `"${name}" is unknown`)
  return value
}

function fail(line: Line, problem: string): Error {
  return new Error(`line ${line.number}: ${problem}: ${line.text}`)
}

const nothing: ItemNotation = {
  line: 0, tag: 0, attributeName: undefined, optional: false, value: undefined, children: [], rest: false,
}
