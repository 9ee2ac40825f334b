import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import { randomBytes, webcrypto } from 'node:crypto'
import { CertificateRequestType, CryptographicUsageMask } from '../kmip/generated/enums.ts'
import { Secret } from '../kmip/secret.ts'
import { hasMask } from '../model/usage.ts'
import { certifiedBytesMax } from './certificate.ts'
import { invalid } from './failure.ts'

x509.cryptoProvider.set(webcrypto)

/** A certificate authority: its certificate (DER) and its private key (PKCS#8, DER). ECDSA P-256 with SHA-256. */
export interface Authority {
  readonly certificate: Buffer
  readonly privateKey: Secret
}

/** What a certificate is to say. Dates in seconds since 1970-01-01 UTC. */
export interface CertificateOrder {
  /** An X.501 Name in DER, or its parts, the most general first. */
  readonly subject: Buffer | readonly { readonly type: string; readonly value: string }[]
  /** SubjectPublicKeyInfo. */
  readonly publicKey: Buffer
  readonly notBefore: number
  readonly notAfter: number
  /** Cryptographic Usage Mask; the key usages of RFC 5280 follow from it. */
  readonly usageMask: number
  /** For TLS clients, and nothing else. */
  readonly isForClients?: boolean
  /** Extension of the request, in DER, that is taken over. */
  readonly alternativeNames?: Buffer | undefined
}

export interface CertificateRequestFields {
  readonly subject: Buffer
  readonly publicKey: Buffer
  readonly alternativeNames: Buffer | undefined
}

/** The bytes are no certificate request, or its signature is not by its key. */
export class InvalidRequestError extends Error {}

/**
 * @param now seconds since 1970-01-01 UTC
 * @param name X.501 name in the text form of RFC 4514, without escapes; without it, one that no other authority has
 */
export async function makeAuthority(organization: string, now: number, name?: string): Promise<Authority> {
  const keys = await webcrypto.subtle.generateKey(curve, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: randomSerialNumber(),
    // Each its own name: OpenSSL picks an authority by name first, and two of one name in a bundle confuse it.
    name: name === undefined
      ? [{ O: [organization] }, { CN: [`Keyward CA ${randomBytes(4).toString('hex')}`] }]
      : name.split(',').toReversed().map(partOf),
    notBefore: dateOf(now - backdatedSeconds),
    notAfter: dateOf(now + authoritySeconds),
    signingAlgorithm: signature,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign + x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)
  return { certificate: Buffer.from(certificate.rawData), privateKey: new Secret(Buffer.from(pkcs8)) }
}

/** One part of a name, such as `CN=Keys`, none of which has a character that needs escaping. */
function partOf(part: string): Record<string, string[]> {
  const [type = '', value = ''] = part.split('=')
  return { [type]: [value] }
}

/** @returns the certificate in DER; it ends with its authority at the latest */
export async function issueCertificate(
  { certificate, privateKey }: Authority, order: CertificateOrder,
): Promise<Buffer> {
  const issuer = new x509.X509Certificate(certificate)
  const publicKey = new x509.PublicKey(order.publicKey)
  const notAfter = dateOf(order.notAfter)
  const issued = await x509.X509CertificateGenerator.create({
    serialNumber: randomSerialNumber(),
    issuer: issuer.subjectName,
    subject: nameOf(order.subject),
    notBefore: dateOf(order.notBefore),
    notAfter: notAfter > issuer.notAfter ? issuer.notAfter : notAfter,
    signingAlgorithm: signature,
    publicKey,
    signingKey: await webcrypto.subtle.importKey('pkcs8', privateKey.reveal(), curve, false, ['sign']),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      ...keyUsages(order.usageMask),
      ...(order.isForClients === true ? [new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth])] : []),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      ...alternativeNameExtension(order.alternativeNames),
    ],
  })
  return Buffer.from(issued.rawData)
}

/**
 * Reads a PKCS#10 request and checks that who made it has the private key (RFC 2986 4.2). Of the extensions that it
 * asks for, only the alternative names are told: what a key may do is not the requester's to say.
 *
 * @param type PKCS_10 or PEM of Certificate Request Type
 * @throws InvalidRequestError
 */
