import { describe, expect, test } from 'vitest'
import { Tag } from '../../src/kmip/generated/tags.ts'
import { printItem } from '../../src/kmip/print.ts'
import { decodeItem } from '../../src/ttlv/item.ts'
import type { Item } from '../../src/ttlv/item.ts'
import { encodeItem } from '../../src/ttlv/writer.ts'
import { find } from '../support/client-endpoint.ts'
import { alice, bob, testEngine } from '../support/engine.ts'
import { item, request } from '../support/xml.ts'

describe('a certificate that is only shown', () => {
  test.for([
    ['was deactivated', revoke('CessationOfOperation'), '', 'Invalid'],
    ['was compromised', revoke('KeyCompromise'), '', 'Invalid'],
    ['was deactivated after the date that is asked for', revoke('CessationOfOperation'), atDate(-60), 'Valid'],
    ['was compromised, nobody knows when, after that date', revoke('KeyCompromise'), atDate(-60), 'Invalid'],
    ['was compromised after that date', revoke('KeyCompromise', -30), atDate(-60), 'Valid'],
    ['was compromised before that date', revoke('KeyCompromise', -90), atDate(-60), 'Invalid'],
    ['was compromised just now, by a clock that is ahead', revoke('KeyCompromise', 30), '', 'Invalid'],
    ['is in force', '', '', 'Valid'],
  ] as const)('%s', async ([, revocation, date, verdict]) => {
    const side = await issued()
    if (revocation !== '') await succeed(side, [item('Revoke', id(side.certificateId) + revocation)])
    expect(await validity(side, shown(side.certificate) + date)).toBe(verdict)
  })

  test.for([
    ['was deactivated', revoke('CessationOfOperation'), '', 'Invalid'],
    ['was deactivated, and is asked for at a later date', revoke('CessationOfOperation'), atDate(-30), 'Invalid'],
    ['was deactivated, and is asked for at an earlier date', revoke('CessationOfOperation'), atDate(-90), 'Valid'],
    ['was compromised', revoke('KeyCompromise', -30), '', 'Invalid'],
    ['was compromised, and is asked for at an earlier date', revoke('KeyCompromise', -30), atDate(-90), 'Valid'],
    ['is in force', '', '', 'Valid'],
  ] as const)('%s, when the clock is set back by a minute', async ([, revocation, date, verdict]) => {
    const side = await issued()
    if (revocation !== '') await succeed(side, [item('Revoke', id(side.certificateId) + revocation)])
    side.clock.offset = -60_000
    expect(await validity(side, shown(side.certificate) + date)).toBe(verdict)
  })

  test('was destroyed, with a copy of it still in force', async () => {
    const side = await issued()
    const copy = `<ObjectType type="Enumeration" value="Certificate"/><Attributes/>${shown(side.certificate)}`
    await succeed(side, [
      item('Register', copy), item('Revoke', id(side.certificateId) + revoke('Superseded')),
      item('Destroy', id(side.certificateId)),
    ])
    expect(await validity(side, shown(side.certificate))).toBe('Invalid')
  })

  test('was revoked by another account, which says nothing to this one', async () => {
    const side = await issued()
    const register = `<ObjectType type="Enumeration" value="Certificate"/><Attributes/>${shown(side.certificate)}`
    await succeed(side, [item('Register', register), item('Revoke', revoke('KeyCompromise'))], bob)
    expect(await validity(side, shown(side.certificate))).toBe('Valid')
  })
})

test.for([
  ['for a compromise', 'CACompromise', 0],
  ['for another reason', 'CessationOfOperation', 0],
  ['by a clock that is set back then', 'CessationOfOperation', -60_000],
] as const)('an authority revoked %s is followed by another, and what it has issued is invalid', async (row) => {
  const [, reason, offset] = row
  const side = await issued()
  const authority = '<Attributes><Name><NameValue type="TextString" value="keyward-authority"/></Name></Attributes>'
  await succeed(side, [item('Locate', authority), item('Revoke', revoke(reason))])
  side.clock.offset = offset
  expect(await validity(side, shown(side.certificate))).toBe('Invalid')
  const renewed = await certificateOf(side, (await succeed(side, [item('Certify', id(side.publicKeyId) + x509)])))
  expect(await validity(side, shown(renewed))).toBe('Valid')
  expect(await validity(side, shown(side.certificate))).toBe('Invalid')
})

test.for([
  ['CessationOfOperation', 'Deactivated'],
  ['KeyCompromise', 'Compromised'],
] as const)('what was revoked for %s stays so when the clock is set back', async ([reason, state]) => {
  const { clock, ...engines } = clocked(0)
  const created = await succeed(engines, [item('Create', `<ObjectType type="Enumeration" value="SymmetricKey"/><Attributes>
    <CryptographicAlgorithm type="Enumeration" value="AES"/><CryptographicLength type="Integer" value="256"/>
    <CryptographicUsageMask type="Integer" value="Encrypt"/>
    <ActivationDate type="DateTime" value="2020-01-01T00:00:00+00:00"/></Attributes>`)])
  const key = id(textOf(created, Tag.UniqueIdentifier))
  const encrypt = item('Encrypt', `${key}
    <CryptographicParameters><BlockCipherMode type="Enumeration" value="GCM"/></CryptographicParameters>
    <Data type="ByteString" value="00"/>`)
  await succeed(engines, [encrypt, item('Revoke', key + revoke(reason))])
  clock.offset = -3_600_000
  const answer = printItem(await send(engines, [item('GetAttributes', key), encrypt]))
  expect(answer).toContain(`State Enumeration ${state}`)
  expect(answer).toContain('ResultReason Enumeration WrongKeyLifecycleState')
})

