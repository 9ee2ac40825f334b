import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import { webcrypto } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { ChainError, validateChain } from '../../src/crypto/certificate-chain.ts'
import type { Verdict } from '../../src/crypto/certificate-chain.ts'
import { derElement, derSequence } from '../../src/crypto/der.ts'

/** Certificates by what stands in them; keys are made once for each name. */
interface Draft {
  readonly subject: string
  readonly issuer?: string
  /** Whose key signs; the issuer's unless it is another. */
  readonly signer?: string
  readonly extensions?: readonly x509.Extension[]
  readonly days?: readonly [number, number]
}

const keys = new Map<string, webcrypto.CryptoKeyPair>()
beforeAll(async () => {
  for (const name of ['root', 'middle', 'lower', 'leaf', 'other']) {
    keys.set(name, await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']))
  }
})

describe('a chain of leaf, middle and root, of which the root is trusted', () => {
  test.each<[Verdict, string, Partial<Draft>, Partial<Draft>, Partial<Draft>]>([
    ['Valid', 'is in order', {}, {}, {}],
    ['Invalid', 'an authority has no basic constraints', {}, { extensions: [] }, {}],
    ['Invalid', 'an authority has no key usage for certificates', {}, { extensions: [ca(), usage(0x80)] }, {}],
    ['Valid', 'an authority has that key usage', {}, { extensions: [ca(), usage(0x04)] }, {}],
    ['Invalid', 'a root may have no authority below it', {}, {}, { extensions: [ca(0)] }],
    ['Valid', 'a root may have one authority below it', {}, {}, { extensions: [ca(1)] }],
    ['Invalid', 'the leaf is not yet valid', { days: [1, 2] }, {}, {}],
    ['Invalid', 'an authority has expired', {}, { days: [-2, -1] }, {}],
    ['Invalid', 'the root has expired', {}, {}, { days: [-2, -1] }],
    ['Invalid', 'the leaf was signed by another key', { signer: 'other' }, {}, {}],
    ['Unknown', 'the leaf has a critical extension that nobody knows', { extensions: [unknown()] }, {}, {}],
    ['Valid', 'a name is within those permitted', names('a.example.com'), within(permit, '.example.com'), {}],
    ['Valid', 'a name is a domain that is permitted', names('example.com'), within(permit, 'example.com'), {}],
    ['Invalid', 'a name only ends like a domain', names('badexample.com'), within(permit, 'example.com'), {}],
    ['Invalid', 'a name is outside those permitted', names('a.example.org'), {}, within(permit, 'example.com')],
    ['Invalid', 'a name is excluded', names('a.example.com'), within(exclude, 'example.com'), {}],
    ['Valid', 'a name is not excluded', names('a.example.org'), within(exclude, 'example.com'), {}],
    ['Invalid', 'a subject is outside the directory', {}, within(permit, { type: 'dn', value: 'CN=other' }), {}],
    ['Valid', 'a subject is inside the directory', {}, within(permit, { type: 'dn', value: 'CN=LEAF' }), {}],
    ['Invalid', 'a mailbox is of another host', mail('a@b.org'), within(permit, { type: 'email', value: 'c.org' }), {}],
    ['Valid', 'a mailbox is of the host', mail('a@c.org'), within(permit, { type: 'email', value: 'c.org' }), {}],
    ['Invalid', 'a URI is excluded', uri('https://a.c.org/'), within(exclude, { type: 'url', value: '.c.org' }), {}],
    ['Invalid', 'an address is outside', address('10.0.0.1'), within(permit, block('0b000000ff000000')), {}],
    ['Valid', 'an address is inside', address('10.0.0.1'), within(permit, block('0a000000ff000000')), {}],
    ['Invalid', 'name constraints cannot be read', {}, { extensions: [ca(), constraints(Buffer.from('30ff', 'hex'))] }, {}],
  ])('%s: %s', async (verdict, _, leaf, middle, root) => {
    const chain = await chainOf(leaf, middle, root)
    expect((await validateChain(chain, chain.slice(2), [], now)).verdict).toBe(verdict)
    expect((await validateChain(chain.toReversed(), chain.slice(2), [], now)).verdict).toBe(verdict)
  })
})

test('what a request leaves out is taken from what is known, and trusted only as an anchor', async () => {
  const [leaf, middle, root] = await chainOf({}, {}, {})
  expect((await validateChain([leaf], [root], [middle], now)).verdict).toBe('Valid')
  expect((await validateChain([leaf], [root], [], now)).verdict).toBe('Unknown')
  expect((await validateChain([leaf, middle], [], [root], now)).verdict).toBe('Unknown')
  const impostor = await make({ subject: 'middle', issuer: 'root', signer: 'root', extensions: [ca()] }, 'other')
  expect((await validateChain([leaf], [root], [impostor, middle], now)).verdict).toBe('Valid')
  expect((await validateChain([leaf, impostor], [root], [], now)).verdict).toBe('Invalid')
})

test('authorities that vouch for each other end the chain', async () => {
  const leaf = await make({ subject: 'leaf', issuer: 'middle' })
  const middle = await make({ subject: 'middle', issuer: 'lower', extensions: [ca()] })
  const lower = await make({ subject: 'lower', issuer: 'middle', extensions: [ca()] })
  expect((await validateChain([leaf, middle, lower], [], [], now)).verdict).toBe('Unknown')
  expect((await validateChain([leaf], [], [middle, lower], now)).verdict).toBe('Unknown')
  await expect(validateChain([middle, lower], [], [], now)).rejects.toThrow(ChainError)
})

async function chainOf(leaf: Partial<Draft>, middle: Partial<Draft>, root: Partial<Draft>): Promise<[Buffer, Buffer, Buffer]> {
  return [
    await make({ subject: 'leaf', issuer: 'middle', ...leaf }),
    await make({ subject: 'middle', issuer: 'root', extensions: [ca()], ...middle }),
    await make({ subject: 'root', extensions: [ca()], ...root }),
  ]
}

async function make({ subject, issuer = subject, signer = issuer, extensions = [], days = [-1, 1] }: Draft, key = subject) {
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: '01',
    subject: `CN=${subject}`,
    issuer: `CN=${issuer}`,
    notBefore: new Date((now + days[0] * 86_400) * 1000),
    notAfter: new Date((now + days[1] * 86_400) * 1000),
    signingAlgorithm: algorithm,
    publicKey: keys.get(key)!.publicKey,
    signingKey: keys.get(signer)!.privateKey,
    extensions: [...extensions],
  })
  return Buffer.from(certificate.rawData)
}

