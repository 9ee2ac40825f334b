import { createPrivateKey, createPublicKey } from 'node:crypto'
import { KmipError } from '../kmip/error.ts'
import { CryptographicAlgorithm, KeyCompressionType, KeyFormatType } from '../kmip/generated/enums.ts'
import type { KeyBlock, KeyMaterial } from '../kmip/object.ts'
import { Secret } from '../kmip/secret.ts'
import {
  decodePkcs1Private, decodePkcs1Public, decodePkcs8, decodeSec1, decodeSpki, encodePkcs1Private, encodePkcs1Public,
  encodePkcs8, encodeSec1, encodeSpki,
} from './asymmetric.ts'
import type { FinitePublic, PrivateNumbers, PublicNumbers } from './asymmetric.ts'
import { byteCurves, publicPoint, sm2Curve } from './curve.ts'
import { outerSequence } from './der.ts'
import { invalid } from './failure.ts'
import { decoded, matchesAlgorithm, specOf } from './key-check.ts'
import type { KeyKind, KeySpec, PlainKey } from './provider.ts'
import { symmetricFamily } from './symmetric.ts'
import {
  formatNotSupported, isTransparent, pointIn, readTransparentPrivate, readTransparentPublic, readTransparentSymmetric,
  writeTransparentPrivate, writeTransparentPublic, writeTransparentSymmetric,
} from './transparent.ts'

/**
 * The material of a Key Block as the provider takes it (KMIP 2.1 3.1.3): raw bytes, PKCS#8 or
 * SubjectPublicKeyInfo. Algorithm and length come from the block where it has them, else from the
 * material, and must agree. PKCS_12 needs a password, see `pkcs12.ts`.
 *
 * @throws KmipError Key Format Type Not Supported; Key Value Not Present; Invalid Field for material
 *   that is not of that format
 */
export function decodeKeyBlock(block: KeyBlock, kind: KeyKind): PlainKey {
  const { keyValue, keyFormatType } = block
  if (keyValue === undefined) throw new KmipError('KeyValueNotPresent', 'the key block has no key value')
  if (isEncryptedPrivateKey(block)) throw formatNotSupported()
  if ('wrapped' in keyValue || block.keyWrappingData !== undefined) throw invalid('the key value is wrapped')
  const { keyMaterial } = keyValue
  const transparent = isTransparent(keyFormatType)
  if (keyMaterial instanceof Secret && transparent) throw invalid('the key material is not of its format')
  switch (kind) {
    case 'symmetric': return decodeSymmetric(block, keyMaterial)
    case 'secret': return decodeSecret(block, keyMaterial)
    case 'private': {
      const numbers = decoded(() => keyMaterial instanceof Secret
        ? readPrivate(keyFormatType, keyMaterial.reveal())
        : readTransparentPrivate(keyFormatType, keyMaterial.transparent))
      // What came as PKCS#8 stays byte for byte as it came.
      const der = keyFormatType === KeyFormatType.PKCS_8 ? (keyMaterial as Secret) : new Secret(encodePkcs8(numbers))
      return { ...agreedSpec(block, numbers), kind, bytes: der }
    }
    default: {
      const numbers = decoded(() => keyMaterial instanceof Secret
        ? readPublic(keyFormatType, keyMaterial.reveal())
        : readTransparentPublic(keyFormatType, keyMaterial.transparent))
      const der = keyFormatType === KeyFormatType.X_509 ? (keyMaterial as Secret) : new Secret(encodeSpki(numbers))
      return { ...agreedSpec(block, numbers), kind, bytes: der }
    }
  }
}

/**
 * Whether the block is an EncryptedPrivateKeyInfo, which KMIP allows under PKCS_8: it can be kept and
 * given out, but not used here, because nobody tells the server its password.
 */
export function isEncryptedPrivateKey({ keyFormatType, keyValue }: KeyBlock): boolean {
  if (keyFormatType !== KeyFormatType.PKCS_8 || keyValue === undefined || !('keyMaterial' in keyValue)) return false
  const { keyMaterial } = keyValue
  if (!(keyMaterial instanceof Secret)) return false
  try {
    const info = outerSequence(keyMaterial.reveal())
    const hasAlgorithm = info.sequence().oid() !== ''
    return info.octets().length > 0 && hasAlgorithm && info.done
  } catch {
    return false
  }
}

/**
 * The Key Block of a key in a format.
 *
 * @param keyFormatType absent: the default of KMIP 2.1 table 81
 * @param keyCompressionType how the point of an elliptic curve public key is written; absent: uncompressed
 * @throws KmipError Key Format Type Not Supported or Key Compression Type Not Supported
 */