describe('nothing is certified', () => {
  test.for([
    ['for a compromised public key', 'publicKeyId', 'KeyCompromise', 'Certify', 'publicKeyId'],
    ['for a deactivated public key', 'publicKeyId', 'CessationOfOperation', 'Certify', 'publicKeyId'],
    ['for a public key whose private key is compromised', 'privateKeyId', 'KeyCompromise', 'Certify', 'publicKeyId'],
    ['again for a compromised certificate', 'certificateId', 'KeyCompromise', 'ReCertify', 'certificateId'],
    ['again for a compromised public key', 'publicKeyId', 'KeyCompromise', 'ReCertify', 'certificateId'],
    ['again where the private key is compromised', 'privateKeyId', 'KeyCompromise', 'ReCertify', 'certificateId'],
  ] as const)('%s', async ([, revoked, reason, operation, named]) => {
    const side = await issued()
    await succeed(side, [item('Revoke', id(side[revoked]) + revoke(reason))])
    const payload = id(side[named]) + (operation === 'Certify' ? x509 : '')
    expect(printItem(await send(side, [item(operation, payload)]))).toContain('PermissionDenied')
  })

  test('but a certificate that has ended is renewed', async () => {
    const side = await issued()
    await succeed(side, [item('Revoke', id(side.certificateId) + revoke('CessationOfOperation'))])
    await succeed(side, [item('ReCertify', id(side.certificateId))])
  })
})

type Engines = ReturnType<typeof testEngine>
interface Side extends Engines {
  readonly clock: { offset: number }
  readonly publicKeyId: string
  readonly privateKeyId: string
  readonly certificateId: string
  readonly certificate: Buffer
}

/** A key pair, and a certificate by the authority of the account, made two minutes ago. */
async function issued(): Promise<Side> {
  const engines = clocked(-120_000)
  const pair = await succeed(engines, [item('CreateKeyPair', pairPayload)])
  const publicKeyId = textOf(pair, Tag.PublicKeyUniqueIdentifier)
  const certified = await succeed(engines, [item('Certify', id(publicKeyId) + x509)])
  const certificate = await certificateOf(engines, certified)
  engines.clock.offset = 0
  const privateKeyId = textOf(pair, Tag.PrivateKeyUniqueIdentifier)
  return { ...engines, publicKeyId, privateKeyId, certificateId: textOf(certified, Tag.UniqueIdentifier), certificate }
}

/** @param offset milliseconds from the time of the machine; it can be changed */
function clocked(offset: number): Engines & { readonly clock: { offset: number } } {
  const clock = { offset }
  return { ...testEngine({ clock: () => Date.now() + clock.offset }), clock }
}

async function certificateOf(engines: Engines, certified: Item): Promise<Buffer> {
  const got = await succeed(engines, [item('Get', id(textOf(certified, Tag.UniqueIdentifier)))])
  return find(got, Tag.CertificateValue)!.value as Buffer
}

async function validity(engines: Engines, payload: string): Promise<string> {
  const answer = printItem(await send(engines, [item('Validate', payload)]))
  return /ValidityIndicator Enumeration (\w+)/.exec(answer)?.[1] ?? answer
}

async function send({ engine }: Engines, items: readonly string[], caller = alice): Promise<Item> {
  return decodeItem((await engine.process(encodeItem(request('2.1', items)), caller)).bytes)
}

async function succeed(engines: Engines, items: readonly string[], caller = alice): Promise<Item> {
  const answer = await send(engines, items, caller)
  expect(printItem(answer)).not.toContain('OperationFailed')
  return answer
}

function textOf(answer: Item, tag: number): string {
  return find(answer, tag)!.value as string
}

function id(value: string): string {
  return `<UniqueIdentifier type="TextString" value="${value}"/>`
}

/** @param occurred seconds from now */
function revoke(reason: string, occurred?: number): string {
  return `<RevocationReason><RevocationReasonCode type="Enumeration" value="${reason}"/></RevocationReason>
    ${occurred === undefined ? '' : `<CompromiseOccurrenceDate type="DateTime" value="${date(occurred)}"/>`}`
}

function atDate(seconds: number): string {
  return `<ValidityDate type="DateTime" value="${date(seconds)}"/>`
}

function date(seconds: number): string {
  return `${new Date(Date.now() + seconds * 1000).toISOString().slice(0, 19)}+00:00`
}

function shown(certificate: Buffer): string {
  return `<Certificate><CertificateType type="Enumeration" value="X_509"/>
    <CertificateValue type="ByteString" value="${certificate.toString('hex')}"/></Certificate>`
}

const x509 = `<Attributes><CertificateType type="Enumeration" value="X_509"/>
  <ActivationDate type="DateTime" value="${date(-120)}"/></Attributes>`
const pairPayload = `<CommonAttributes>
  <CryptographicAlgorithm type="Enumeration" value="ECDSA"/><CryptographicLength type="Integer" value="256"/>
  <CryptographicDomainParameters><RecommendedCurve type="Enumeration" value="P_256"/></CryptographicDomainParameters>
  <CryptographicUsageMask type="Integer" value="Sign Verify"/>
  <ActivationDate type="DateTime" value="${date(-120)}"/></CommonAttributes>`
