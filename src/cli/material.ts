import { createPrivateKey, createPublicKey } from 'node:crypto'
import {
  CertificateType, CryptographicAlgorithm, KeyFormatType, SecretDataType,
} from '../kmip/generated/enums.ts'
import type { ManagedObjectValue } from '../kmip/object.ts'
import { Secret } from '../kmip/secret.ts'
import { usualUsage } from './algorithm.ts'
import { UsageError } from './command.ts'
import { hexBytes } from './data.ts'
import { pemBlock } from './pem.ts'

export const objectTypes = ['symmetric', 'private', 'public', 'certificate', 'secret', 'opaque'] as const
type ObjectTypeText = (typeof objectTypes)[number]

interface Reading {
  readonly type?: string | undefined
  readonly encoding?: string | undefined
  /** Of a symmetric key. */
  readonly algorithm: number
}

/**
 * The object that a file holds.
 *
 * @throws UsageError when the file is not what it is said to be
 */
export function readObject(file: Buffer, { type, encoding, algorithm }: Reading): ManagedObjectValue {
  const form = encoding === undefined ? (looksLikePem(file) ? 'pem' : 'raw') : checkEncoding(encoding)
  const wanted = type === undefined ? undefined : checkType(type)
  if (form === 'pem') {
    const { bytes, form: pem } = pemBlock(file.toString('utf8'))
    if (wanted !== undefined && wanted !== pem.type) {
      throw new UsageError(`the PEM file holds a ${pem.type}, not a ${wanted}`)
    }
    return objectOf(pem.type, bytes, pem.format, algorithm)
  }
  const bytes = form === 'hex' ? hexBytes('the file', file.toString('latin1')) : file
  if (bytes.length === 0) throw new UsageError('the file is empty')
  return objectOf(wanted ?? 'symmetric', bytes, derFormats[wanted ?? 'symmetric'], algorithm)
}

/** What such an object is usually for; nothing for one that no algorithm is known of. */
export function usageOf({ kind, value }: ManagedObjectValue, algorithm: number): number | undefined {
  if (kind === 'SymmetricKey') return usualUsage(algorithm, 'symmetric')
  if (kind !== 'PrivateKey' && kind !== 'PublicKey') return undefined
  const { keyValue, keyFormatType } = value.keyBlock
  if (keyValue === undefined || 'wrapped' in keyValue || !(keyValue.keyMaterial instanceof Secret)) return undefined
  const found = algorithms[keyTypeOf(kind, keyFormatType, keyValue.keyMaterial.reveal()) ?? '']
  if (found === undefined) throw new UsageError('the algorithm of the key is unknown here: say its --usage')
  return usualUsage(found, kind === 'PrivateKey' ? 'private' : 'public')
}

function objectOf(type: ObjectTypeText, bytes: Buffer, keyFormatType: number, algorithm: number): ManagedObjectValue {
  const keyBlock = { keyFormatType, keyValue: { keyMaterial: new Secret(bytes) } }
  switch (type) {
    case 'symmetric': {
      const spec = { cryptographicAlgorithm: algorithm, cryptographicLength: bytes.length * 8 }
      return { kind: 'SymmetricKey', value: { keyBlock: { ...keyBlock, ...spec } } }
    }
    case 'private': return { kind: 'PrivateKey', value: { keyBlock } }
    case 'public': return { kind: 'PublicKey', value: { keyBlock } }
    case 'certificate':
      return { kind: 'Certificate', value: { certificateType: CertificateType.X_509, certificateValue: bytes } }
    case 'secret': return { kind: 'SecretData', value: { secretDataType: SecretDataType.Password, keyBlock } }
    default:
      return { kind: 'OpaqueObject', value: { opaqueDataType: anyOpaqueData, opaqueDataValue: new Secret(bytes) } }
  }
}

function keyTypeOf(kind: 'PrivateKey' | 'PublicKey', format: number, der: Buffer): string | undefined {
  const type = derTypes.get(format)
  try {
    const key = kind === 'PrivateKey'
      ? createPrivateKey({ key: der, format: 'der', type: type as 'pkcs8' })
      : createPublicKey({ key: der, format: 'der', type: type as 'spki' })
    return key.asymmetricKeyType
  } catch {
    throw new UsageError(`the file is not a readable ${kind === 'PrivateKey' ? 'private' : 'public'} key`)
  }
}

function looksLikePem(file: Buffer): boolean {
  return file.includes('-----BEGIN ')
}

function checkEncoding(text: string): 'pem' | 'raw' | 'hex' {
  if (text === 'pem' || text === 'raw' || text === 'hex') return text
  throw new UsageError('--encoding is raw, hex or pem')
}

function checkType(text: string): ObjectTypeText {
  const found = objectTypes.find((type) => type === text)
  if (found === undefined) throw new UsageError(`--type is one of ${objectTypes.join(', ')}`)
  return found
}

/** Of files that are not PEM: DER in the form that most programs write. */
const derFormats: Readonly<Record<ObjectTypeText, number>> = {
  symmetric: KeyFormatType.Raw,
  private: KeyFormatType.PKCS_8,
  public: KeyFormatType.X_509,
  certificate: KeyFormatType.X_509,
  secret: KeyFormatType.Raw,
  opaque: KeyFormatType.Opaque,
}

const derTypes: ReadonlyMap<number, string> = new Map([
  [KeyFormatType.PKCS_8, 'pkcs8'], [KeyFormatType.PKCS_1, 'pkcs1'], [KeyFormatType.ECPrivateKey, 'sec1'],
  [KeyFormatType.X_509, 'spki'],
])

const c = CryptographicAlgorithm

/** Node's names of key types. */
const algorithms: Readonly<Record<string, number>> = {
  'rsa': c.RSA, 'rsa-pss': c.RSA, 'dsa': c.DSA, 'ec': c.EC, 'ed25519': c.Ed25519, 'ed448': c.Ed448,
  'x25519': c.ECDH, 'x448': c.ECDH, 'dh': c.DH,
}

/** The standard lists no types of opaque data; the first of the range for extensions says nothing more. */
const anyOpaqueData = 0x8000_0000
