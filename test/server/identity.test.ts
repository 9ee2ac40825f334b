import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import { webcrypto, X509Certificate } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { checkName, identify, IdentityError, issuerId } from '../../src/server/identity.ts'
import type { Identity, IdentityPolicy } from '../../src/server/identity.ts'

x509.cryptoProvider.set(webcrypto)

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const { clientAuth, serverAuth } = x509.ExtendedKeyUsage

interface Authority { readonly certificate: x509.X509Certificate, readonly keys: webcrypto.CryptoKeyPair }

interface Leaf {
  readonly subject?: x509.JsonName
  readonly alternatives?: x509.JsonGeneralNames
  readonly purposes?: string[]
  readonly isAuthority?: boolean
}

/** Wildcards, paths, spaces, control characters, separators of other notations, and look-alikes of alice and eve. */
const refusedNames = [
  '*', 'al*ce', '.', '..', '-x', ' alice', 'alice ', 'a  b', 'a\u0000b', 'alice\u0000', 'a\nb', 'a\tb', 'a\u007fb',
  'a/b', 'a:b', 'a=b', 'a"b', 'a\\b', 'a<b', '\u0430lice', '\uff41lice', 'al\u0131ce', 'ali\u200bce', 'ali\u00adce',
  'e\u0301ve', '\u202eecila', 'a'.repeat(65),
]

let home: Authority
let other: Authority
let intermediate: Authority

beforeAll(async () => {
  home = await makeAuthority('Home CA')
  other = await makeAuthority('Other CA')
  intermediate = await makeAuthority('Intermediate', home)
})

async function makeAuthority(name: string, above?: Authority): Promise<Authority> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: '01',
    subject: [{ CN: [name] }],
    issuer: above?.certificate.subjectName ?? [{ CN: [name] }],
    signingAlgorithm: algorithm,
    signingKey: (above?.keys ?? keys).privateKey,
    publicKey: keys.publicKey,
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  })
  return { certificate, keys }
}

async function issue(leaf: Leaf, by: Authority, serialNumber = '02'): Promise<X509Certificate> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber,
    subject: leaf.subject ?? [],
    issuer: by.certificate.subjectName,
    signingAlgorithm: algorithm,
    signingKey: by.keys.privateKey,
    publicKey: keys.publicKey,
    extensions: [
      ...leaf.purposes === undefined ? [] : [new x509.ExtendedKeyUsageExtension(leaf.purposes)],
      ...leaf.alternatives === undefined ? [] : [new x509.SubjectAlternativeNameExtension(leaf.alternatives)],
      ...leaf.isAuthority === true ? [new x509.BasicConstraintsExtension(true, undefined, true)] : [],
    ],
  })
  return native(certificate)
}

function native(certificate: x509.X509Certificate): X509Certificate {
  return new X509Certificate(Buffer.from(certificate.rawData))
}

function policy(authorities: Authority[], change: Partial<IdentityPolicy> = {}): IdentityPolicy {
  return {
    authorities: authorities.map(authority => native(authority.certificate)),
    issuerRealms: {}, requireClientAuthEku: false, ...change,
  }
}

function subject(...parts: [type: string, value: string][]): x509.JsonName {
  return parts.map(([type, value]) => ({ [type]: [{ utf8String: value } as unknown as string] }))
}

async function identifyAtHome(leaf: Leaf): Promise<Identity> {
  return identify(await issue(leaf, home), policy([home]))
}

