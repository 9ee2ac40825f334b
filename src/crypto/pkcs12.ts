import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { KmipError } from '../kmip/error.ts'
import { Secret } from '../kmip/secret.ts'
import {
  derElement, derInteger, derNull, derOctets, derOid, DerReader, derSequence, DerTag, outerSequence,
} from './der.ts'
import { cryptographicFailure, invalid } from './failure.ts'
import { decoded } from './key-check.ts'
import { bmpPassword, decryptPbe, encryptPbes2, macHashes, pkcs12Key } from './pkcs12-pbe.ts'

/** What a PKCS#12 container holds of interest to KMIP: one private key and its certificates. */
export interface Pkcs12 {
  /** PrivateKeyInfo, DER. */
  readonly privateKey: Secret
  /** DER, in the order of the container; by convention the key's own comes first. */
  readonly certificates: readonly Buffer[]
  readonly friendlyName?: string | undefined
}

/**
 * Opens a PKCS#12 container (RFC 7292) in password integrity mode, with Triple DES or PBES2 privacy.
 *
 * @throws KmipError Cryptographic Failure for a wrong password, Invalid Field for what is no container
 *   with exactly one private key, Key Format Type Not Supported for ciphers of OpenSSL's legacy provider
 */
export async function decodePkcs12(der: Buffer, password: Secret): Promise<Pkcs12> {
  const authenticated = decoded(() => checkedContents(der, password))
  const parts = decoded(() => readAll(authenticated, (item) => item))
  if (parts.length > partsMax) throw invalid('the container has too many parts')
  const bags: Bag[] = []
  for (const part of parts) {
    const contents = decoded(() => contentInfo(new DerReader(part).sequence()))
    const safe = 'data' in contents ? contents.data : await decryptPbe(contents.algorithm, contents.encrypted, password)
    bags.push(...decoded(() => readAll(safe, readBag)))
  }
  return collect(bags, password)
}

/**
 * Builds a container: the key and its certificates each under AES-256 with PBKDF2-HMAC-SHA-256, the whole
 * under HMAC-SHA-256. The bytes of keys and certificates go in as they are, so nothing of a client's DER is
 * parsed here.
 */
export async function encodePkcs12(contents: Pkcs12, password: Secret): Promise<Secret> {
  const { privateKey, certificates, friendlyName = defaultFriendlyName } = contents
  const attributes = derElement(
    DerTag.Set,
    attribute(friendlyNameOid, derElement(bmpStringTag, utf16(friendlyName))),
    attribute(localKeyIdOid, derOctets(Buffer.from([1]))),
  )
  const key = await encryptPbes2(privateKey.reveal(), password)
  const keyBag = bag(shroudedKeyBagOid, derSequence(key.algorithm, derOctets(key.encrypted)), attributes)
  const certificateBags = certificates.map((certificate, index) => {
    const value = derSequence(derOid(x509CertificateOid), explicit(derOctets(certificate)))
    return bag(certificateBagOid, value, index === 0 ? attributes : Buffer.alloc(0))
  })
  const sealed = await encryptPbes2(derSequence(...certificateBags), password)
  const encryptedContent = derSequence(
    derOid(dataOid), sealed.algorithm, derElement(encryptedContentTag, sealed.encrypted),
  )
  const encryptedData = derSequence(derInteger(0n), encryptedContent)
  const safe = derSequence(
    ...certificates.length > 0 ? [derSequence(derOid(encryptedDataOid), explicit(encryptedData))] : [],
    derSequence(derOid(dataOid), explicit(derOctets(derSequence(keyBag)))),
  )
  const authSafe = derSequence(derOid(dataOid), explicit(derOctets(safe)))
  return new Secret(derSequence(derInteger(3n), authSafe, macOf(safe, password)))
}

interface Bag {
  readonly oid: string
  readonly value: Buffer
  readonly friendlyName: string | undefined
}

/** The authenticated safe, after its MAC has been checked; without one nothing vouches for the password. */
function checkedContents(der: Buffer, password: Secret): Buffer {
  const pfx = outerSequence(der)
  if (pfx.integer() !== 3n) throw invalid('not a PKCS#12 container of version 3')
  const contents = contentInfo(pfx.sequence())
  if (!('data' in contents)) throw notSupported()
  const macData = pfx.sequence()
  pfx.end()
  const digestInfo = macData.sequence()
  const algorithm = digestInfo.sequence()
  const hash = macHashes.get(algorithm.oid())
  if (!algorithm.done) algorithm.null()
  algorithm.end()
  const digest = digestInfo.octets()
  digestInfo.end()
  const salt = macData.octets()
  const iterations = macData.done ? 1n : macData.integer()
  macData.end()
  if (hash === undefined) throw notSupported()
  const key = pkcs12Key(hash, 3, bmpPassword(password), salt, iterations, hash.length)
  const own = createHmac(hash.name, key).update(contents.data).digest()
  if (own.length !== digest.length || !timingSafeEqual(own, digest)) throw cryptographicFailure()
  return contents.data
}

