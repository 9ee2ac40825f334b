import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { ObjectType, enumerations } from '../../src/kmip/generated/enums.ts'
import { Tag } from '../../src/kmip/generated/tags.ts'
import { printItem } from '../../src/kmip/print.ts'
import { decodeItem } from '../../src/ttlv/item.ts'
import { encodeItem } from '../../src/ttlv/writer.ts'
import { ClientEndpoint, find } from '../support/client-endpoint.ts'
import { alice, testEngine } from '../support/engine.ts'
import { item, request } from '../support/xml.ts'

/** What a version does not know is not shown to who speaks it: types of objects, and values of enumerations. */

const spoken = ['1.0', '1.1', '1.2', '1.3', '1.4', '2.0', '2.1'] as const
const { engine } = testEngine()

const create = item('Create', `<ObjectType type="Enumeration" value="SymmetricKey"/><Attributes>
  <CryptographicAlgorithm type="Enumeration" value="AES"/><CryptographicLength type="Integer" value="128"/>
  <CryptographicUsageMask type="Integer" value="Encrypt"/></Attributes>`)
/** As the certificates' and requests' own conversations have them. */
const certificateRequest = valueIn('certify', 'CertificateRequestValue')
const certificate = `<Certificate><CertificateType type="Enumeration" value="X_509"/>
  <CertificateValue type="ByteString" value="${valueIn('register', 'CertificateValue')}"/></Certificate>`

/** One object of every type, made in a version that has it, with its name as its type. */
const made: Readonly<Record<string, { version: string, object: string, attributes?: string }>> = {
  Certificate: { version: '2.1', object: certificate },
  SymmetricKey: { version: '2.1', object: keyOf('SymmetricKey', 'Raw', '00'.repeat(16), 'AES', 128) },
  PublicKey: { version: '2.1', object: keyOf('PublicKey', 'Raw', 'ab', 'DH', 8) },
  PrivateKey: { version: '2.1', object: keyOf('PrivateKey', 'Raw', 'ab', 'DH', 8) },
  SplitKey: {
    version: '2.1',
    object: `<SplitKey><SplitKeyParts type="Integer" value="2"/><KeyPartIdentifier type="Integer" value="1"/>
      <SplitKeyThreshold type="Integer" value="2"/><SplitKeyMethod type="Enumeration" value="XOR"/>
      ${blockOf('Raw', '00'.repeat(16), 'AES', 128)}</SplitKey>`,
  },
  Template: {
    version: '1.4', object: `<Template><Attribute><AttributeName type="TextString" value="Cryptographic Length"/>
      <AttributeValue type="Integer" value="128"/></Attribute></Template>`,
  },
  SecretData: {
    version: '2.1', object: `<SecretData><SecretDataType type="Enumeration" value="Password"/>
      ${blockOf('Opaque', '70')}</SecretData>`,
  },
  OpaqueObject: {
    version: '2.1', object: `<OpaqueObject><OpaqueDataType type="Enumeration" value="0x80000001"/>
      <OpaqueDataValue type="ByteString" value="00"/></OpaqueObject>`,
  },
  PGPKey: { version: '1.4', object: `<PGPKey><PGPKeyVersion type="Integer" value="4"/>${blockOf('Raw', '990102')}</PGPKey>` },
  CertificateRequest: {
    version: '2.1', object: `<CertificateRequest><CertificateRequestType type="Enumeration" value="PKCS_10"/>
      <CertificateRequestValue type="ByteString" value="${certificateRequest}"/></CertificateRequest>`,
  },
}
const types = Object.keys(ObjectType)
const ids = new Map<string, string>()

beforeAll(async () => {
  for (const [type, { version, object }] of Object.entries(made)) {
    const answer = await say(version, item('Register', `<ObjectType type="Enumeration" value="${type}"/>
      ${namedAs(version, type)}${object}`))
    ids.set(type, identifierIn(answer))
  }
})

test('there is an object of every type', () => {
  expect(Object.keys(made).toSorted()).toEqual(types.toSorted())
})

