import { X509Certificate } from 'node:crypto'
import { expect, test } from 'vitest'
import { Tag } from '../../src/kmip/generated/tags.ts'
import { decodeItem } from '../../src/ttlv/item.ts'
import type { Item } from '../../src/ttlv/item.ts'
import { encodeItem } from '../../src/ttlv/writer.ts'
import { find } from '../support/client-endpoint.ts'
import { alice, testEngine } from '../support/engine.ts'
import { item, request } from '../support/xml.ts'

test.for([
  ['the largest possible date', '0x7fffffffffffffff'],
  ['the first second that no certificate can name', '0x0000003afff44180'],
  ['a date after the end of its authority', '9000-01-01T00:00:00Z'],
] as const)('a certificate until %s ends with its authority', async ([, date]) => {
  const { engine } = testEngine()
  const common = '<CryptographicAlgorithm type="Enumeration" value="ECDSA"/><CryptographicLength type="Integer" value="256"/>'
  const type = '<CertificateType type="Enumeration" value="X_509"/>'
  const dates = `<DeactivationDate type="DateTime" value="${date}"/>`
  const authority = '<Name><NameValue type="TextString" value="keyward-authority"/></Name>'
  const message = request('2.1', [
    item('CreateKeyPair', `<CommonAttributes>${common}</CommonAttributes>`),
    item('Locate', '<Attributes><ObjectType type="Enumeration" value="PublicKey"/></Attributes>'),
    item('Certify', `<Attributes>${type}${dates}</Attributes>`), item('Get'),
    item('Locate', `<Attributes>${authority}</Attributes>`), item('Get'),
  ])
  const answer = decodeItem((await engine.process(encodeItem(message), alice)).bytes)
  const [own, issuers] = (answer.value as Item[]).map((each) => find(each, Tag.CertificateValue)?.value)
    .filter((value) => value !== undefined).map((value) => new X509Certificate(value as Buffer).validTo)
  expect(issuers).toMatch(/GMT$/)
  expect(own).toBe(issuers)
})
