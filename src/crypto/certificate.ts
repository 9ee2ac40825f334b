import { X509Certificate } from 'node:crypto'
import { CryptographicAlgorithm, DigitalSignatureAlgorithm } from '../kmip/generated/enums.ts'
import { decodeSpki } from './asymmetric.ts'
import { DerReader, DerTag, outerSequence } from './der.ts'
import { parseName } from './distinguished-name.ts'
import type { DistinguishedName } from './distinguished-name.ts'
import { invalid } from './failure.ts'
import { decoded, specOf } from './key-check.ts'
import type { KeySpec } from './provider.ts'

/** What KMIP keeps of an X.509 certificate as attributes (KMIP 2.1 4.5 to 4.8, 4.61 to 4.63). */
export interface CertificateFields {
  /** DER of the INTEGER. */
  readonly serialNumber: Buffer
  readonly issuer: DistinguishedName
  readonly subject: DistinguishedName
  readonly issuerAlternativeNames: readonly AlternativeName[]
  readonly subjectAlternativeNames: readonly AlternativeName[]
  /** Digital Signature Algorithm; undefined for one that KMIP has not. */
  readonly signatureAlgorithm: number | undefined
  /** SubjectPublicKeyInfo. */
  readonly publicKey: Buffer
  /** Undefined for a public key of an algorithm or curve that is not known. */
  readonly keySpec: KeySpec | undefined
}

/** A GeneralName (RFC 5280 4.2.1.6). */
export interface AlternativeName {
  readonly der: Buffer
  /** Of mail addresses, DNS names, URIs and IP addresses. */
  readonly text: string | undefined
}

/**
 * Reads an X.509 certificate (RFC 5280 4.1); its signature is not checked.
 *
 * @param der `certificateBytesMax` at most
 * @throws KmipError Invalid Field for anything else
 */
export function parseCertificate(der: Buffer): CertificateFields {
  return decoded(() => {
    if (der.length > certificateBytesMax) throw invalid(`a certificate has at most ${certificateBytesMax} bytes`)
    // OpenSSL reads it too, so that nothing is stored that later uses cannot load.
    void new X509Certificate(der)
    const certificate = outerSequence(der)
    const tbs = certificate.sequence()
    if (tbs.peek() === versionTag) tbs.readRaw()
    const serialNumber = tbs.readRaw()
    const signatureAlgorithm = readSignatureAlgorithm(tbs)
    const issuer = parseName(tbs.readRaw())
    tbs.read(DerTag.Sequence)
    const subject = parseName(tbs.readRaw())
    const publicKey = tbs.readRaw()
    const extensions = readExtensions(tbs)
    return {
      serialNumber, issuer, subject, signatureAlgorithm, publicKey,
      keySpec: publicKeySpec(publicKey),
      issuerAlternativeNames: readAlternativeNames(extensions.get(issuerAlternativeNameOid)),
      subjectAlternativeNames: readAlternativeNames(extensions.get(subjectAlternativeNameOid)),
    }
  })
}

/** The algorithm, length and curve of a SubjectPublicKeyInfo, or undefined where they are not known. */
export function publicKeySpec(spki: Buffer): KeySpec | undefined {
  try {
    const numbers = decodeSpki(spki)
    const algorithm = numbers.type === 'bytes' ? byteAlgorithms[numbers.curve.name] : algorithms[numbers.type]
    return { algorithm, ...specOf(numbers) }
  } catch {
    return undefined
  }
}

function readSignatureAlgorithm(tbs: DerReader): number | undefined {
  return signatureAlgorithms.get(tbs.sequence().oid())
}

function readExtensions(tbs: DerReader): Map<string, Buffer> {
  const extensions = new Map<string, Buffer>()
  while (!tbs.done) {
    if (tbs.peek() !== extensionsTag) {
      tbs.readRaw()
      continue
    }
    const list = outerSequence(tbs.read(extensionsTag))
    while (!list.done) {
      const extension = list.sequence()
      const oid = extension.oid()
      if (extension.peek() === booleanTag) extension.readRaw()
      extensions.set(oid, extension.octets())
    }
  }
  return extensions
}

function readAlternativeNames(der: Buffer | undefined): AlternativeName[] {
  if (der === undefined) return []
  const list = outerSequence(der)
  const names: AlternativeName[] = []
  while (!list.done) {
    const tag = list.peek()
    const name = list.readRaw()
    names.push({ der: name, text: nameText(tag, new DerReader(name).read(tag)) })
  }
  return names
}

function nameText(tag: number, content: Buffer): string | undefined {
  if (textTags.has(tag)) return content.toString('latin1')
  if (tag !== addressTag) return undefined
  if (content.length === 4) return content.join('.')
  return content.length === 16 ? content.toString('hex').match(/.{4}/g)!.join(':') : undefined
}

/** A mebibyte of names takes 100 ms and more to read. */
export const certificateBytesMax = 131_072
/**
 * Of what @peculiar/x509 parses, to certify or to validate: 24 KiB take it 50 ms. A hundred names have 5,000 bytes, the
 * signatures of SLH-DSA 8,000 to 50,000.
 */
export const certifiedBytesMax = 24_576
/** iPAddress. */
const addressTag = 0x87
/** rfc822Name, dNSName and uniformResourceIdentifier, all IA5String. */
const textTags: ReadonlySet<number> = new Set([0x81, 0x82, 0x86])
const versionTag = 0xa0
const extensionsTag = 0xa3
const booleanTag = 0x01
const subjectAlternativeNameOid = '551d11'
const issuerAlternativeNameOid = '551d12'

const c = CryptographicAlgorithm
const algorithms = { rsa: c.RSA, ec: c.ECDSA, dsa: c.DSA, dh: c.DH } as const
const byteAlgorithms = { ed25519: c.Ed25519, ed448: c.Ed448, x25519: c.ECDH, x448: c.ECDH } as const

const d = DigitalSignatureAlgorithm
const pkcs1 = '2a864886f70d0101'
const signatureAlgorithms: ReadonlyMap<string, number> = new Map([
  [`${pkcs1}02`, d.MD2WithRSAEncryption],
  [`${pkcs1}04`, d.MD5WithRSAEncryption],
  [`${pkcs1}05`, d.SHA_1WithRSAEncryption],
  [`${pkcs1}0a`, d.RSASSA_PSS],
  [`${pkcs1}0b`, d.SHA_256WithRSAEncryption],
  [`${pkcs1}0c`, d.SHA_384WithRSAEncryption],
  [`${pkcs1}0d`, d.SHA_512WithRSAEncryption],
  [`${pkcs1}0e`, d.SHA_224WithRSAEncryption],
  ['2a8648ce380403', d.DSAWithSHA_1],
  ['608648016503040301', d.DSAWithSHA224],
  ['608648016503040302', d.DSAWithSHA256],
  ['2a8648ce3d0401', d.ECDSAWithSHA_1],
  ['2a8648ce3d040301', d.ECDSAWithSHA224],
  ['2a8648ce3d040302', d.ECDSAWithSHA256],
  ['2a8648ce3d040303', d.ECDSAWithSHA384],
  ['2a8648ce3d040304', d.ECDSAWithSHA512],
  ['60864801650304030e', d.SHA3_256WithRSAEncryption],
  ['60864801650304030f', d.SHA3_384WithRSAEncryption],
  ['608648016503040310', d.SHA3_512WithRSAEncryption],
])
