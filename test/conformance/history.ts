import {
  CryptographicAlgorithm, Operation, PaddingMethod, ResultStatus,
} from '../../src/kmip/generated/enums.ts'
import { Tag } from '../../src/kmip/generated/tags.ts'
import { tagOfAttributeName } from '../../src/kmip/names.ts'
import { ItemType } from '../../src/ttlv/item.ts'
import type { Item } from '../../src/ttlv/item.ts'

/** What a conversation has done so far, as far as it decides which values may vary. */
export class History {
  /** Unique Identifiers of objects whose material the server chose. */
  readonly #generated: Set<string>
  /** The request that made an object. */
  readonly #origins = new Map<string, Item>()
  /** `tag=seconds` of the dates that requests have set. */
  readonly #datesSent = new Set<string>()
  readonly #textsSent = new Set<string>()

  /** @param generated of all conversations of a run: some go on with the objects of another one */
  constructor(generated: Set<string> = new Set()) {
    this.#generated = generated
  }

  /** Takes note of a request before it is sent. */
  sent(request: Item): void {
    for (const { item, tag } of walk(request)) {
      if (item.type === ItemType.DateTime) this.#datesSent.add(`${tag}=${item.value}`)
      if (item.type === ItemType.TextString) this.#textsSent.add(item.value)
    }
  }

  /** Takes note of the answer to a request. */
  answered(request: Item, response: Item): void {
    const asked = childrenOf(request, Tag.BatchItem)
    childrenOf(response, Tag.BatchItem).forEach((answer, index) => {
      const question = asked[index]
      if (question === undefined || numberAt(answer, Tag.ResultStatus) !== ResultStatus.Success) return
      this.#made(question, answer)
    })
  }

  /** Unique Identifiers of all objects that were made. */
  made(): string[] {
    return [...this.#origins.keys()]
  }

  /** Whether the server chose the material of the object that this payload is about. */
  isGenerated(uniqueIdentifier: string | undefined): boolean {
    return uniqueIdentifier !== undefined && this.#generated.has(uniqueIdentifier)
  }

  /** Whether a request has set this date as this attribute. */
  dateWasSent(tag: number, seconds: number): boolean {
    return this.#datesSent.has(`${tag}=${seconds}`)
  }

  textWasSent(text: string): boolean {
    return this.#textsSent.has(text)
  }

  /** Whether the same operation with the same input may give another output each time. */
  isVariable(question: Item, uniqueIdentifier: string | undefined): boolean {
    if (uniqueIdentifier === undefined) return numberAt(question, Tag.Operation) === Operation.RNGRetrieve
    if (this.#generated.has(uniqueIdentifier)) return true
    const origin = this.#origins.get(uniqueIdentifier)
    const both = origin === undefined ? [question] : [question, origin]
    const paddings = both.flatMap((item) => numbersUnder(item, Tag.PaddingMethod))
    const algorithms = both.flatMap((item) => numbersUnder(item, Tag.CryptographicAlgorithm))
    switch (numberAt(question, Tag.Operation)) {
      case Operation.Sign:
        return paddings.includes(PaddingMethod.PSS) || algorithms.some((algorithm) => randomised.has(algorithm))
      case Operation.Encrypt:
        return algorithms.includes(CryptographicAlgorithm.RSA)
      default:
        return false
    }
  }

  /** Unique Identifiers below the structures of a tag. */
  identifiersUnder(item: Item, tag: number): string[] {
    return [...walk(item)].filter((entry) => entry.tag === tag)
      .flatMap((entry) => textsUnder(entry.item, Tag.UniqueIdentifier))
  }

  #made(question: Item, answer: Item): void {
    const payload = childrenOf(answer, Tag.ResponsePayload)[0]
    if (payload === undefined) return
    const operation = numberAt(question, Tag.Operation)
    const sources = [...textsUnder(question, Tag.UniqueIdentifier)]
    const inherits = operation === Operation.DeriveKey || operation === Operation.JoinSplitKey
    const generates = generating.has(operation ?? 0) || (inherits && sources.some((source) => this.isGenerated(source)))
    if (!generates && operation !== Operation.Register && operation !== Operation.Import) return
    for (const tag of [Tag.UniqueIdentifier, Tag.PrivateKeyUniqueIdentifier, Tag.PublicKeyUniqueIdentifier]) {
      for (const identifier of textsUnder(payload, tag)) {
        this.#origins.set(identifier, question)
        if (generates) this.#generated.add(identifier)
      }
    }
  }
}

export function childrenOf(item: Item, tag: number): Item[] {
  return item.type === ItemType.Structure ? item.value.filter((child) => child.tag === tag) : []
}

export function numberAt(item: Item, tag: number): number | undefined {
  const child = childrenOf(item, tag)[0]
  return typeof child?.value === 'number' ? child.value : undefined
}

/** The Unique Identifier directly in a payload, or in the Attributes structure of it. */
export function uniqueIdentifierOf(payload: Item): string | undefined {
  const child = childrenOf(payload, Tag.UniqueIdentifier)[0]
  return child?.type === ItemType.TextString ? child.value : undefined
}

export function hasUnder(item: Item, tag: number): boolean {
  return [...walk(item)].some((entry) => entry.tag === tag)
}

/** Every value item below, with the tag that says what it is: for an Attribute Value, its attribute's. */
function* walk(item: Item, sibling?: number): Generator<{ item: Item, tag: number }> {
  yield { item, tag: item.tag === Tag.AttributeValue && sibling !== undefined ? sibling : item.tag }
  if (item.type !== ItemType.Structure) return
  let attribute: number | undefined
  for (const child of item.value) {
    if (child.tag === Tag.AttributeName) attribute = tagOfAttributeName(String(child.value))
    yield* walk(child, attribute)
  }
}

function numbersUnder(item: Item, tag: number): number[] {
  return [...walk(item)].flatMap((entry) => {
    return entry.tag === tag && typeof entry.item.value === 'number' ? [entry.item.value] : []
  })
}

function textsUnder(item: Item, tag: number): string[] {
  return [...walk(item)].flatMap((entry) => {
    return entry.tag === tag && entry.item.type === ItemType.TextString ? [entry.item.value] : []
  })
}

const generating: ReadonlySet<number> = new Set([
  Operation.Create, Operation.CreateKeyPair, Operation.ReKey, Operation.ReKeyKeyPair, Operation.CreateSplitKey,
  Operation.Certify, Operation.ReCertify,
])
const randomised: ReadonlySet<number> = new Set([
  CryptographicAlgorithm.DSA, CryptographicAlgorithm.ECDSA, CryptographicAlgorithm.EC, CryptographicAlgorithm.ECDH,
  CryptographicAlgorithm.SM2,
])
