import { expect, test } from 'vitest'
import { Tag } from '../../src/kmip/generated/tags.ts'
import { printItem } from '../../src/kmip/print.ts'
import { Objects } from '../../src/operation/objects.ts'
import type { Context } from '../../src/operation/operation.ts'
import { process } from '../../src/operation/process.ts'
import { decodeItem } from '../../src/ttlv/item.ts'
import type { Item } from '../../src/ttlv/item.ts'
import { encodeItem } from '../../src/ttlv/writer.ts'
import { find } from '../support/client-endpoint.ts'
import { alice, bob, testEngine } from '../support/engine.ts'
import { item, request } from '../support/xml.ts'

/** Bounds that take too many requests, or too long a time, for a conversation. */

test('an account has at most a thousand tickets, delegated ones too', async () => {
  const engines = testEngine()
  for (let count = 0; count < 1_000; count += 1) await say(engines, item('Login'))
  const rights = '<Rights><Right><Operations><Operation type="Enumeration" value="Ping"/></Operations></Right></Rights>'
  const delegate = item('DelegatedLogin', rights)
  expect(await printed(engines, delegate)).toContain('ServerLimitExceeded')
  expect(await printed(engines, delegate, bob)).toContain('ResultStatus Enumeration Success')
})

test.for([
  ['PKCS_11', '<PKCS_11Function type="Enumeration" value="C_Initialize"/>'],
  ['Hash', `<CryptographicParameters><HashingAlgorithm type="Enumeration" value="SHA_256"/></CryptographicParameters>
    <InitIndicator type="Boolean" value="true"/>`],
] as const)('an account has a bounded number of operations of several parts under way: %s', async ([operation, payload]) => {
  const engines = testEngine()
  const begin = item(operation, payload)
  for (let count = 0; count < 16; count += 1) expect(await printed(engines, begin)).toContain('CorrelationValue')
  expect(await printed(engines, begin)).toContain('ServerLimitExceeded')
  expect(await printed(engines, begin, bob)).toContain('CorrelationValue')
})

test.for([
  ['a field of no prime', '000000000000000f', '01', 'CryptographicFailure'],
  ['a field that is too large', `00${'ff'.repeat(100_000)}`, '01', 'CryptographicFailure'],
  ['parts that are too long', '0000000000000011', '00'.repeat(8_193), 'ServerLimitExceeded'],
] as const)('parts that a client brings are not joined for ever: %s', async ([, prime, material, reason]) => {
  const engines = testEngine()
  const part = async (identifier: number): Promise<string> => unique(await say(engines, item('Register', `
    <ObjectType type="Enumeration" value="SplitKey"/><Attributes>
    <CryptographicUsageMask type="Integer" value="Encrypt"/></Attributes><SplitKey>
    <SplitKeyParts type="Integer" value="2"/><KeyPartIdentifier type="Integer" value="${identifier}"/>
    <SplitKeyThreshold type="Integer" value="2"/>
    <SplitKeyMethod type="Enumeration" value="PolynomialSharingPrimeField"/>
    <PrimeFieldSize type="BigInteger" value="${prime}"/><KeyBlock><KeyFormatType type="Enumeration" value="Raw"/>
    <KeyValue><KeyMaterial type="ByteString" value="${material}"/></KeyValue>
    <CryptographicAlgorithm type="Enumeration" value="AES"/><CryptographicLength type="Integer" value="128"/>
    </KeyBlock></SplitKey>`)))
  const join = item('JoinSplitKey', `<ObjectType type="Enumeration" value="SymmetricKey"/>
    ${await part(1)}${await part(2)}<Attributes/>`)
  expect(await printed(engines, join)).toContain(`ResultReason Enumeration ${reason}`)
})

test('a secret of more than 8,192 bytes is not split', async () => {
  const engines = testEngine()
  const secret = (bytes: number): string => item('Register', `<ObjectType type="Enumeration" value="SecretData"/>
    <Attributes><CryptographicUsageMask type="Integer" value="DeriveKey"/></Attributes>
    <SecretData><SecretDataType type="Enumeration" value="Seed"/><KeyBlock>
    <KeyFormatType type="Enumeration" value="Raw"/><KeyValue>
    <KeyMaterial type="ByteString" value="${'ab'.repeat(bytes)}"/></KeyValue></KeyBlock></SecretData>`)
  for (const [bytes, outcome] of [[8_192, 'Success'], [8_193, 'ServerLimitExceeded']] as const) {
    const id = unique(await say(engines, secret(bytes)))
    expect(await printed(engines, item('CreateSplitKey', `<ObjectType type="Enumeration" value="SplitKey"/>${id}
      <SplitKeyParts type="Integer" value="3"/><SplitKeyThreshold type="Integer" value="2"/>
      <SplitKeyMethod type="Enumeration" value="PolynomialSharingGF2_8"/><Attributes/>`))).toContain(outcome)
  }
})

test('Process does not wait longer than a client does', async () => {
  const engines = testEngine()
  const mandatory = '<AsynchronousIndicator type="Enumeration" value="Mandatory"/>'
  const pending = await say(engines, item('Ping'), alice, mandatory)
  const asynchronousCorrelationValue = find(pending, Tag.AsynchronousCorrelationValue)!.value as Buffer
  const { store, cache } = engines.services
  const objects = new Objects(store, cache, alice, 1)
  // The time is over at once.
  const context = { objects, caller: alice, jobs: { advance: async () => undefined } } as unknown as Context
  await expect(process.handle({ asynchronousCorrelationValue } as never, context))
    .rejects.toMatchObject({ reason: 'GeneralFailure' })
  await engines.engine.stop()
})

type Engines = ReturnType<typeof testEngine>

function unique(answer: Item): string {
  return `<UniqueIdentifier type="TextString" value="${String(find(answer, Tag.UniqueIdentifier)!.value)}"/>`
}

async function say({ engine }: Engines, what: string, caller = alice, header = ''): Promise<Item> {
  return decodeItem((await engine.process(encodeItem(request('2.1', what, header)), caller)).bytes)
}

async function printed(engines: Engines, what: string, caller = alice): Promise<string> {
  return printItem(await say(engines, what, caller))
}