describe.for(types)('%s', (type) => {
  test.for(spoken)('in %s', async (version) => {
    const isKnown = knows(version, 'ObjectType', type)
    const of = `<UniqueIdentifier type="TextString" value="${ids.get(type)!}"/>`
    const name = `<NameValue type="TextString" value="${type}"/><NameType type="Enumeration" value="UninterpretedTextString"/>`
    const filter = version.startsWith('1') ? `<Attribute><AttributeName type="TextString" value="Name"/>
      <AttributeValue>${name}</AttributeValue></Attribute>` : `<Attributes><Name>${name}</Name></Attributes>`
    const readers = ['Get', 'GetAttributes', 'GetAttributeList', ...(version >= '1.4' ? ['Export'] : [])]
    for (const operation of readers) {
      const answer = await say(version, item(operation, of))
      expect(answer, operation).toMatch(isKnown ? /ResultStatus Enumeration Success/ : /(Object|Item)NotFound/)
    }
    const found = await say(version, item('Locate', filter))
    expect(found.includes(ids.get(type)!)).toBe(isKnown)
    const offered = await say(version, item('Query', '<QueryFunction type="Enumeration" value="QueryObjects"/>'))
    expect(offered.includes(`ObjectType Enumeration ${type}\n`) || offered.endsWith(`Enumeration ${type}`)).toBe(isKnown)
    // What is not there cannot be made, changed or destroyed either.
    if (isKnown) return
    const again = await say(version, item('Register', `<ObjectType type="Enumeration" value="${type}"/>
      ${namedAs(version, 'another')}${made[type]!.object}`))
    expect(again).toContain('OperationFailed')
    for (const operation of ['Destroy', 'Archive']) expect(await say(version, item(operation, of))).toMatch(/NotFound/)
  })

  test('is told of to who speaks a version that has it, and to no one else', async () => {
    const { engine: own } = testEngine()
    const clients = await Promise.all(spoken.map(async (version) => {
      const client = new ClientEndpoint(version, ['Notify', 'Put'])
      const role = item('SetEndpointRole', '<EndpointRole type="Enumeration" value="Client"/>')
      const { reverse } = await own.process(encodeItem(request('2.1', role)), alice)
      const endpoint = reverse!({
        send: (message) => setImmediate(() => endpoint.receive(encodeItem(client.answer(decodeItem(message))))),
        settle() {}, restore() {}, close() {},
      })
      await endpoint.start()
      return [version, client] as const
    }))
    const { version, object } = made[type]!
    const register = item('Register', `<ObjectType type="Enumeration" value="${type}"/>${namedAs(version, type)}${object}`)
    const id = identifierIn(await say(version, register, own))
    const key = identifierIn(await say('2.1', create, own))
    for (const [spokenThere, client] of clients) {
      const told = find(await client.next(), Tag.UniqueIdentifier)?.value
      expect(told, spokenThere).toBe(knows(spokenThere, 'ObjectType', type) ? id : key)
    }
  })
})

const values = [
  ['CryptographicAlgorithm', 'SM4', 'Cryptographic Algorithm', '<CryptographicAlgorithm type="Enumeration" value="SM4"/>'],
  ['HashingAlgorithm', 'SHA3_256', 'Cryptographic Parameters', `<CryptographicParameters>
    <BlockCipherMode type="Enumeration" value="CBC"/><HashingAlgorithm type="Enumeration" value="SHA3_256"/>
    </CryptographicParameters>`],
  ['LinkType', 'ParentLink', 'Link', `<Link><LinkType type="Enumeration" value="ParentLink"/>
    <LinkedObjectIdentifier type="TextString" value="other"/></Link>`],
] as const