export async function parseCertificateRequest(bytes: Buffer, type: number): Promise<CertificateRequestFields> {
  // Of PEM, too: it is longer than what it stands for.
  if (bytes.length > certifiedBytesMax) {
    throw new InvalidRequestError(`a certificate request has at most ${certifiedBytesMax} bytes`)
  }
  let request: x509.Pkcs10CertificateRequest
  let isSigned: boolean
  try {
    request = new x509.Pkcs10CertificateRequest(type === CertificateRequestType.PEM ? bytes.toString('latin1') : bytes)
    isSigned = await request.verify()
  } catch {
    throw new InvalidRequestError('the certificate request cannot be read')
  }
  if (!isSigned) throw new InvalidRequestError('the signature of the certificate request is not by its key')
  return {
    subject: Buffer.from(request.subjectName.toArrayBuffer()),
    publicKey: Buffer.from(request.publicKey.rawData),
    alternativeNames: alternativeNamesIn(request.extensions),
  }
}

/**
 * What a certificate says that a renewed one says again, and for how long it is good.
 *
 * @throws KmipError Invalid Field for one of more than `certifiedBytesMax`
 */
export function renewalFields(certificate: Buffer): CertificateRequestFields & { readonly seconds: number } {
  if (certificate.length > certifiedBytesMax) {
    throw invalid(`a certificate that is renewed has at most ${certifiedBytesMax} bytes`)
  }
  const { subjectName, publicKey, extensions, notBefore, notAfter } = new x509.X509Certificate(certificate)
  return {
    subject: Buffer.from(subjectName.toArrayBuffer()),
    publicKey: Buffer.from(publicKey.rawData),
    alternativeNames: alternativeNamesIn(extensions),
    seconds: Math.floor((notAfter.getTime() - notBefore.getTime()) / 1000),
  }
}

/** Seconds since 1970-01-01 UTC. */
export function endOf({ certificate }: Authority): number {
  return Math.floor(new x509.X509Certificate(certificate).notAfter.getTime() / 1000)
}

function alternativeNameExtension(der: Buffer | undefined): x509.Extension[] {
  return der === undefined ? [] : [new x509.SubjectAlternativeNameExtension(der)]
}

function alternativeNamesIn(extensions: readonly x509.Extension[]): Buffer | undefined {
  const names = extensions.find(({ type }) => type === alternativeNamesOid)
  return names && Buffer.from(names.rawData)
}

function nameOf(subject: CertificateOrder['subject']): x509.Name {
  if (Buffer.isBuffer(subject)) return new x509.Name(subject)
  return new x509.Name(subject.map(({ type, value }) => ({ [oids[type] ?? type]: [value] })))
}

function keyUsages(mask: number): x509.Extension[] {
  const wanted = usageFlags.filter(([name]) => hasMask(mask, CryptographicUsageMask[name])).map(([, flag]) => flag)
  const sum = [...new Set(wanted)].reduce((total, flag) => total + flag, 0)
  return sum === 0 ? [] : [new x509.KeyUsagesExtension(sum, true)]
}

/** RFC 5280 4.1.2.2: positive and at most 20 octets; 126 random bits, the top one for a constant length. */
function randomSerialNumber(): string {
  const bytes = randomBytes(16)
  bytes[0] = 0x40 + bytes[0]! % 0x40
  return bytes.toString('hex')
}

function dateOf(seconds: number): Date {
  return new Date(seconds * 1000)
}

const curve = { name: 'ECDSA', namedCurve: 'P-256' }
const alternativeNamesOid = '2.5.29.17'
const signature = { name: 'ECDSA', hash: 'SHA-256' }
/** Clocks of clients may be a little behind. */
const backdatedSeconds = 3_600
/** Ten years. */
const authoritySeconds = 315_360_000

const { KeyUsageFlags: flags } = x509
/** A certificate of ours is never an authority's, so that Certificate Sign stays out. */
const usageFlags: readonly (readonly [keyof typeof CryptographicUsageMask, number])[] = [
  ['Sign', flags.digitalSignature], ['Verify', flags.digitalSignature], ['Encrypt', flags.dataEncipherment],
  ['Decrypt', flags.dataEncipherment], ['WrapKey', flags.keyEncipherment], ['UnwrapKey', flags.keyEncipherment],
  ['KeyAgreement', flags.keyAgreement], ['ContentCommitment', flags.nonRepudiation],
]

/** What @peculiar/x509 has no short name for. */
const oids: Readonly<Record<string, string>> = {
  emailAddress: '1.2.840.113549.1.9.1',
  serialNumber: '2.5.4.5',
  title: '2.5.4.12',
  dnQualifier: '2.5.4.46',
  UID: '0.9.2342.19200300.100.1.1',
}
