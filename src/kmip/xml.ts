import { ItemType } from '../ttlv/item.ts'
import type { Item } from '../ttlv/item.ts'
import { Tag } from './generated/tags.ts'
import { tagName } from './names.ts'
import {
  EncodingError, defaultTextLimits, formatType, formatValue, hex, parseTag, parseType, parseValue,
} from './text-value.ts'
import type { TextLimits } from './text-value.ts'
import { parseElements } from './xml-element.ts'
import type { XmlElement } from './xml-element.ts'

/**
 * Decodes one message of the XML encoding (KMIP Additional Message Encodings 1.0 section 6):
 * element name = tag, attribute `type` (a structure when absent), attribute `value`.
 *
 * @throws EncodingError for anything that is not one well-formed message within the limits
 */
export function decodeXml(text: string, limits: TextLimits = defaultTextLimits): Item {
  return decodeElement(parseElements(text, limits))
}

/** Decodes an element that is already parsed. @throws EncodingError */
export function decodeElement(element: XmlElement, attributeName?: string): Item {
  const { name, attributes } = element
  const unknown = Object.keys(attributes).find((key) => !knownAttributes.test(key))
  if (unknown !== undefined) throw new EncodingError('syntax', 'an element has an unknown attribute')
  const tag = elementTag(name, attributes['tag'])
  const type = attributes['type'] === undefined ? ItemType.Structure : parseType(attributes['type'])
  const value = attributes['value']
  if (type === ItemType.Structure) {
    if (value !== undefined) throw new EncodingError('value', 'a structure has no value')
    return { tag, type, value: decodeChildren(element.children) }
  }
  if (value === undefined) throw new EncodingError('value', 'an item has no value')
  if (element.children.length > 0) throw new EncodingError('syntax', 'a value item has no children')
  return parseValue(tag, type, value, attributeName)
}

/**
 * Encodes one item, indented by two spaces per level.
 *
 * @param indent of the item itself
 * @throws EncodingError for a text that XML cannot carry (control characters)
 */
export function encodeXml(item: Item, indent = ''): string {
  const lines: string[] = []
  writeElement(item, indent, undefined, lines)
  return `${lines.join('\n')}\n`
}

function decodeChildren(elements: readonly XmlElement[]): Item[] {
  let attributeName: string | undefined
  return elements.map((element) => {
    const item = decodeElement(element, attributeName)
    if (item.tag === Tag.AttributeName && item.type === ItemType.TextString) attributeName = item.value
    return item
  })
}

function elementTag(name: string, hexTag: string | undefined): number {
  if (name !== anyTag) {
    if (hexTag !== undefined) throw new EncodingError('tag', 'a named element has no attribute tag')
    return parseTag(name)
  }
  if (hexTag === undefined) throw new EncodingError('tag', 'an element TTLV needs its tag')
  return parseTag(hexTag)
}

function writeElement(item: Item, indent: string, attributeName: string | undefined, lines: string[]): void {
  const name = tagName(item.tag)
  const start = name ?? `${anyTag} tag="${hex(item.tag, 6)}"`
  if (item.type !== ItemType.Structure) {
    const value = escaped(formatValue(item, ' ', attributeName))
    lines.push(`${indent}<${start} type="${formatType(item.type)}" value="${value}"/>`)
    return
  }
  if (item.value.length === 0) {
    lines.push(`${indent}<${start}/>`)
    return
  }
  lines.push(`${indent}<${start}>`)
  let sibling: string | undefined
  for (const child of item.value) {
    writeElement(child, `${indent}  `, sibling, lines)
    if (child.tag === Tag.AttributeName && child.type === ItemType.TextString) sibling = child.value
  }
  lines.push(`${indent}</${name ?? anyTag}>`)
}

function escaped(text: string): string {
  if (notXml.test(text)) throw new EncodingError('value', 'XML cannot carry this text')
  return text.replace(/[&<>"\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** Element of a tag that has no name. */
const anyTag = 'TTLV'
const knownAttributes = /^(type|value|tag|name|xmlns(:.*)?|xsi:.*)$/
// oxlint-disable-next-line no-control-regex -- what XML 1.0 leaves out of its characters
const notXml = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/