describe.for(values)('a value of %s that not all versions have: %s', ([enumeration, value, attributeName, attribute]) => {
  test.for(spoken)('in %s', async (version) => {
    const { engine: own } = testEngine()
    const algorithm = attribute.includes('SM4') ? '' : '<CryptographicAlgorithm type="Enumeration" value="SM4"/>'
    const answer = await say('2.1', item('Create', `<ObjectType type="Enumeration" value="SymmetricKey"/><Attributes>
      ${algorithm}${attribute}<CryptographicLength type="Integer" value="128"/>
      <CryptographicUsageMask type="Integer" value="Encrypt Unrestricted"/></Attributes>`), own)
    const of = `<UniqueIdentifier type="TextString" value="${identifierIn(answer)}"/>`
    const isKnown = knows(version, enumeration, value)
    const [attributes, list, given] = await Promise.all(
      ['GetAttributes', 'GetAttributeList', 'Get'].map((operation) => say(version, item(operation, of), own)))
    expect(attributes!.includes(value)).toBe(isKnown)
    // A structure that can be without the value is still there.
    const isListed = isKnown || enumeration === 'HashingAlgorithm'
    const listed = version.startsWith('1') ? `"${attributeName}"` : `Enumeration ${attributeName.replaceAll(' ', '')}`
    expect(list!.includes(listed)).toBe(isListed)
    expect(given!.includes('CryptographicAlgorithm')).toBe(knows(version, 'CryptographicAlgorithm', 'SM4'))
    expect(given!).toContain('KeyMaterial')
    // Bits of a mask go one by one.
    expect(attributes!).toMatch(version < '2' ? /Integer (Encrypt|4)\n/ : /Integer (Encrypt.Unrestricted)\n/)
  })
})

test('what a client has asked for by a value that its version has not is repeated to it', async () => {
  expect(await say('1.0', item('Encrypt'))).toMatch(/Operation Enumeration Encrypt\s+ResultStatus Enumeration OperationFailed/)
})

async function say(version: string, payload: string, on = engine): Promise<string> {
  const { bytes } = await on.process(encodeItem(request(version, payload)), alice)
  return printItem(decodeItem(bytes), { secrets: true })
}

/** @throws Error with the answer, when it names no object */
function identifierIn(answer: string): string {
  const id = /UniqueIdentifier TextString "([^"]+)"/.exec(answer)?.[1]
  if (id === undefined) throw new Error(answer)
  return id
}

function knows(version: string, enumeration: string, value: string): boolean {
  const { since, removedIn } = enumerations[enumeration]!
  return version >= (since[value] ?? '1.0') && version < (removedIn[value] ?? '9')
}

/** With a usage mask, which most types need. */
function namedAs(version: string, name: string): string {
  const value = `<NameValue type="TextString" value="${name}"/><NameType type="Enumeration" value="UninterpretedTextString"/>`
  const isUsed = !['Template', 'OpaqueObject', 'CertificateRequest'].includes(name)
  if (version.startsWith('2')) {
    const mask = isUsed ? '<CryptographicUsageMask type="Integer" value="Verify"/>' : ''
    return `<Attributes>${mask}<Name>${value}</Name></Attributes>`
  }
  const mask = `<Attribute><AttributeName type="TextString" value="Cryptographic Usage Mask"/>
    <AttributeValue type="Integer" value="Verify"/></Attribute>`
  return `<TemplateAttribute>${isUsed ? mask : ''}<Attribute><AttributeName type="TextString" value="Name"/>
    <AttributeValue>${value}</AttributeValue></Attribute></TemplateAttribute>`
}

function valueIn(conversation: string, tag: string): string {
  const text = readFileSync(new URL(`../../fixtures/conversation/${conversation}.xml`, import.meta.url), 'utf8')
  return new RegExp(`<${tag} type="ByteString" value="(30[0-9a-f]+)"/>`).exec(text)![1]!
}

function keyOf(type: string, format: string, material: string, algorithm: string, length: number): string {
  return `<${type}>${blockOf(format, material, algorithm, length)}</${type}>`
}

function blockOf(format: string, material: string, algorithm = '', length = 0): string {
  const rest = algorithm === '' ? '' : `<CryptographicAlgorithm type="Enumeration" value="${algorithm}"/>
    <CryptographicLength type="Integer" value="${length}"/>`
  return `<KeyBlock><KeyFormatType type="Enumeration" value="${format}"/><KeyValue>
    <KeyMaterial type="ByteString" value="${material}"/></KeyValue>${rest}</KeyBlock>`
}
