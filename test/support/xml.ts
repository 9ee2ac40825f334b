import { decodeXml } from '../../src/kmip/xml.ts'
import type { Item } from '../../src/ttlv/item.ts'

/** One item written as the published cases write it. */
export function parseItem(xml: string): Item {
  return decodeXml(xml)
}

/**
 * A request message with the batch items of `items`, in XML; those of several are numbered.
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
      ${list.map((item, index) => `<BatchItem>${item}${list.length > 1 ? numbered(item, index) : ''}</BatchItem>`).join('')}
    </RequestMessage>`)
}

/** The Unique Batch Item ID of one that has none. */
function numbered(item: string, index: number): string {
  const id = Buffer.from([index]).toString('hex')
  return item.includes('UniqueBatchItemID') ? '' : `<UniqueBatchItemID type="ByteString" value="${id}"/>`
}

/** A batch item of an operation with this payload, in XML. */
export function item(operation: string, payload = ''): string {
  return `<Operation type="Enumeration" value="${operation}"/><RequestPayload>${payload}</RequestPayload>`
}
