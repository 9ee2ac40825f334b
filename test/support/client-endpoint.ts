import { Operation } from '../../src/kmip/generated/enums.ts'
import { Tag } from '../../src/kmip/generated/tags.ts'
import { ItemType } from '../../src/ttlv/item.ts'
import type { Item } from '../../src/ttlv/item.ts'
import { parseItem } from './xml.ts'

/**
 * A client that has taken the server's role: it says which version and operations it has, and keeps the other requests
 * of the server, each of which it answers with success.
 */
export class ClientEndpoint {
  readonly received: Item[] = []
  readonly #version: string
  readonly #operations: readonly string[]
  readonly #waiting: ((request: Item) => void)[] = []

  constructor(version: string, operations: readonly string[]) {
    this.#version = version
    this.#operations = operations
  }

  /** The next Notify or Put that has not been looked at. */
  next(): Promise<Item> {
    const first = this.received.shift()
    if (first !== undefined) return Promise.resolve(first)
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  answer(request: Item): Item {
    const operation = valueOf(find(request, Tag.Operation))
    const name = Object.entries(Operation).find(([, code]) => code === operation)![0]
    if (name === 'Notify' || name === 'Put') {
      const waiting = this.#waiting.shift()
      if (waiting === undefined) this.received.push(request)
      else waiting(request)
    }
    const major = valueOf(find(request, Tag.ProtocolVersionMajor))
    const minor = valueOf(find(request, Tag.ProtocolVersionMinor))
    return parseItem(`
      <ResponseMessage>
        <ResponseHeader>${versionXml(String(major), String(minor))}
          <TimeStamp type="DateTime" value="2026-11-23T12:00:00+00:00"/>
          <BatchCount type="Integer" value="1"/>
        </ResponseHeader>
        <BatchItem>
          <Operation type="Enumeration" value="${name}"/>
          <ResultStatus type="Enumeration" value="Success"/>
          <ResponsePayload>${this.#payload(name)}</ResponsePayload>
        </BatchItem>
      </ResponseMessage>`)
  }

  #payload(operation: string): string {
    const [major = '', minor = ''] = this.#version.split('.')
    if (operation === 'DiscoverVersions') return versionXml(major, minor)
    if (operation === 'SetEndpointRole') return '<EndpointRole type="Enumeration" value="Client"/>'
    if (operation !== 'Query') return ''
    return this.#operations.map((name) => `<Operation type="Enumeration" value="${name}"/>`).join('')
  }
}

/** The first item under a tag, however deep. */
export function find(item: Item, tag: number): Item | undefined {
  if (item.tag === tag) return item
  if (item.type !== ItemType.Structure) return undefined
  for (const child of item.value) {
    const found = find(child, tag)
    if (found !== undefined) return found
  }
  return undefined
}

function valueOf(item: Item | undefined): unknown {
  return item?.value
}

function versionXml(major: string, minor: string): string {
  return `<ProtocolVersion><ProtocolVersionMajor type="Integer" value="${major}"/>
    <ProtocolVersionMinor type="Integer" value="${minor}"/></ProtocolVersion>`
}
