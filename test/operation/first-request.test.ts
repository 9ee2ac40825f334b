import { expect, it } from 'vitest'
import { printItem } from '../../src/kmip/print.ts'
import { decodeItem } from '../../src/ttlv/item.ts'
import { encodeItem } from '../../src/ttlv/writer.ts'
import { alice, testEngine } from '../support/engine.ts'
import { item, request } from '../support/xml.ts'

it('an empty text is no Unique Identifier either for who asks first', async () => {
  const { engine } = testEngine()
  const opaque = `<UniqueIdentifier type="TextString" value=""/><Attributes/><OpaqueObject>
    <OpaqueDataType type="Enumeration" value="0x80000001"/><OpaqueDataValue type="ByteString" value="00"/></OpaqueObject>`
  const { bytes } = await engine.process(encodeItem(request('2.1', item('Import', opaque))), alice)
  expect(printItem(decodeItem(bytes))).toContain('InvalidField')
})