function macOf(safe: Buffer, password: Secret): Buffer {
  const hash = macHashes.get(sha256Oid)!
  const salt = randomBytes(16)
  const key = pkcs12Key(hash, 3, bmpPassword(password), salt, macIterations, hash.length)
  const digest = createHmac(hash.name, key).update(safe).digest()
  const digestInfo = derSequence(derSequence(derOid(sha256Oid), derNull()), derOctets(digest))
  return derSequence(digestInfo, derOctets(salt), derInteger(macIterations))
}

type ContentInfo = { readonly data: Buffer } | { readonly algorithm: DerReader; readonly encrypted: Buffer }

function contentInfo(info: DerReader): ContentInfo {
  const oid = info.oid()
  const content = new DerReader(info.read(explicitTag))
  info.end()
  if (oid === dataOid) return { data: content.octets() }
  if (oid !== encryptedDataOid) throw notSupported()
  const encryptedData = content.sequence()
  if (encryptedData.integer() !== 0n) throw invalid('unknown version of encrypted data')
  const inner = encryptedData.sequence()
  if (inner.oid() !== dataOid) throw notSupported()
  return { algorithm: inner.sequence(), encrypted: inner.read(encryptedContentTag) }
}

function readBag(der: Buffer): Bag {
  const reader = new DerReader(der).sequence()
  const oid = reader.oid()
  const value = reader.read(explicitTag)
  let friendlyName: string | undefined
  if (!reader.done) {
    for (const element of readSet(reader.read(DerTag.Set))) {
      const entry = new DerReader(element).sequence()
      if (entry.oid() !== friendlyNameOid) continue
      const name = Buffer.from(new DerReader(entry.read(DerTag.Set)).read(bmpStringTag))
      if (name.length % 2 === 0) friendlyName = name.swap16().toString('utf16le')
    }
  }
  return { oid, value, friendlyName }
}

async function collect(bags: readonly Bag[], password: Secret): Promise<Pkcs12> {
  const keys = bags.filter(({ oid }) => oid === shroudedKeyBagOid || oid === keyBagOid)
  const [key] = keys
  if (key === undefined || keys.length > 1) throw invalid('the container holds not exactly one private key')
  const certificates = bags.filter(({ oid }) => oid === certificateBagOid).map(({ value }) => decoded(() => {
    const certificate = new DerReader(value).sequence()
    if (certificate.oid() !== x509CertificateOid) throw notSupported()
    return new DerReader(certificate.read(explicitTag)).octets()
  }))
  return { privateKey: new Secret(await privateKeyInfo(key, password)), certificates, friendlyName: key.friendlyName }
}

async function privateKeyInfo({ oid, value }: Bag, password: Secret): Promise<Buffer> {
  if (oid === keyBagOid) return value
  const { algorithm, encrypted } = decoded(() => {
    const info = new DerReader(value).sequence()
    return { algorithm: info.sequence(), encrypted: info.octets() }
  })
  return decryptPbe(algorithm, encrypted, password)
}

/** The elements of a SEQUENCE OF. */
function readAll<T>(der: Buffer, read: (element: Buffer) => T): T[] {
  const sequence = outerSequence(der)
  const result: T[] = []
  while (!sequence.done) result.push(read(sequence.readRaw()))
  return result
}

function readSet(contents: Buffer): Buffer[] {
  const set = new DerReader(contents)
  const result: Buffer[] = []
  while (!set.done) result.push(set.readRaw())
  return result
}

function bag(oid: string, value: Buffer, attributes: Buffer): Buffer {
  return derSequence(derOid(oid), explicit(value), attributes)
}

function attribute(oid: string, value: Buffer): Buffer {
  return derSequence(derOid(oid), derElement(DerTag.Set, value))
}

function explicit(contents: Buffer): Buffer {
  return derElement(explicitTag, contents)
}

function utf16(text: string): Buffer {
  return Buffer.from(text, 'utf16le').swap16()
}

function notSupported(): KmipError {
  return new KmipError('KeyFormatTypeNotSupported', 'the PKCS#12 container is of a kind that is not supported')
}

const explicitTag = 0xa0
const encryptedContentTag = 0x80
const bmpStringTag = 0x1e
const pkcs7 = '2a864886f70d0107'
const dataOid = `${pkcs7}01`
const encryptedDataOid = `${pkcs7}06`
const pkcs12Bags = '2a864886f70d010c0a01'
const keyBagOid = `${pkcs12Bags}01`
const shroudedKeyBagOid = `${pkcs12Bags}02`
const certificateBagOid = `${pkcs12Bags}03`
const x509CertificateOid = '2a864886f70d01091601'
const friendlyNameOid = '2a864886f70d010914'
const localKeyIdOid = '2a864886f70d010915'
const sha256Oid = '608648016503040201'
const macIterations = 2048n
/** Two are usual; each can make the event loop derive a key. */
const partsMax = 4
/** KMIP 2.1 4.39. */
const defaultFriendlyName = 'alias'