describe('the mapping', () => {
  const uri = (value: string) => ({ type: 'url' as const, value })
  const email = (value: string) => ({ type: 'email' as const, value })
  const dns = (value: string) => ({ type: 'dns' as const, value })
  const alice: [string, string] = ['CN', 'alice']
  const both = subject(['O', 'alpha'], alice)
  const cases: [what: string, leaf: Leaf, account: string, principal: string][] = [
    ['CN and O', { subject: both }, 'alpha', 'alice'],
    ['CN alone', { subject: subject(alice) }, 'default', 'alice'],
    ['other parts do not matter', { subject: subject(['OU', 'a'], ['OU', 'b'], alice) }, 'default', 'alice'],
    ['punctuation', { subject: subject(['O', 'R&D (EU), Inc.'], ['CN', 'db+1_x.y']) }, 'R&D (EU), Inc.', 'db+1_x.y'],
    ['a URI over CN and O', { subject: both, alternatives: [uri('keyward://beta/bob')] }, 'beta', 'bob'],
    ['a URI alone', { alternatives: [uri('keyward://beta/bob')] }, 'beta', 'bob'],
    ['a foreign URI is none', { subject: subject(alice), alternatives: [uri('spiffe://x/y')] }, 'default', 'alice'],
    ['CN over other alternatives', { subject: both, alternatives: [dns('a.b'), email('a@b.c')] }, 'alpha', 'alice'],
    ['an e-mail address', { subject: subject(['O', 'b']), alternatives: [email('al@b.c'), dns('d')] }, 'b', 'al@b.c'],
    ['a DNS name alone', { alternatives: [dns('array-7.example')] }, 'default', 'array-7.example'],
    ['case is kept', { subject: subject(['O', 'Alpha'], ['CN', 'ALICE']) }, 'Alpha', 'ALICE'],
    ['64 characters', { subject: subject(['CN', 'a'.repeat(64)]) }, 'default', 'a'.repeat(64)],
  ]
  test.each(cases)('%s', async (_what, leaf, account, principal) => {
    expect(await identifyAtHome(leaf)).toMatchObject({ account, principal })
  })

  const refused: [what: string, leaf: Leaf, message: RegExp][] = [
    ['nothing', {}, /names nobody/],
    ['O alone', { subject: subject(['O', 'alpha']) }, /names nobody/],
    ['an empty CN', { subject: subject(['CN', '']) }, /principal is empty/],
    ['an empty CN beside a name', { subject: subject(['CN', '']), alternatives: [dns('a.b')] }, /principal is empty/],
    ['an empty O', { subject: subject(['O', ''], alice) }, /account is empty/],
    ['two CN', { subject: subject(alice, ['CN', 'bob']) }, /more than one common name/],
    ['two CN in one part', { subject: [{ CN: ['alice', 'bob'] }] }, /more than one common name/],
    ['the same CN twice', { subject: subject(alice, alice) }, /more than one common name/],
    ['two O', { subject: subject(['O', 'alpha'], ['O', 'beta'], alice) }, /more than one organization/],
    ['two URIs', { alternatives: [uri('keyward://a/b'), uri('keyward://a/c')] }, /more than one keyward URI/],
    ['two e-mail addresses', { alternatives: [email('a@b.c'), email('d@b.c')] }, /more than one e-mail/],
    ['two DNS names', { alternatives: [dns('a.b'), dns('c.d')] }, /more than one DNS name/],
    ['a URI of another form', { subject: subject(alice), alternatives: [uri('keyward://alpha')] }, /the keyward URI/],
    ['a URI with a path', { alternatives: [uri('keyward://alpha/a/b')] }, /the keyward URI/],
    ['a URI in capitals', { subject: subject(alice), alternatives: [uri('KEYWARD://alpha/a')] }, /the keyward URI/],
    ['a URI with nobody', { alternatives: [uri('keyward://alpha/')] }, /principal is empty/],
    ['a URI with escapes', { alternatives: [uri('keyward://alpha/al%69ce')] }, /not allowed/],
    ['a URI into another realm', { alternatives: [uri('keyward://alpha@x/alice')] }, /not allowed/],
    ['O into another realm', { subject: subject(['O', 'alpha@0123456789abcdef'], alice) }, /not allowed/],
    ['an authority', { subject: subject(alice), isAuthority: true }, /an authority's/],
    ['another purpose', { subject: subject(alice), purposes: [serverAuth] }, /not for client authentication/],
    ...refusedNames.map((name): [string, Leaf, RegExp] => [
      `the name ${JSON.stringify(name)}`, { subject: subject(['CN', name]) }, /not allowed|over 64 characters/,
    ]),
  ]
  test.each(refused)('%s is refused', async (_what, leaf, message) => {
    const certificate = await issue(leaf, home)
    expect(() => identify(certificate, policy([home]))).toThrow(IdentityError)
    expect(() => identify(certificate, policy([home]))).toThrow(message)
  })
})

describe('the authority is a part of the identity', () => {
  const leaf: Leaf = { subject: [{ O: ['alpha'] }, { CN: ['alice'] }] }
  const idOf = (authority: Authority) => issuerId(native(authority.certificate).publicKey)

  test('the same names from another authority are another caller', async () => {
    const both = policy([home, other])
    const [one, two] = [identify(await issue(leaf, home), both), identify(await issue(leaf, other), both)]
    expect(one.account).toBe('alpha')
    expect(two.account).toBe(`alpha@${idOf(other).slice(0, 16)}`)
    expect([one.issuer, two.issuer]).toEqual([idOf(home), idOf(other)])
  })

  test('unless the configuration says that they are the same, or gives it a name', async () => {
    const issuerRealms = { [idOf(home)]: '', [idOf(other)]: '' }
    const [one, two] = [await issue(leaf, home), await issue(leaf, other)]
      .map(certificate => identify(certificate, policy([home, other], { issuerRealms })))
    expect(two?.account).toBe(one?.account)
    const named = policy([home, other], { issuerRealms: { [idOf(home)]: '', [idOf(other)]: 'partner' } })
    expect(identify(await issue(leaf, other), named).account).toBe('alpha@partner')
  })

  test('with a configuration, an authority that it does not name is never at home', async () => {
    const partial = policy([home, other], { issuerRealms: { [idOf(other)]: '' } })
    expect(identify(await issue(leaf, home), partial).account).toBe(`alpha@${idOf(home).slice(0, 16)}`)
  })

  test('a renewed certificate is the same caller, with another fingerprint', async () => {
    const [old, renewed] = [await issue(leaf, home, '0a'), await issue(leaf, home, '0b')]
      .map(certificate => identify(certificate, policy([home])))
    expect({ ...renewed, fingerprint: '', certificate: {} }).toEqual({ ...old, fingerprint: '', certificate: {} })
    expect(renewed?.fingerprint).not.toBe(old?.fingerprint)
    expect(old?.certificate.serialNumber).toBe('0a')
  })

  test('an intermediate speaks for the authority above it, wherever it is in ca.pem', async () => {
    const certificate = await issue(leaf, intermediate)
    for (const authorities of [[home, intermediate], [intermediate, home], [other, intermediate, home]]) {
      expect(identify(certificate, policy(authorities)).issuer).toBe(idOf(home))
    }
    expect(identify(certificate, policy([intermediate, home])).account).toBe('alpha')
    expect(identify(certificate, policy([other, intermediate, home])).account).toBe(`alpha@${idOf(home).slice(0, 16)}`)
  })

  test('an unknown authority is refused, also one that only has the name of a known one', async () => {
    const impostor = await makeAuthority('Home CA')
    for (const authority of [other, impostor, intermediate]) {
      const certificate = await issue(leaf, authority)
      expect(() => identify(certificate, policy([home]))).toThrow(/unknown authority/)
    }
  })
})

test('the clientAuth purpose: optional by default, demanded on request', async () => {
  const subjectOfAlice = subject(['CN', 'alice'])
  const [none, right] = [await issue({ subject: subjectOfAlice }, home),
    await issue({ subject: subjectOfAlice, purposes: [serverAuth, clientAuth] }, home)]
  const strict = policy([home], { requireClientAuthEku: true })
  expect(identify(none, policy([home])).principal).toBe('alice')
  expect(identify(right, strict).principal).toBe('alice')
  expect(() => identify(none, strict)).toThrow(/not for client authentication/)
})

test('a refusal does not repeat the name', () => {
  expect(() => checkName('account', 'secret:name')).toThrow(/^the account has characters that are not allowed$/)
})