export function encodeKeyBlock(
  key: PlainKey, keyFormatType: number = defaultFormat(key), keyCompressionType?: number,
): KeyBlock {
  const { algorithm, length, kind } = key
  if (keyCompressionType !== undefined && kind !== 'public') throw compressionNotSupported()
  const keyMaterial = materialOf(key, keyFormatType, keyCompressionType)
  const block = { keyFormatType, keyValue: { keyMaterial }, keyCompressionType }
  return kind === 'secret' ? block : { ...block, cryptographicAlgorithm: algorithm, cryptographicLength: length }
}

/** KMIP 2.1 table 81. SM2, which has no curve number, and the curves of RFC 8410 have no transparent form. */
export function defaultFormat({ kind, algorithm, curve }: PlainKey): number {
  if (kind === 'symmetric' || kind === 'secret') return KeyFormatType.Raw
  if (algorithm === c.RSA) return KeyFormatType.PKCS_1
  const isPrivate = kind === 'private'
  const finite = finiteFormats.get(algorithm)
  if (finite !== undefined) return isPrivate ? finite.privateKey : finite.publicKey
  if (curve === undefined || isByteCurve(curve)) return isPrivate ? KeyFormatType.PKCS_8 : KeyFormatType.X_509
  return isPrivate ? KeyFormatType.TransparentECPrivateKey : KeyFormatType.TransparentECPublicKey
}

/** The public half of a private key that `importKey` has accepted. */
export function publicKeyOf({ algorithm, length, curve, bytes }: PlainKey): PlainKey {
  const der = decoded(() => publicDer(bytes.reveal()))
  return { algorithm, length, curve, kind: 'public', bytes: new Secret(der) }
}

function publicDer(der: Buffer): Buffer {
  const numbers = decodePkcs8(der)
  if (numbers.type === 'ec' && numbers.curve === sm2Curve) {
    return encodeSpki({ type: 'ec', curve: sm2Curve, point: publicPoint(sm2Curve, numbers.d) })
  }
  if (numbers.type === 'dh') {
    const { p, q, g, j, x } = numbers
    const plain = encodePkcs8({ type: 'dh', p, g, x })
    const own = decodeSpki(nativePublicDer(plain))
    return encodeSpki({ type: 'dh', p, q, g, j, y: (own as FinitePublic).y })
  }
  return nativePublicDer(der)
}

function nativePublicDer(der: Buffer): Buffer {
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  return createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
}

function decodeSymmetric(block: KeyBlock, material: KeyMaterial): PlainKey {
  const { keyFormatType, cryptographicAlgorithm: algorithm } = block
  if (algorithm === undefined) throw invalid('the key block has no cryptographic algorithm')
  if (!symmetricFormats.has(keyFormatType)) throw formatNotSupported()
  const bytes = material instanceof Secret ? material : new Secret(readTransparentSymmetric(material.transparent))
  const length = block.cryptographicLength ?? bytes.length * 8
  const family = symmetricFamily(algorithm)
  if (family !== undefined && (length <= 0 || family.materialLength(length) !== bytes.length)) {
    throw invalid('the key has the wrong length for its cryptographic length')
  }
  return { algorithm, length, kind: 'symmetric', bytes }
}

function decodeSecret({ keyFormatType }: KeyBlock, material: KeyMaterial): PlainKey {
  if (!(material instanceof Secret) || !secretFormats.has(keyFormatType)) throw formatNotSupported()
  return { algorithm: noAlgorithm, length: material.length * 8, kind: 'secret', bytes: material }
}

function readPrivate(keyFormatType: number, bytes: Buffer): PrivateNumbers {
  switch (keyFormatType) {
    case KeyFormatType.PKCS_1: return decodePkcs1Private(bytes)
    case KeyFormatType.PKCS_8: return decodePkcs8(bytes)
    case KeyFormatType.ECPrivateKey: return decodeSec1(bytes)
    default: throw formatNotSupported()
  }
}

function readPublic(keyFormatType: number, bytes: Buffer): PublicNumbers {
  switch (keyFormatType) {
    case KeyFormatType.PKCS_1: return decodePkcs1Public(bytes)
    case KeyFormatType.X_509: return decodeSpki(bytes)
    default: throw formatNotSupported()
  }
}

/** Algorithm, length and curve of the numbers, which the block may name too and then has to name rightly. */
function agreedSpec(block: KeyBlock, numbers: PrivateNumbers | PublicNumbers): KeySpec {
  const algorithm = block.cryptographicAlgorithm ?? algorithmOf(numbers)
  if (!matchesAlgorithm(algorithm, numbers)) throw invalid('the key material is of another cryptographic algorithm')
  const spec = { algorithm, ...specOf(numbers) }
  const given = block.cryptographicLength
  if (given !== undefined && given !== spec.length) throw invalid('the key material has another cryptographic length')
  return spec
}

