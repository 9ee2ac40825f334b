import { decodeKeyBlock, defaultFormat, encodeKeyBlock } from '../crypto/key-format.ts'
import type { PlainKey, Provider, StoredKey } from '../crypto/provider.ts'
import type { AttributeSet } from '../kmip/attribute.ts'
import { KmipError } from '../kmip/error.ts'
import { KeyFormatType, SecretDataType } from '../kmip/generated/enums.ts'
import type { KeyBlock, ManagedObjectValue } from '../kmip/object.ts'
import { parseVersion } from '../kmip/version.ts'
import type { Version } from '../kmip/version.ts'
import { isElliptic } from '../model/key-length.ts'
import { digestOfMaterial } from './digest.ts'
import type { Digest } from './digest.ts'
import type { Draft } from './new-object.ts'

/** Object types of which the server makes keys. */
export type KeyObjectKind = 'SymmetricKey' | 'PrivateKey' | 'PublicKey' | 'SecretData'

/**
 * A key that the provider has made as an object in the format that the client asked for by the Key Format Type
 * attribute, or in the default one.
 *
 * @throws KmipError Key Format Type Not Supported
 */
export function keyParts(
  provider: Provider, stored: StoredKey, kind: KeyObjectKind, given: AttributeSet, version: Version,
): Pick<Draft, 'facts' | 'value' | 'provider'> {
  const spec = {
    ...(kind !== 'SecretData' && { cryptographicAlgorithm: stored.algorithm }),
    cryptographicLength: stored.length,
  }
  if ('reference' in stored && !('bytes' in stored)) {
    if (given.extractable === true || given.sensitive === false) {
      throw new KmipError('InvalidAttributeValue', `a key in ${provider.name} is Sensitive and not Extractable`)
    }
    const keyFormatType = given.keyFormatType ?? KeyFormatType.Raw
    const keyBlock = { keyFormatType, cryptographicAlgorithm: stored.algorithm, cryptographicLength: stored.length }
    return {
      value: objectOf(kind, keyBlock),
      provider: { name: provider.name, reference: stored.reference },
      facts: { ...spec, keyFormatType, ...curveOf(stored), sensitive: true, extractable: false },
    }
  }
  const keyBlock = encodeKeyBlock(stored, given.keyFormatType ?? madeFormat(stored, version))
  const { keyFormatType } = keyBlock
  return {
    value: objectOf(kind, keyBlock),
    ...('reference' in stored && { provider: { name: provider.name, reference: stored.reference } }),
    facts: { ...spec, keyFormatType, digest: digestsOf(keyBlock, stored, version) },
  }
}

/**
 * The digests of a key: in the format that it has and, since 2.0, in the default one of its kind (KMIP 2.1 4.21, 4.26).
 *
 * @param plain undefined for a key that the server cannot read, which has only the first
 */
export function digestsOf(keyBlock: KeyBlock, plain: PlainKey | undefined, version: Version): Digest[] {
  const { keyValue, keyFormatType } = keyBlock
  if (keyValue === undefined || 'wrapped' in keyValue) return []
  const own = digestOfMaterial(keyValue.keyMaterial, keyFormatType)
  if (version < v2 || plain === undefined || defaultFormat(plain) === keyFormatType) return [own]
  const standard = encodeKeyBlock(plain).keyValue
  if (standard === undefined || 'wrapped' in standard) return [own]
  return [own, digestOfMaterial(standard.keyMaterial, defaultFormat(plain))]
}

/** The key in a key block, or undefined for material in a format or of an algorithm that the server cannot read. */
export function readableKey(keyBlock: KeyBlock, kind: PlainKey['kind']): PlainKey | undefined {
  try {
    return decodeKeyBlock(keyBlock, kind)
  } catch (error) {
    if (error instanceof KmipError && unreadable.has(error.reason)) return undefined
    throw error
  }
}

export function objectOf(kind: KeyObjectKind, keyBlock: KeyBlock): ManagedObjectValue {
  return kind === 'SecretData'
    ? { kind, value: { secretDataType: SecretDataType.Password, keyBlock } }
    : { kind, value: { keyBlock } }
}

/**
 * 1.x has no default formats: elliptic curve keys get those that every client reads, and secrets the one that the
 * published cases show (TC-CREATE-SD). Later versions have KMIP 2.1 Table 81.
 */
function madeFormat(key: PlainKey, version: Version): number {
  if (version >= v2) return defaultFormat(key)
  if (key.kind === 'secret') return KeyFormatType.Opaque
  if (!isElliptic(key.algorithm) || isMontgomery(key)) return defaultFormat(key)
  return key.kind === 'private' ? KeyFormatType.ECPrivateKey : KeyFormatType.X_509
}

/** Keys of RFC 8410 have no SEC 1 form, and their default is not a transparent one. */
function isMontgomery(key: PlainKey): boolean {
  return defaultFormat(key) === (key.kind === 'private' ? KeyFormatType.PKCS_8 : KeyFormatType.X_509)
}

function curveOf({ curve, length }: StoredKey): AttributeSet {
  return curve === undefined ? {} : { cryptographicDomainParameters: { qlength: length, recommendedCurve: curve } }
}

const v2 = parseVersion('2.0')
const unreadable: ReadonlySet<string> = new Set(['KeyFormatTypeNotSupported', 'FeatureNotSupported'])