function ca(pathLength?: number): x509.Extension {
  return new x509.BasicConstraintsExtension(true, pathLength, true)
}

/** @param flags the octet of the bit string */
function usage(flags: number): x509.Extension {
  return new x509.Extension('2.5.29.15', true, Buffer.from([0x03, 0x02, 0x00, flags]))
}

function unknown(): x509.Extension {
  return new x509.Extension('1.2.3.4', true, Buffer.from('0500', 'hex'))
}

function names(...values: string[]): Partial<Draft> {
  return { extensions: [new x509.SubjectAlternativeNameExtension(values.map((value) => ({ type: 'dns', value })))] }
}

function mail(value: string): Partial<Draft> {
  return { extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'email', value }])] }
}

function uri(value: string): Partial<Draft> {
  return { extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'url', value }])] }
}

function address(value: string): Partial<Draft> {
  return { extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'ip', value }])] }
}

/** iPAddress, of an address and its mask in hex. */
function block(hex: string): Buffer {
  return derElement(0x87, Buffer.from(hex, 'hex'))
}

function within(tag: number, base: string | x509.JsonGeneralName | Buffer): Partial<Draft> {
  const json: x509.JsonGeneralName = typeof base === 'string' ? { type: 'dns', value: base } : base as x509.JsonGeneralName
  const name = Buffer.isBuffer(base) ? base : nameOf(json)
  return { extensions: [ca(), constraints(derSequence(derElement(tag, derSequence(name))))] }
}

function nameOf(json: x509.JsonGeneralName): Buffer {
  return Buffer.from(new x509.GeneralNames([json]).rawData).subarray(2)
}

function constraints(der: Buffer): x509.Extension {
  return new x509.Extension('2.5.29.30', true, der)
}

const now = Math.floor(Date.now() / 1000)
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const permit = 0xa0
const exclude = 0xa1
