import { randomBytes, randomUUID } from 'node:crypto'
import { Tag } from '../../src/kmip/generated/tags.ts'
import { formatValue, parseTag, parseType, parseValue } from '../../src/kmip/text-value.ts'
import type { ValueItem } from '../../src/kmip/text-value.ts'
import { decodeElement } from '../../src/kmip/xml.ts'
import type { XmlElement } from '../../src/kmip/xml-element.ts'
import { ItemType } from '../../src/ttlv/item.ts'
import type { Item } from '../../src/ttlv/item.ts'

/** The values of a conversation's placeholders: bound at first sight in an answer, the same ever after. */
export class Bindings {
  /** Seconds since 1970-01-01 UTC: `$NOW`. */
  readonly now: number
  readonly #values = new Map<string, string>()
  /** The last value that the server sent under each tag, as XML writes it. */
  readonly #received = new Map<number, string>()

  constructor(now: number) {
    this.now = now
  }

  /** For an answer that may turn out not to be the listed one. */
  copy(): Bindings {
    const copy = new Bindings(this.now)
    for (const [placeholder, value] of this.#values) copy.#values.set(placeholder, value)
    for (const [tag, value] of this.#received) copy.#received.set(tag, value)
    return copy
  }

  /** The request to send: its placeholders replaced. @throws Error when one has no value yet */
  request(element: XmlElement): Item {
    return decodeElement(this.#resolved(element))
  }

  value(placeholder: string): string | undefined {
    return this.#values.get(placeholder)
  }

  /** Unique Identifiers that the conversation knows. */
  identifiers(): string[] {
    const bound = [...this.#values].filter(([placeholder]) => placeholder.startsWith('$UNIQUE_IDENTIFIER'))
    return bound.map(([, value]) => value)
  }

  bind(placeholder: string, item: ValueItem): void {
    this.#values.set(placeholder, formatValue(item, ' '))
  }

  /** Remembers what the server sent, for placeholders that are used before any answer shows them. */
  received(item: Item): void {
    if (item.type === ItemType.Structure) item.value.forEach((child) => this.received(child))
    else this.#received.set(item.tag, formatValue(item, ' '))
  }

  /** Seconds that `$NOW`, `$NOW+60` or `$NOW-60` stands for. */
  date(placeholder: string): number | undefined {
    const offset = /^\$NOW([+-]\d+)?$/.exec(placeholder)
    return offset === null ? undefined : this.now + Number(offset[1] ?? 0)
  }

  #resolved(element: XmlElement): XmlElement {
    const { type, value } = element.attributes
    const children = element.children.map((child) => this.#resolved(child))
    if (type === undefined || value === undefined || !isPlaceholder(value)) return { ...element, children }
    return { ...element, children, attributes: { ...element.attributes, value: this.#valueFor(element.name, value) } }
  }

  #valueFor(tagName: string, placeholder: string): string {
    const date = this.date(placeholder)
    if (date !== undefined) return `0x${BigInt.asUintN(64, BigInt(date)).toString(16).padStart(16, '0')}`
    const known = this.#values.get(placeholder) ?? this.#fresh(placeholder) ?? this.#received.get(parseTag(tagName))
    if (known === undefined) throw new Error(`${placeholder} has no value yet`)
    this.#values.set(placeholder, known)
    return known
  }

  /** Identifiers that the client chooses at random. */
  #fresh(placeholder: string): string | undefined {
    if (placeholder.startsWith('$SHORT_UNIQUE_IDENTIFIER_RANDOM')) return randomBytes(32).toString('hex')
    return placeholder.startsWith('$UNIQUE_IDENTIFIER_RANDOM') ? randomUUID() : undefined
  }
}

export function isPlaceholder(value: string): boolean {
  return /^\$[A-Z]/.test(value)
}

/** The item that a listed element without placeholder stands for. */
export function literalItem(element: XmlElement, attributeName: string | undefined): ValueItem {
  const { type, value, tag } = element.attributes
  return parseValue(parseTag(tag ?? element.name), parseType(type!), value ?? '', attributeName)
}

/** Tag of a listed element. */
export function tagOf(element: XmlElement): number {
  return parseTag(element.attributes['tag'] ?? element.name)
}

/** The Attribute Name among the children of a listed structure, or of a received one. */
export function attributeNameOf(children: readonly (XmlElement | Item)[]): string | undefined {
  for (const child of children) {
    if ('attributes' in child ? child.name === 'AttributeName' : child.tag === Tag.AttributeName) {
      return 'attributes' in child ? child.attributes['value'] : String(child.value)
    }
  }
  return undefined
}
