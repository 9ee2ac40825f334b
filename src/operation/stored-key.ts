import { parseCertificate } from '../crypto/certificate.ts'
import { decodeKeyBlock } from '../crypto/key-format.ts'
import type { KeyKind, PlainKey, StoredKey } from '../crypto/provider.ts'
import { KmipError } from '../kmip/error.ts'
import { CertificateType } from '../kmip/generated/enums.ts'
import type { KeyBlock, ManagedObjectValue, ObjectKind } from '../kmip/object.ts'
import { Secret } from '../kmip/secret.ts'
import type { ManagedObject } from '../model/managed-object.ts'

/**
 * The material of an object as providers take it; a certificate stands for its public key.
 *
 * @throws KmipError Invalid Object Type for an object that is no key, Key Value Not Present for material that is
 *   elsewhere, Key Wrap Type Not Supported for a key that only its wrapped form is known of, Key Format Type Not
 *   Supported for material that the server cannot read
 */
export function storedKeyOf(object: ManagedObject): StoredKey {
  const { kind, value, provider, attributes } = object
  if (provider !== undefined) {
    return {
      kind: keyKindOf(kind),
      algorithm: attributes.cryptographicAlgorithm ?? 0,
      length: attributes.cryptographicLength ?? 0,
      curve: attributes.cryptographicDomainParameters?.recommendedCurve,
      reference: provider.reference,
    }
  }
  if (value === undefined) throw new KmipError('KeyValueNotPresent', 'the key material is not on the server')
  return plainKeyOf(value, attributes)
}

/** As `storedKeyOf`, of an object that is in the clear. */
export function plainKeyOf(value: ManagedObjectValue, told: Told = {}): PlainKey {
  if (value.kind === 'Certificate') return certificateKey(value.value)
  const kind = keyKindOf(value.kind)
  const { keyBlock } = value.value as { readonly keyBlock: KeyBlock }
  if (keyBlock.keyWrappingData !== undefined) {
    throw new KmipError('KeyWrapTypeNotSupported', 'the key was registered wrapped, and the server cannot unwrap it')
  }
  const algorithm = keyBlock.cryptographicAlgorithm ?? told.cryptographicAlgorithm
  const length = keyBlock.cryptographicLength ?? told.cryptographicLength
  const key = decodeKeyBlock({ ...keyBlock, cryptographicAlgorithm: algorithm, cryptographicLength: length }, kind)
  // A secret has no algorithm of its own; a one-time pad, for one, is told apart by the attribute.
  return kind === 'secret' && algorithm !== undefined ? { ...key, algorithm } : key
}

/** @throws KmipError Invalid Object Type */
export function keyKindOf(kind: ObjectKind): KeyKind {
  const keyKind = keyKinds[kind]
  if (keyKind === undefined) throw new KmipError('InvalidObjectType', 'the object is not a key')
  return keyKind
}

/** What attributes say of the key where its Key Block does not. */
interface Told {
  readonly cryptographicAlgorithm?: number | undefined
  readonly cryptographicLength?: number | undefined
}

function certificateKey(
  { certificateType, certificateValue }: { readonly certificateType: number; readonly certificateValue: Buffer },
): PlainKey {
  if (certificateType !== CertificateType.X_509) {
    throw new KmipError('InvalidObjectType', 'the keys of such certificates cannot be used')
  }
  const { keySpec, publicKey } = parseCertificate(certificateValue)
  if (keySpec === undefined) throw new KmipError('KeyFormatTypeNotSupported', 'the public key is of an unknown algorithm')
  return { ...keySpec, kind: 'public', bytes: new Secret(publicKey) }
}

const keyKinds: Partial<Record<ObjectKind, KeyKind>> = {
  SymmetricKey: 'symmetric',
  PrivateKey: 'private',
  PublicKey: 'public',
  Certificate: 'public',
  SecretData: 'secret',
}
