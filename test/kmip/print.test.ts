import { describe, expect, it } from 'vitest'
import { Tag } from '../../src/kmip/generated/tags.ts'
import { printItem } from '../../src/kmip/print.ts'
import { decodeXml } from '../../src/kmip/xml.ts'
import { ItemType } from '../../src/ttlv/item.ts'

const message = decodeXml(`<RequestPayload>
  <ObjectType type="Enumeration" value="SymmetricKey"/>
  <Attribute>
    <AttributeName type="TextString" value="State"/>
    <AttributeValue type="Enumeration" value="Active"/>
  </Attribute>
  <Attribute>
    <AttributeName type="TextString" value="x-secret"/>
    <AttributeValue type="TextString" value="hunter2"/>
  </Attribute>
  <KeyValue>
    <KeyMaterial type="ByteString" value="c0ffee"/>
  </KeyValue>
  <Data type="ByteString" value="c0ffee"/>
  <Password type="TextString" value="hunter2"/>
  <Comment type="TextString" value="two&#10;lines"/>
  <TTLV tag="0x540001" type="TextString" value="hunter2"/>
  <CorrelationValue type="ByteString" value=""/>
</RequestPayload>`)

describe('print', () => {
  it('shows the message and leaves the secrets out', () => {
    expect(printItem(message)).toBe(`RequestPayload
  ObjectType Enumeration SymmetricKey
  Attribute
    AttributeName TextString "State"
    AttributeValue Enumeration Active
  Attribute
    AttributeName TextString "x-secret"
    AttributeValue [redacted]
  KeyValue [redacted]
  Data [redacted]
  Password [redacted]
  Comment TextString "two\\nlines"
  0x540001 [redacted]
  CorrelationValue ByteString`)
  })

  it('shows everything where that is asked for', () => {
    const text = printItem(message, { secrets: true })
    expect(text).toContain('KeyMaterial ByteString c0ffee')
    expect(text).toContain('0x540001 TextString "hunter2"')
  })

  it.each(['KeyMaterial', 'Password', 'PrivateExponent', 'OpaqueDataValue', 'TicketValue'] as const)(
    'never shows %s, wherever it stands', (name) => {
      const value = Buffer.from('hunter2')
      const secret = { tag: Tag[name], type: ItemType.ByteString, value } as const
      const item = { tag: Tag.ResponsePayload, type: ItemType.Structure, value: [secret] } as const
      expect(printItem(item)).toBe(`ResponsePayload\n  ${name} [redacted]`)
    },
  )
})
