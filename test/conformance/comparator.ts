import { Tag } from '../../src/kmip/generated/tags.ts'
import { tagName, tagOfAttributeName } from '../../src/kmip/names.ts'
import { printItem } from '../../src/kmip/print.ts'
import { formatTag, formatType, formatValue, parseType } from '../../src/kmip/text-value.ts'
import type { ValueItem } from '../../src/kmip/text-value.ts'
import type { XmlElement } from '../../src/kmip/xml-element.ts'
import { ItemType } from '../../src/ttlv/item.ts'
import type { Item } from '../../src/ttlv/item.ts'
import { attributeNameOf, isPlaceholder, literalItem, tagOf } from './bindings.ts'
import type { Bindings } from './bindings.ts'
import { childrenOf } from './history.ts'
import type { History } from './history.ts'
import { Place } from './place.ts'

/** Where an answer is not what is listed, and not one of the permitted variations. */
export interface Difference {
  readonly path: string
  readonly why: string
  readonly expected: string
  readonly got: string
}

export interface Exchange {
  /** As it was sent. */
  readonly request: Item
  readonly bindings: Bindings
  readonly history: History
  /** Seconds since the conversation began: how far the server's dates may be from `$NOW`. */
  readonly elapsedSeconds: number
}

/**
 * Compares an answer with the listed one. Whatever is not equal is a difference, but for the
 * variations that the cases' README lists (from "Permitted Test Case Variations" of the KMIP
 * profiles); each of them is one rule here or in `Place`.
 */
export function compareMessages(expected: XmlElement, got: Item, exchange: Exchange): Difference | undefined {
  try {
    new Comparison(exchange).item(expected, got, expected.name, new Place(exchange), undefined)
    return undefined
  } catch (error) {
    if (error instanceof Found) return error.difference
    throw error
  }
}

class Comparison {
  readonly #exchange: Exchange
  constructor(exchange: Exchange) {
    this.#exchange = exchange
  }

  item(expected: XmlElement, got: Item, path: string, place: Place, attributeName: string | undefined): void {
    if (tagOf(expected) !== got.tag) throw differ(path, 'another field stands here', expected, got)
    const type = expected.attributes['type'] === undefined ? ItemType.Structure : parseType(expected.attributes['type'])
    if (place.isFreeMaterial(got.tag)) return this.#material(expected, got, path, place)
    if (got.type !== type) throw differ(path, `the type is ${formatType(got.type)}`, expected, got)
    if (got.type === ItemType.Structure) return this.#children(expected, got, path, place.inside(got, expected))
    this.#value(expected, got, path, place, attributeName)
  }

  #children(expected: XmlElement, got: Item & { type: 0x01 }, path: string, place: Place): void {
    let listed = expected.children
    let received = got.value
    const lists = place.unorderedLists()
    if (lists !== undefined) {
      const isListed = (tag: number) => lists.tags.includes(tag)
      this.#unordered(listed.filter((child) => isListed(tagOf(child))), received.filter((child) => isListed(child.tag)),
        path, place, lists.mayBeAdded)
      listed = listed.filter((child) => !isListed(tagOf(child)))
      received = received.filter((child) => !isListed(child.tag))
    }
    this.#ordered(listed, received, path, place, expected)
  }

  #ordered(
    listed: readonly XmlElement[], received: readonly Item[], path: string, place: Place, parent: XmlElement,
  ): void {
    const attributeName = attributeNameOf(listed)
    const counts = new Map<string, number>()
    let next = 0
    for (const child of listed) {
      let got = received[next]
      while (got !== undefined && got.tag !== tagOf(child) && place.mayBeAdded(got)) got = received[++next]
      const count = counts.get(child.name) ?? 0
      counts.set(child.name, count + 1)
      if (got !== undefined && got.tag === tagOf(child)) {
        const step = count === 0 ? child.name : `${child.name}[${count}]`
        this.item(child, got, `${path}/${step}`, place.at(count, got.tag), attributeName)
        next += 1
      } else if (!place.mayBeAbsent(child)) {
        throw differ(`${path}/${child.name}`, got === undefined ? 'missing' : 'missing, or out of order', child, got)
      }
    }
    for (const rest of received.slice(next)) {
      if (place.mayBeAdded(rest)) continue
      throw differ(`${path}/${formatTag(rest.tag)}`, 'not listed', parent, rest)
    }
  }

  /** Lists whose order the standard leaves open. Instances of one attribute keep their order. */
  #unordered(
    listed: readonly XmlElement[], received: readonly Item[], path: string, place: Place, mayBeAdded: boolean,
  ): void {
    const left = Map.groupBy(received, (item) => keyOfItem(item))
    for (const [key, elements] of Map.groupBy(listed, (element) => keyOfElement(element))) {
      const items = left.get(key) ?? []
      left.delete(key)
      if (items.length < elements.length) {
        throw differ(`${path}/${key}`, 'missing', elements[items.length], undefined)
      }
      if (items.length > elements.length && key !== objectGroupKey) {
        throw differ(`${path}/${key}`, 'too many', elements.at(-1), items.at(-1))
      }
      elements.forEach((element, index) => this.item(element, items[index]!, `${path}/${key}`, place, undefined))
    }
    const [extra] = [...left.values()].flat()
    if (extra === undefined || mayBeAdded) return
    throw differ(`${path}/${formatTag(extra.tag)}`, 'not listed', undefined, extra)
  }

  #value(expected: XmlElement, got: ValueItem, path: string, place: Place, attributeName: string | undefined): void {
    const listed = expected.attributes['value'] ?? ''
    const meaning = got.tag === Tag.AttributeValue ? tagOfAttributeName(attributeName ?? '') ?? got.tag : got.tag
    if (isPlaceholder(listed)) return this.#placeholder(expected, got, path, listed, meaning, place)
    const literal = literalItem(expected, attributeName)
    if (place.isFreeValue(meaning, literal)) return
    if (isDate(literal) && place.isFreeDate(meaning, literal.value)) return
    if (formatValue(literal, ' ', attributeName) === formatValue(got, ' ', attributeName)) return
    throw differ(path, 'another value', expected, got, attributeName)
  }

  #placeholder(
    expected: XmlElement, got: ValueItem, path: string, placeholder: string, meaning: number, place: Place,
  ): void {
    const { bindings, elapsedSeconds } = this.#exchange
    const date = bindings.date(placeholder)
    if (date !== undefined) {
      if (meaning === Tag.TimeStamp) return
      const seconds = Number(got.value)
      if (seconds < date - clockSlackSeconds || seconds > date + elapsedSeconds + clockSlackSeconds) {
        throw differ(path, `not within the time of the run (${placeholder} is ${date})`, expected, got)
      }
      return
    }
    const known = bindings.value(placeholder)
    const value = formatValue(got, ' ')
    if (known === undefined && value === '') throw differ(path, 'an empty value', expected, got)
    if (known === undefined || place.beginsAnew(got.tag)) return bindings.bind(placeholder, got)
    if (known !== value) throw differ(path, `${placeholder} was ${known} before`, expected, got)
  }

  /** Material that the server chose: of the same kind and length, with any content. */
  #material(expected: XmlElement, got: Item, path: string, place: Place): void {
    const listed = expected.attributes['value']
    if (listed !== undefined && isPlaceholder(listed) && got.type !== ItemType.Structure) {
      return this.#placeholder(expected, got, path, listed, got.tag, place)
    }
    if (got.type !== ItemType.Structure && got.type !== ItemType.ByteString) {
      throw differ(path, `the type is ${formatType(got.type)}`, expected, got)
    }
    if (got.value.length === 0) throw differ(path, 'empty', expected, got)
    if (!place.hasListedFormat) return
    if (listed === undefined) {
      if (got.type === ItemType.Structure && isNamedAlike(expected, got)) return
      throw differ(path, 'another structure', expected, got)
    }
    if (got.type === ItemType.Structure) throw differ(path, 'another structure', expected, got)
    if (place.isRaw && got.value.length * 2 !== listed.length) throw differ(path, 'another length', expected, got)
  }
}

