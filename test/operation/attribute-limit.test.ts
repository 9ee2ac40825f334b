import { beforeAll, describe, expect, test } from 'vitest'
import { Tag } from '../../src/kmip/generated/tags.ts'
import { printItem } from '../../src/kmip/print.ts'
import { decodeItem } from '../../src/ttlv/item.ts'
import type { Item } from '../../src/ttlv/item.ts'
import { encodeItem } from '../../src/ttlv/writer.ts'
import { alice, testEngine } from '../support/engine.ts'
import { item, request } from '../support/xml.ts'

/** An object has at most 1,024 attributes, whichever operation gives them. */

const { engine } = testEngine()
const ids: Record<string, string> = {}

beforeAll(async () => {
  ids['key'] = (await made('Create', create('DeriveKey Encrypt', '')))[0]!
  const pair = await made('CreateKeyPair', `<CommonAttributes>${rsa}</CommonAttributes>${uses}`)
  ids['private'] = pair[0]!
  ids['public'] = pair[1]!
  ids['certificate'] = (await made('Certify', `${uid('public')}${x509}`))[0]!
  const parts = await made('CreateSplitKey', `${objectType('SplitKey')}${uid('key')}${split}<Attributes/>`)
  ids['part'] = parts[0]!
  ids['other'] = parts[1]!
})

const cases: readonly (readonly [operation: string, payload: (groups: string) => string])[] = [
  ['Create', (groups) => create('Encrypt', groups)],
  ['CreateKeyPair', (groups) => `<CommonAttributes>${rsa}${groups}</CommonAttributes>${uses}`],
  ['Register', (groups) => `${objectType('SymmetricKey')}<Attributes>${mask('Encrypt')}${groups}</Attributes>${material}`],
  ['Import', (groups) => `<UniqueIdentifier type="TextString" value="mine"/>${objectType('SymmetricKey')}
    <ReplaceExisting type="Boolean" value="true"/><Attributes>${mask('Encrypt')}${groups}</Attributes>${material}`],
  ['DeriveKey', (groups) => `${objectType('SymmetricKey')}${uid('key')}
    <DerivationMethod type="Enumeration" value="HASH"/><DerivationParameters>
    <CryptographicParameters><HashingAlgorithm type="Enumeration" value="SHA_256"/></CryptographicParameters>
    </DerivationParameters><Attributes>${aes}${mask('Encrypt')}${groups}</Attributes>`],
  ['CreateSplitKey', (groups) => `${objectType('SplitKey')}${uid('key')}${split}<Attributes>${groups}</Attributes>`],
  ['JoinSplitKey', (groups) => `${objectType('SymmetricKey')}${uid('part')}${uid('other')}
    <Attributes>${mask('Encrypt')}${groups}</Attributes>`],
  ['ReKey', (groups) => `${uid('key')}<Attributes>${groups}</Attributes>`],
  ['ReKeyKeyPair', (groups) => `<PrivateKeyUniqueIdentifier type="TextString" value="${ids['private']}"/>
    <CommonAttributes>${groups}</CommonAttributes>`],
  ['Certify', (groups) => `${uid('public')}${x509.replace('</Attributes>', `${groups}</Attributes>`)}`],
  ['ReCertify', (groups) => `${uid('certificate')}<Attributes>${groups}</Attributes>`],
]

describe('attributes given to a new object', () => {
  test.for(cases)('%s', async ([operation, payload]) => {
    const refused = await say(operation, payload(groups(1_025)))
    expect(printItem(refused)).toContain('ServerLimitExceeded')
    expect(printItem(await say(operation, payload(groups(900))))).toContain('ResultStatus Enumeration Success')
  })

  test('of a custom structure each item counts', async () => {
    expect(printItem(await say('Create', create('Encrypt', custom(1_025))))).toContain('ServerLimitExceeded')
    expect(printItem(await say('Create', create('Encrypt', custom(900))))).toContain('ResultStatus Enumeration Success')
  })
})

