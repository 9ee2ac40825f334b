import { X509Certificate, createPrivateKey, randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { makeAuthority } from '../../src/crypto/certificate-authority.ts'
import { Tag } from '../../src/kmip/generated/tags.ts'
import { printItem } from '../../src/kmip/print.ts'
import type { Engine } from '../../src/server/engine.ts'
import { identify } from '../../src/server/identity.ts'
import type { Identity } from '../../src/server/identity.ts'
import { decodeItem } from '../../src/ttlv/item.ts'
import type { Item } from '../../src/ttlv/item.ts'
import { encodeItem } from '../../src/ttlv/writer.ts'
import { find } from '../support/client-endpoint.ts'
import { testEngine } from '../support/engine.ts'
import { item, request } from '../support/xml.ts'

test('the server makes a key and a certificate for the same client, and the old certificate is over', async () => {
  const { engine, policy } = await setUp()
  const answer = await send(engine, ada, [item('ReProvision'), item('Get', pkcs8)])
  const key = createPrivateKey({ key: found(answer, Tag.KeyMaterial), format: 'der', type: 'pkcs8' })
  expect(printItem(await send(engine, ada, [item('Ping')]))).toContain('AuthenticationNotSuccessful')

  const renewed = { ...ada, fingerprint: randomBytes(32).toString('hex') }
  const certificates = await send(engine, renewed, [item('Locate', ofType('Certificate')), item('Get')])
  const certificate = new X509Certificate(found(certificates, Tag.CertificateValue))
  expect(certificate.checkPrivateKey(key)).toBe(true)
  expect(identify(certificate, policy)).toMatchObject({ account: 'alpha', principal: 'ada' })
  expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2'])
})

test('a certificate that the client brings is its own, or it is refused and nothing ends', async () => {
  const { engine, policy } = await setUp()
  const issued = await send(engine, eve, [item('ReProvision'), item('Locate', ofType('Certificate')), item('Get')])
  const certificate = found(issued, Tag.CertificateValue)
  expect(identify(new X509Certificate(certificate), policy)).toMatchObject({ principal: 'eve' })
  expect(printItem(await send(engine, ada, [bring(certificate)]))).toContain('PermissionDenied')
  expect(printItem(await send(engine, ada, [bring(Buffer.from('3003020100', 'hex'))]))).toContain('PermissionDenied')
  expect(printItem(await send(engine, ada, [item('Ping')]))).toContain('Success')

  const again = { ...eve, fingerprint: randomBytes(32).toString('hex') }
  expect(printItem(await send(engine, again, [bring(certificate)]))).toContain('Success')
  expect(printItem(await send(engine, again, [item('Ping')]))).toContain('AuthenticationNotSuccessful')
})

test('without a certificate of its own, or an authority of the server, nothing is replaced', async () => {
  const { engine } = testEngine()
  expect(printItem(await send(engine, ada, [item('ReProvision')]))).toContain('FeatureNotSupported')
  const { fingerprint, ...ticketed } = ada
  expect(fingerprint).toHaveLength(64)
  expect(printItem(await send(engine, ticketed as Identity, [item('ReProvision')]))).toContain('PermissionDenied')
  const both = `<CertificateRequest><CertificateRequestType type="Enumeration" value="PKCS_10"/>
    <CertificateRequestValue type="ByteString" value="00"/></CertificateRequest>${certificateXml(Buffer.alloc(1))}`
  expect(printItem(await send(engine, ada, [item('ReProvision', both)]))).toContain('InvalidField')
  const wrong = both.slice(0, both.indexOf('<Certificate>'))
  expect(printItem(await send(engine, ada, [item('ReProvision', wrong)]))).toContain('InvalidCSR')
})

test('asynchronously too: the old certificate fetches what was asked before, and nothing else', async () => {
  const { engine, policy } = await setUp()
  const pending = printItem(await send(engine, ada, [item('ReProvision'), item('Get', pkcs8)], mandatory))
  const values = [...pending.matchAll(/AsynchronousCorrelationValue ByteString ([0-9a-f]+)/g)].map(([, value]) => value!)
  const got = await send(engine, ada, [poll(values[1]!)])
  const key = createPrivateKey({ key: found(got, Tag.KeyMaterial), format: 'der', type: 'pkcs8' })
  expect(printItem(await send(engine, ada, [item('Ping')]))).toContain('AuthenticationNotSuccessful')
  expect(printItem(await send(engine, ada, [poll(values[0]!), item('Ping')]))).toContain('AuthenticationNotSuccessful')
  expect(printItem(await send(engine, ada, [poll('00')]))).toContain('AuthenticationNotSuccessful')
  expect(printItem(await send(engine, { ...ada, fingerprint: randomBytes(32).toString('hex') }, [item('Ping')])))
    .toContain('Success')
  expect(printItem(await send(engine, ada, [poll(values[0]!)]))).toMatch(/Success[\s\S]*UniqueIdentifier/)
  expect(printItem(await send(engine, ada, [poll(values[0]!)]))).toContain('AuthenticationNotSuccessful')

  const renewed = { ...ada, fingerprint: randomBytes(32).toString('hex') }
  const certificates = await send(engine, renewed, [item('Locate', ofType('Certificate')), item('Get')])
  const certificate = new X509Certificate(found(certificates, Tag.CertificateValue))
  expect(certificate.checkPrivateKey(key)).toBe(true)
  expect(identify(certificate, policy)).toMatchObject({ account: 'alpha', principal: 'ada' })
})

test('what is replaced already is replaced by nothing', async () => {
  const { engine } = await setUp()
  expect(printItem(await send(engine, ada, [item('ReProvision'), item('ReProvision')]))).toContain('PermissionDenied')
})

test.for([
  ['KeyCompromise', 0],
  ['CessationOfOperation', 0],
  ['CessationOfOperation', -60_000],
] as const)('what is revoked for %s is replaced by nothing, its clock set by %i ms', async ([code, offset]) => {
  const clock = { offset: 0 }
  const { engine } = await setUp(clock)
  const issued = await send(engine, eve, [item('ReProvision'), item('Locate', ofType('Certificate')), item('Get')])
  const certificate = found(issued, Tag.CertificateValue)
  const holder = { ...eve, fingerprint: new X509Certificate(certificate).fingerprint256.replaceAll(':', '').toLowerCase() }
  const reason = `<RevocationReason><RevocationReasonCode type="Enumeration" value="${code}"/></RevocationReason>`
  const revoked = await send(engine, holder, [
    item('Locate', ofType('Certificate')), item('Activate'), item('Revoke', reason),
  ])
  expect(printItem(revoked)).not.toContain('OperationFailed')
  clock.offset = offset
  expect(printItem(await send(engine, holder, [item('ReProvision')]))).toContain('PermissionDenied')
  expect(printItem(await send(engine, holder, [item('Ping')]))).toContain('Success')
})

async function setUp(clock = { offset: 0 }): Promise<{ engine: Engine; policy: Parameters<typeof identify>[1] }> {
  const authority = await makeAuthority('clients', Math.floor(Date.now() / 1000))
  const authorities = [new X509Certificate(authority.certificate)]
  const policy = { authorities, issuerRealms: {}, requireClientAuthEku: true }
  const holderOf = (certificate: Buffer): Identity | undefined => {
    try {
      return identify(new X509Certificate(certificate), policy)
    } catch {
      return undefined
    }
  }
  return { engine: testEngine({ clients: { authority, holderOf }, clock: () => Date.now() + clock.offset }).engine, policy }
}

async function send(engine: Engine, caller: Identity, items: readonly string[], header = ''): Promise<Item> {
  return decodeItem((await engine.process(encodeItem(request('2.1', items, header)), caller)).bytes)
}

function found(answer: Item, tag: number): Buffer {
  const value = find(answer, tag)?.value
  if (!Buffer.isBuffer(value)) throw new Error(printItem(answer))
  return value
}

function poll(value: string): string {
  return item('Poll', `<AsynchronousCorrelationValue type="ByteString" value="${value}"/>`)
}

function bring(certificate: Buffer): string {
  return item('ReProvision', certificateXml(certificate))
}

function certificateXml(certificate: Buffer): string {
  return `<Certificate><CertificateType type="Enumeration" value="X_509"/>
    <CertificateValue type="ByteString" value="${certificate.toString('hex')}"/></Certificate>`
}

function ofType(type: string): string {
  return `<Attributes><ObjectType type="Enumeration" value="${type}"/></Attributes>`
}

function identity(principal: string): Identity {
  return {
    account: 'alpha',
    principal,
    issuer: '',
    fingerprint: randomBytes(32).toString('hex'),
    certificate: {
      commonNames: [principal], organizations: ['alpha'], uris: [], emails: [], dnsNames: [], serialNumber: '01',
    },
  }
}

const ada = identity('ada')
const eve = identity('eve')
const mandatory = '<AsynchronousIndicator type="Enumeration" value="Mandatory"/>'
const pkcs8 = '<KeyFormatType type="Enumeration" value="PKCS_8"/>'
