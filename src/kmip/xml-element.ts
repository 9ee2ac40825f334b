import { SaxesParser } from 'saxes'
import { EncodingError } from './text-value.ts'
import type { TextLimits } from './text-value.ts'

/** One element of the XML encoding, not yet interpreted. */
export interface XmlElement {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly XmlElement[]
}

/**
 * Parses a document into its elements. Document types, and with them entities of one's own,
 * processing instructions and CDATA are refused. Comments are skipped.
 *
 * @param onText takes the text between elements, and how many elements stand before it in their parent.
 *   Without it such text is refused; old published cases have it.
 * @throws EncodingError
 */
export function parseElements(
  text: string, limits: TextLimits, onText?: (text: string, index: number) => void,
): XmlElement {
  if (text.length > limits.lengthMax) throw new EncodingError('size', 'the text is too long')
  const parser = new SaxesParser({ xmlns: false, position: false })
  const open: { name: string, attributes: Record<string, string>, children: XmlElement[] }[] = []
  let root: XmlElement | undefined
  const refuse = (what: string) => () => {
    throw new EncodingError('syntax', `${what} is not allowed`)
  }
  parser.on('doctype', refuse('a document type'))
  parser.on('processinginstruction', refuse('a processing instruction'))
  parser.on('cdata', refuse('CDATA'))
  parser.on('text', (content) => {
    if (!/\S/.test(content)) return
    if (onText === undefined) refuse('text between elements')()
    else onText(content, open.at(-1)?.children.length ?? 0)
  })
  let attributesLeft = 0
  parser.on('opentagstart', () => {
    attributesLeft = attributesMax
  })
  parser.on('attribute', () => {
    attributesLeft -= 1
    if (attributesLeft < 0) throw new EncodingError('syntax', 'an element has too many attributes')
  })
  let left = limits.itemsMax ?? Infinity
  parser.on('opentag', ({ name, attributes }) => {
    left -= 1
    if (left < 0) throw new EncodingError('size', 'there are too many elements')
    // As in the other encodings, only structures count.
    const isStructure = attributes['type'] === undefined || attributes['type'] === 'Structure'
    const depthMax = isStructure ? limits.depthMax : limits.depthMax + 1
    if (open.length >= depthMax) throw new EncodingError('depth', 'elements are nested too deep')
    const element = { name, attributes, children: [] }
    if (open.length > 0) open.at(-1)!.children.push(element)
    else root = element
    open.push(element)
  })
  parser.on('closetag', () => {
    open.pop()
  })
  parser.on('error', () => {
    // The parser's own message quotes the text, which may hold key material.
    throw new EncodingError('syntax', 'the text is not well-formed XML')
  })
  parser.write(text).close()
  if (root === undefined) throw new EncodingError('syntax', 'there is no element')
  return root
}

/** Twice as many as any element of a message has. */
const attributesMax = 8
