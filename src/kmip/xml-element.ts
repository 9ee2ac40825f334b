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
 * Parses a document into its elements.
 *
 * @param onText as of `ElementReader`
 * @throws EncodingError
 */
export function parseElements(text: string, limits: TextLimits, onText?: OnText): XmlElement {
  const reader = new ElementReader(limits, onText)
  reader.write(text)
  return reader.end()
}

/** Takes the text between elements, and how many elements stand before it in their parent. */
type OnText = (text: string, index: number) => void

/**
 * Parses a document that comes in pieces. Document types, and with them entities of one's own, processing instructions and
 * CDATA are refused. Comments are skipped.
 */
export class ElementReader {
  readonly #parser = new SaxesParser({ xmlns: false, position: false })
  readonly #open: { name: string, attributes: Record<string, string>, children: XmlElement[] }[] = []
  #root: XmlElement | undefined
  #lengthLeft: number

  /** @param onText without it, text between elements is refused; old published cases have it */
  constructor({ lengthMax, depthMax, itemsMax = Infinity }: TextLimits, onText?: OnText) {
    this.#lengthLeft = lengthMax
    const parser = this.#parser
    parser.on('doctype', refuse('a document type'))
    parser.on('processinginstruction', refuse('a processing instruction'))
    parser.on('cdata', refuse('CDATA'))
    parser.on('text', (content) => {
      if (!/\S/.test(content)) return
      if (onText === undefined) refuse('text between elements')()
      else onText(content, this.#open.at(-1)?.children.length ?? 0)
    })
    let attributesLeft = 0
    parser.on('opentagstart', () => {
      attributesLeft = attributesMax
    })
    parser.on('attribute', () => {
      attributesLeft -= 1
      if (attributesLeft < 0) throw new EncodingError('syntax', 'an element has too many attributes')
    })
    let left = itemsMax
    parser.on('opentag', ({ name, attributes }) => {
      left -= 1
      if (left < 0) throw new EncodingError('size', 'there are too many elements')
      this.#begin({ name, attributes, children: [] }, depthMax)
    })
    parser.on('closetag', () => {
      this.#open.pop()
    })
    parser.on('error', () => {
      // The parser's own message quotes the text, which may hold key material.
      throw new EncodingError('syntax', 'the text is not well-formed XML')
    })
  }

  /** @throws EncodingError for anything that cannot stand there */
  write(piece: string): void {
    this.#lengthLeft -= piece.length
    if (this.#lengthLeft < 0) throw new EncodingError('size', 'the text is too long')
    this.#parser.write(piece)
  }

  /** @throws EncodingError where the document is not whole */
  end(): XmlElement {
    this.#parser.close()
    if (this.#root === undefined) throw new EncodingError('syntax', 'there is no element')
    return this.#root
  }

  #begin(element: { name: string, attributes: Record<string, string>, children: XmlElement[] }, depthMax: number): void {
    // As in the other encodings, only structures count.
    const { type = 'Structure' } = element.attributes
    if (this.#open.length >= (type === 'Structure' ? depthMax : depthMax + 1)) {
      throw new EncodingError('depth', 'elements are nested too deep')
    }
    const parent = this.#open.at(-1)
    if (parent === undefined) this.#root = element
    else parent.children.push(element)
    this.#open.push(element)
  }
}

function refuse(what: string): () => void {
  return () => {
    throw new EncodingError('syntax', `${what} is not allowed`)
  }
}

/** Twice as many as any element of a message has. */
const attributesMax = 8