class Found extends Error {
  readonly difference: Difference
  constructor(difference: Difference) {
    super(difference.why)
    this.difference = difference
  }
}

function differ(
  path: string, why: string, expected: XmlElement | undefined, got: Item | undefined, attributeName?: string,
): Found {
  return new Found({
    path,
    why,
    expected: expected === undefined ? 'nothing' : shortened(printElement(expected)),
    got: got === undefined ? 'nothing' : shortened(printItem(got, { secrets: true, attributeName })),
  })
}

/** A listed element in the form in which received items are printed. */
function printElement({ name, attributes, children }: XmlElement): string {
  const { type, value, tag } = attributes
  if (type === undefined) {
    return [tag ?? name, ...children.map((child) => printElement(child).replaceAll(/^/gm, '  '))].join('\n')
  }
  const shown = type === 'TextString' ? JSON.stringify(value) : value
  return `${tag ?? name} ${type} ${shown}`
}

function shortened(text: string): string {
  const lines = text.split('\n').map((line) => (line.length > 200 ? `${line.slice(0, 200)}...` : line))
  return lines.length > linesMax ? [...lines.slice(0, linesMax), '...'].join('\n') : lines.join('\n')
}

function isNamedAlike(expected: XmlElement, got: Item & { type: 0x01 }): boolean {
  return expected.children.length === got.value.length
    && expected.children.every((child, index) => tagOf(child) === got.value[index]!.tag)
}

function isDate(item: ValueItem): item is ValueItem & { type: 0x09 } {
  return item.type === ItemType.DateTime
}

/** What tells the members of an unordered list apart: an attribute's name, else the value. */
function keyOfItem(item: Item): string {
  if (item.tag === Tag.ProtocolVersion && item.type === ItemType.Structure) {
    return item.value.map(({ value }) => String(value)).join('.')
  }
  if (item.type === ItemType.Structure) {
    const name = attributeNameOf(item.value)
    const vendor = childrenOf(item, Tag.VendorIdentification)[0]
    return name === undefined ? formatTag(item.tag) : `${String(vendor?.value ?? '')}/${name}`
  }
  return listsOfNames.includes(item.tag) ? formatValue(item, ' ') : formatTag(item.tag)
}

function keyOfElement(element: XmlElement): string {
  if (element.name === 'ProtocolVersion') return element.children.map(({ attributes }) => attributes['value']).join('.')
  if (element.attributes['type'] === undefined) {
    const name = attributeNameOf(element.children)
    const vendor = element.children.find((child) => child.name === 'VendorIdentification')?.attributes['value']
    return name === undefined ? element.name : `${vendor ?? ''}/${name}`
  }
  const tag = tagOf(element)
  return listsOfNames.includes(tag) ? formatValue(literalItem(element, undefined), ' ') : tagName(tag) ?? element.name
}

const listsOfNames: readonly number[] = [Tag.Operation, Tag.ObjectType, Tag.AttributeName, Tag.AttributeReference]
/** Object Group values may be added (Variable Items 1 of the profiles). */
const objectGroupKey = 'ObjectGroup'
/** Seconds that the clocks of the two machines may be apart. */
const clockSlackSeconds = 5
const linesMax = 30