describe('attributes given later', () => {
  test.for(['AddAttribute', 'SetAttribute'])('%s', async (operation) => {
    const [id] = await made('Create', create('Encrypt', groups(985)))
    const add = (number: number): Promise<Item> =>
      say(operation, `<UniqueIdentifier type="TextString" value="${id}"/><NewAttribute>
        ${custom(1, `number-${number}`)}</NewAttribute>`)
    const answers: string[] = []
    for (let number = 0; number < 60; number += 1) answers.push(printItem(await add(number)))
    const first = answers.findIndex((answer) => answer.includes('ServerLimitExceeded'))
    expect(first).toBeGreaterThan(0)
    expect(answers.slice(0, first).every((answer) => answer.includes('Success'))).toBe(true)
    expect(answers.slice(first).every((answer) => answer.includes('ServerLimitExceeded'))).toBe(true)
  })

  test('ModifyAttribute', async () => {
    const [id] = await made('Create', create('Encrypt', custom(1)))
    const modify = (count: number): Promise<Item> =>
      say('ModifyAttribute', `<UniqueIdentifier type="TextString" value="${id}"/>
        <CurrentAttribute>${custom(1)}</CurrentAttribute><NewAttribute>${custom(count)}</NewAttribute>`)
    expect(printItem(await modify(1_025))).toContain('ServerLimitExceeded')
    expect(printItem(await modify(900))).toContain('ResultStatus Enumeration Success')
  })
})

async function say(operation: string, payload: string): Promise<Item> {
  const { bytes } = await engine.process(encodeItem(request('2.1', item(operation, payload))), alice)
  return decodeItem(bytes)
}

async function made(operation: string, payload: string): Promise<string[]> {
  const answer = await say(operation, payload)
  const found = allOf(answer, identifierTags)
  expect(found, printItem(answer)).not.toEqual([])
  return found
}

function allOf({ tag, value }: Item, tags: ReadonlySet<number>): string[] {
  if (Array.isArray(value)) return value.flatMap((child) => allOf(child, tags))
  return tags.has(tag) ? [String(value)] : []
}

function create(use: string, more: string): string {
  return `${objectType('SymmetricKey')}<Attributes>${aes}${mask(use)}
    <ActivationDate type="DateTime" value="2001-01-01T00:00:00+00:00"/>${more}</Attributes>`
}

function groups(count: number): string {
  return Array.from({ length: count }, (_, number) => `<ObjectGroup type="TextString" value="group ${number}"/>`).join('')
}

function custom(count: number, name = 'structure'): string {
  const items = '<Comment type="TextString" value="x"/>'.repeat(count)
  return `<Attribute><VendorIdentification type="TextString" value="Team"/>
    <AttributeName type="TextString" value="${name}"/><AttributeValue>${items}</AttributeValue></Attribute>`
}

function uid(name: string): string {
  return `<UniqueIdentifier type="TextString" value="${ids[name]}"/>`
}

function objectType(kind: string): string {
  return `<ObjectType type="Enumeration" value="${kind}"/>`
}

function mask(uses: string): string {
  return `<CryptographicUsageMask type="Integer" value="${uses}"/>`
}

const identifierTags = new Set<number>([
  Tag.UniqueIdentifier, Tag.PrivateKeyUniqueIdentifier, Tag.PublicKeyUniqueIdentifier,
])
const aes = `<CryptographicAlgorithm type="Enumeration" value="AES"/>
  <CryptographicLength type="Integer" value="128"/>`
const rsa = `<CryptographicAlgorithm type="Enumeration" value="RSA"/>
  <CryptographicLength type="Integer" value="2048"/>`
const uses = `<PrivateKeyAttributes>${mask('Sign')}</PrivateKeyAttributes>
  <PublicKeyAttributes>${mask('Verify')}</PublicKeyAttributes>`
const x509 = `<Attributes><CertificateType type="Enumeration" value="X_509"/></Attributes>`
const split = `<SplitKeyParts type="Integer" value="2"/><SplitKeyThreshold type="Integer" value="2"/>
  <SplitKeyMethod type="Enumeration" value="XOR"/>`
const material = `<SymmetricKey><KeyBlock><KeyFormatType type="Enumeration" value="Raw"/>
  <KeyValue><KeyMaterial type="ByteString" value="00112233445566778899aabbccddeeff"/></KeyValue>
  <CryptographicAlgorithm type="Enumeration" value="AES"/><CryptographicLength type="Integer" value="128"/>
  </KeyBlock></SymmetricKey>`
