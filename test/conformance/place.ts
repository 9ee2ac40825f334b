import { KeyFormatType, Operation } from '../../src/kmip/generated/enums.ts'
import { Tag } from '../../src/kmip/generated/tags.ts'
import type { XmlElement } from '../../src/kmip/xml-element.ts'
import { ItemType } from '../../src/ttlv/item.ts'
import type { Item } from '../../src/ttlv/item.ts'
import type { Exchange } from './comparator.ts'
import { childrenOf, hasUnder, numberAt, uniqueIdentifierOf } from './history.ts'

/**
 * Where in an answer a comparison stands, and which variations are permitted there. The comments
 * quote the cases' README.
 */
export class Place {
  readonly #exchange: Exchange
  readonly #structure: Item | undefined
  /** The batch item of the request that the present one answers. */
  readonly #question: Item | undefined
  /** The payload that is open. */
  readonly #payload: Item | undefined
  /** The Key Block that is open, with the format that is listed for it. */
  readonly #keyBlock: KeyBlock | undefined

  constructor(exchange: Exchange, open: Open = {}) {
    this.#exchange = exchange
    this.#structure = open.structure
    this.#question = open.question
    this.#payload = open.payload
    this.#keyBlock = open.keyBlock
  }

  /** The place inside a structure. */
  inside(item: Item, listed: XmlElement): Place {
    const payload = payloads.has(item.tag) ? item : this.#payload
    const keyBlock = item.tag === Tag.KeyBlock ? keyBlockOf(item, listed) : this.#keyBlock
    return new Place(this.#exchange, { structure: item, question: this.#question, payload, keyBlock })
  }

  /** The place of the `count`-th child of a tag: the `count`-th batch item answers the `count`-th question. */
  at(count: number, tag: number): Place {
    if (tag !== Tag.BatchItem) return this
    const question = childrenOf(this.#exchange.request, Tag.BatchItem)[count]
    return new Place(this.#exchange, { structure: this.#structure, question })
  }

  /** Lists below the open structure whose order is open, and whether unlisted members are permitted. */
  unorderedLists(): { readonly tags: readonly number[], readonly mayBeAdded: boolean } | undefined {
    const isPayload = payloads.has(this.#parent)
    switch (this.#operation) {
      case Operation.Query:
        // "Query: ... object types or operations beyond those the profile requires"
        return isPayload ? { tags: [Tag.Operation, Tag.ObjectType], mayBeAdded: true } : undefined
      case Operation.GetAttributeList:
        // "may be added: attributes beyond the listed ones"
        return isPayload ? { tags: [Tag.AttributeName, Tag.AttributeReference], mayBeAdded: true } : undefined
      case Operation.DiscoverVersions:
        // "DiscoverVersions may list more versions if the client named none"
        if (!isPayload || hasUnder(this.#question!, Tag.ProtocolVersion)) return undefined
        return { tags: [Tag.ProtocolVersion], mayBeAdded: true }
      case Operation.GetAttributes:
        // A request that names attributes gets these, in its order.
        return this.#namesAttributes ? undefined : this.#attributeLists(isPayload)
      case Operation.Export:
      case Operation.Notify:
      case Operation.Put:
        return this.#attributeLists(isPayload)
      default:
        return undefined
    }
  }

  /** Whether a received field may stand here that is not listed. */
  mayBeAdded(item: Item): boolean {
    switch (item.tag) {
      case Tag.ResultMessage: // "may be present or absent: ... ResultMessage"
        return this.#parent === Tag.BatchItem
      case Tag.MessageExtension: // "may be added: ... non-critical message extensions"
        return this.#parent === Tag.BatchItem && childrenOf(item, Tag.CriticalityIndicator)[0]?.value === false
      case Tag.AttributeIndex: // "AttributeIndex 0 from 1.1 on"
        return item.value === 0 && this.#mayOmitAttributeIndex
      case Tag.ExtensionInformation: // "Query: extensions, application namespaces"
      case Tag.ApplicationNamespace:
        return this.#isQueryPayload
      default: // "the optional TemplateAttribute of a response"
        return templateAttributes.has(item.tag) && payloads.has(this.#parent)
    }
  }

  /** Whether a listed field may be absent. */
  mayBeAbsent({ name, attributes }: XmlElement): boolean {
    switch (name) {
      case 'ResultMessage':
        return this.#parent === Tag.BatchItem
      case 'AttributeIndex':
        return attributes['value'] === '0' && this.#mayOmitAttributeIndex
      case 'ExtensionInformation':
      case 'ApplicationNamespace':
        return this.#isQueryPayload
      default:
        return /^((Private|Public)Key)?TemplateAttribute$/.test(name) && payloads.has(this.#parent)
    }
  }

  /** Whether the value of a field may be any of its type. */
  isFreeValue(tag: number, listed: Item): boolean {
    switch (tag) {
      case Tag.TimeStamp:
      case Tag.AsynchronousCorrelationValue:
      case Tag.ResultMessage:
        return true
      case Tag.ServerCorrelationValue: // A mark of the server's own, a placeholder in the later cases.
        return this.#parent === Tag.ResponseHeader
      case Tag.UniqueIdentifier:
      case Tag.PrivateKeyUniqueIdentifier:
      case Tag.PublicKeyUniqueIdentifier:
      case Tag.LinkedObjectIdentifier: // But one that the client has chosen is the client's.
        return !this.#exchange.history.textWasSent(String(listed.value))
      case Tag.VendorIdentification:
        return this.#isQueryPayload
      case Tag.KeyFormatType: // "for generated objects KeyFormatType, DigestValue and the digest's HashingAlgorithm"
        return this.#isGenerated && !hasUnder(this.#question!, Tag.KeyFormatType)
      case Tag.DigestValue:
        return this.#isGenerated
      case Tag.HashingAlgorithm:
        return this.#isGenerated && this.#isInDigest
      case Tag.CertificateValue: // The material of a certificate that the server issued.
        return this.#isGenerated
      default:
        return outputs.has(tag) && this.#isVariableOutput
    }
  }

  /** Whether a placeholder stands for another value than before: a stream, a job or a session that begins here. */
  beginsAnew(tag: number): boolean {
    return sessions.has(tag) && this.#question !== undefined && !hasUnder(this.#question, tag)
  }

  /** "the date attributes not fixed by the request" */
  isFreeDate(tag: number, listedSeconds: number): boolean {
    return freeDates.has(tag) && !this.#exchange.history.dateWasSent(tag, listedSeconds)
  }

  /** "key material of server-generated objects and wrapped keys with variable output" */
  isFreeMaterial(tag: number): boolean {
    if (tag === Tag.KeyMaterial) return this.#isGenerated
    return tag === Tag.KeyValue && this.#isWrapped && (this.#isGenerated || this.#isWrappedByGenerated)
  }

  /** Whether the key has the format that is listed; the server may have chosen another one. */
  get hasListedFormat(): boolean {
    return this.#keyBlock?.hasListedFormat === true
  }

  get isRaw(): boolean {
    return this.#keyBlock?.isRaw === true
  }

  #attributeLists(isPayload: boolean): { tags: readonly number[], mayBeAdded: boolean } | undefined {
    if (isPayload) return { tags: [Tag.Attribute], mayBeAdded: true }
    if (this.#parent !== Tag.Attributes || this.#payload === undefined) return undefined
    const attributes = childrenOf(this.#payload, Tag.Attributes)[0]
    const tags = attributes?.type === ItemType.Structure ? attributes.value.map(({ tag }) => tag) : []
    return { tags: [...new Set(tags)], mayBeAdded: true }
  }

  get #parent(): number {
    return this.#structure?.tag ?? 0
  }

  get #operation(): number | undefined {
    return this.#question === undefined ? undefined : numberAt(this.#question, Tag.Operation)
  }

  get #isQueryPayload(): boolean {
    return this.#operation === Operation.Query && payloads.has(this.#parent)
  }

  get #isInDigest(): boolean {
    return this.#structure !== undefined && childrenOf(this.#structure, Tag.DigestValue).length > 0
  }

  get #isGenerated(): boolean {
    return this.#payload !== undefined && this.#exchange.history.isGenerated(uniqueIdentifierOf(this.#payload))
  }

  get #isWrapped(): boolean {
    return this.#question !== undefined && hasUnder(this.#question, Tag.KeyWrappingSpecification)
  }

  get #isWrappedByGenerated(): boolean {
    const { history } = this.#exchange
    return this.#question !== undefined && history.identifiersUnder(this.#question, Tag.EncryptionKeyInformation)
      .some((identifier) => history.isGenerated(identifier))
  }

  get #namesAttributes(): boolean {
    const question = this.#question!
    return hasUnder(question, Tag.AttributeName) || hasUnder(question, Tag.AttributeReference)
  }

  get #mayOmitAttributeIndex(): boolean {
    const header = childrenOf(this.#exchange.request, Tag.RequestHeader)[0]
    const version = header === undefined ? undefined : childrenOf(header, Tag.ProtocolVersion)[0]
    if (version === undefined) return false
    return numberAt(version, Tag.ProtocolVersionMajor) === 1 && (numberAt(version, Tag.ProtocolVersionMinor) ?? 0) >= 1
  }

  /** "when the key is server-generated or the output is inherently variable" */
  get #isVariableOutput(): boolean {
    const { history } = this.#exchange
    if (this.#question === undefined || this.#payload === undefined) return false
    // An initialization vector that the server chose makes all of the output variable.
    const hasOwnIv = hasUnder(this.#payload, Tag.IVCounterNonce) && !hasUnder(this.#question, Tag.IVCounterNonce)
    return hasOwnIv || history.isVariable(this.#question, uniqueIdentifierOf(this.#payload))
  }
}

interface Open {
  readonly structure?: Item | undefined
  readonly question?: Item | undefined
  readonly payload?: Item | undefined
  readonly keyBlock?: KeyBlock | undefined
}

interface KeyBlock {
  readonly hasListedFormat: boolean
  readonly isRaw: boolean
}

function keyBlockOf(item: Item, listed: XmlElement): KeyBlock {
  const format = numberAt(item, Tag.KeyFormatType)
  const listedFormat = listed.children.find(({ name }) => name === 'KeyFormatType')?.attributes['value']
  return {
    hasListedFormat: format === KeyFormatType[listedFormat as keyof typeof KeyFormatType],
    isRaw: format === KeyFormatType.Raw,
  }
}

const payloads: ReadonlySet<number> = new Set([Tag.ResponsePayload, Tag.RequestPayload])
const templateAttributes: ReadonlySet<number> = new Set([
  Tag.TemplateAttribute, Tag.PrivateKeyTemplateAttribute, Tag.PublicKeyTemplateAttribute,
])
const outputs: ReadonlySet<number> = new Set([
  Tag.Data, Tag.SignatureData, Tag.MACData, Tag.IVCounterNonce, Tag.AuthenticatedEncryptionTag,
])
const sessions: ReadonlySet<number> = new Set([
  Tag.CorrelationValue, Tag.AsynchronousCorrelationValue, Tag.TicketValue,
])
const freeDates: ReadonlySet<number> = new Set([
  Tag.ActivationDate, Tag.ArchiveDate, Tag.CompromiseDate, Tag.CompromiseOccurrenceDate, Tag.DeactivationDate,
  Tag.DestroyDate, Tag.InitialDate, Tag.LastChangeDate, Tag.ProcessStartDate, Tag.ProtectStopDate, Tag.ValidityDate,
  Tag.OriginalCreationDate,
])