function algorithmOf(numbers: PrivateNumbers | PublicNumbers): number {
  switch (numbers.type) {
    case 'rsa': return c.RSA
    case 'dsa': return c.DSA
    case 'dh': return c.DH
    case 'ec': return numbers.curve === sm2Curve ? c.SM2 : c.EC
    default: return byteAlgorithms[numbers.curve.name]
  }
}

function materialOf(key: PlainKey, keyFormatType: number, keyCompressionType: number | undefined): KeyMaterial {
  const bytes = key.bytes
  switch (key.kind) {
    case 'symmetric': {
      if (keyFormatType === KeyFormatType.TransparentSymmetricKey) {
        return { transparent: writeTransparentSymmetric(bytes.reveal()) }
      }
      if (!symmetricFormats.has(keyFormatType)) throw formatNotSupported()
      return bytes
    }
    case 'secret': {
      if (!secretFormats.has(keyFormatType)) throw formatNotSupported()
      return bytes
    }
    case 'private': return privateMaterial(bytes, keyFormatType)
    default: return publicMaterial(bytes, keyFormatType, keyCompressionType)
  }
}

function privateMaterial(bytes: Secret, keyFormatType: number): KeyMaterial {
  if (keyFormatType === KeyFormatType.PKCS_8) return bytes
  const numbers = decodePkcs8(bytes.reveal())
  if (isTransparent(keyFormatType)) return { transparent: writeTransparentPrivate(keyFormatType, numbers) }
  if (keyFormatType === KeyFormatType.PKCS_1 && numbers.type === 'rsa') return new Secret(encodePkcs1Private(numbers))
  const isSec1 = keyFormatType === KeyFormatType.ECPrivateKey
  if (isSec1 && numbers.type === 'ec') return new Secret(encodeSec1(numbers, true))
  throw formatNotSupported()
}

function publicMaterial(bytes: Secret, keyFormatType: number, keyCompressionType: number | undefined): KeyMaterial {
  const numbers = decodeSpki(bytes.reveal())
  const form = keyCompressionType === undefined ? undefined : pointForms.get(keyCompressionType)
  if (keyCompressionType !== undefined && (form === undefined || numbers.type !== 'ec')) throw compressionNotSupported()
  if (isTransparent(keyFormatType)) return { transparent: writeTransparentPublic(keyFormatType, numbers, form) }
  if (keyFormatType === KeyFormatType.PKCS_1 && numbers.type === 'rsa') return new Secret(encodePkcs1Public(numbers))
  if (keyFormatType !== KeyFormatType.X_509) throw formatNotSupported()
  if (form === undefined || numbers.type !== 'ec') return bytes
  return new Secret(encodeSpki({ ...numbers, point: pointIn(numbers, form) }))
}

function isByteCurve(id: number): boolean {
  return byteCurves.some((curve) => curve.id === id)
}

function compressionNotSupported(): KmipError {
  return new KmipError('KeyCompressionTypeNotSupported', 'the key compression type is not supported for this key')
}

const c = CryptographicAlgorithm
const finiteFormats: ReadonlyMap<number, { privateKey: number; publicKey: number }> = new Map([
  [c.DSA, { privateKey: KeyFormatType.TransparentDSAPrivateKey, publicKey: KeyFormatType.TransparentDSAPublicKey }],
  [c.DH, { privateKey: KeyFormatType.TransparentDHPrivateKey, publicKey: KeyFormatType.TransparentDHPublicKey }],
])
/** The algorithm of a secret, which has none. */
export const noAlgorithm = 0
const byteAlgorithms = { ed25519: c.Ed25519, ed448: c.Ed448, x25519: c.ECDH, x448: c.ECDH } as const
const symmetricFormats: ReadonlySet<number> = new Set([
  KeyFormatType.Raw, KeyFormatType.Opaque, KeyFormatType.TransparentSymmetricKey,
])
const secretFormats: ReadonlySet<number> = new Set([KeyFormatType.Raw, KeyFormatType.Opaque])
/** KMIP 2.1 11.24; the compressed form for fields of characteristic two belongs to curves that are not here. */
const pointForms: ReadonlyMap<number, 'compressed' | 'uncompressed' | 'hybrid'> = new Map([
  [KeyCompressionType.ECPublicKeyTypeUncompressed, 'uncompressed'],
  [KeyCompressionType.ECPublicKeyTypeX9_62CompressedPrime, 'compressed'],
  [KeyCompressionType.ECPublicKeyTypeX9_62Hybrid, 'hybrid'],
])
