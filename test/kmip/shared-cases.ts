import { globSync, readFileSync } from 'node:fs'
import { parseElements } from '../../src/kmip/xml-element.ts'
import type { XmlElement } from '../../src/kmip/xml-element.ts'

/** The published cases of the OASIS committee, where this checkout has them beside it. */
export const casesFolder = new URL('../../../shared/kmip-profiles/', import.meta.url).pathname

/** Paths below the folder; none when the folder is absent. KMIP 3.0 is another encoding and stays out. */
export function casePaths(): string[] {
  return globSync('[12].*/*/*.xml', { cwd: casesFolder }).toSorted()
}

/** The messages of a case, with each placeholder replaced by some value of its type. */
export function caseMessages(path: string): XmlElement[] {
  const text = readFileSync(casesFolder + path, 'utf8')
  return parseElements(text, { lengthMax: 16 * 1024 * 1024, depthMax: 40 }, () => {}).children.map(filledIn)
}

function filledIn(element: XmlElement): XmlElement {
  const { type, value } = element.attributes
  const children = element.children.map(filledIn)
  if (value === undefined || type === undefined || !value.startsWith('$')) return { ...element, children }
  return { ...element, children, attributes: { ...element.attributes, value: samples[type] ?? value } }
}

const samples: Readonly<Record<string, string>> = {
  ByteString: 'c0ffee', DateTime: '2026-11-23T12:00:00+00:00', TextString: '$UNIQUE_IDENTIFIER_0',
}
