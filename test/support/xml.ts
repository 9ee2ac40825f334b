import { decodeXml } from '../../src/kmip/xml.ts'
import type { Item } from '../../src/ttlv/item.ts'

/** One item written as the published cases write it. */
export function parseItem(xml: string): Item {
  return decodeXml(xml)
}

/**
 * A request message with the batch items of `items`, in XML.
 *
 * @param header further fields of the header, which come after the version
 */
export function request(version: string, items: string | readonly string[], header = ''): Item {
  const [major, minor] = version.split('.')
  const list = typeof items === 'string' ? [items] : items
  return parseItem(`
    <RequestMessage>
      <RequestHeader>
        <ProtocolVersion>
          <ProtocolVersionMajor type="Integer" value="${major}"/>
          <ProtocolVersionMinor type="Integer" value="${minor}"/>
        </ProtocolVersion>${header}
        <BatchCount type="Integer" value="${list.length}"/>
      </RequestHeader>
      ${list.map((item) => `<BatchItem>${item}</BatchItem>`).join('')}
    </RequestMessage>`)
}

/** A batch item of an operation with this payload, in XML. */
export function item(operation: string, payload = ''): string {
  return `<Operation type="Enumeration" value="${operation}"/><RequestPayload>${payload}</RequestPayload>`
}
