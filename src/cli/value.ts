import { CryptographicAlgorithm, KeyFormatType, ObjectType } from '../kmip/generated/enums.ts'
import { keyBlockOf, objectTypeOf } from '../kmip/object.ts'
import type { ManagedObjectValue } from '../kmip/object.ts'
import { Secret } from '../kmip/secret.ts'
import { UsageError } from './command.ts'
import { nameOf } from './names.ts'
import { pemText } from './pem.ts'

/** The bytes of an object, and what they are. */
export interface ObjectValue {
  readonly bytes: Buffer
  readonly isSecret: boolean
  /** PEM, where the format has that. */
  readonly pem: string | undefined
  /** For `--json`. */
  readonly about: Readonly<Record<string, string | number>>
}

/** @throws UsageError for an object that is not one string of bytes */
export function valueOf(object: ManagedObjectValue): ObjectValue {
  const objectType = nameOf(ObjectType, objectTypeOf(object.kind))
  if (object.kind === 'Certificate') {
    const bytes = object.value.certificateValue
    return { bytes, isSecret: false, pem: pemText('certificate', KeyFormatType.X_509, bytes), about: { objectType } }
  }
  if (object.kind === 'OpaqueObject') {
    return { bytes: object.value.opaqueDataValue.reveal(), isSecret: true, pem: undefined, about: { objectType } }
  }
  const block = keyBlockOf(object)
  if (block === undefined) throw new UsageError(`a ${objectType} has no value to get`)
  const { keyFormatType, cryptographicAlgorithm, cryptographicLength } = block
  const bytes = materialOf(object)
  const kind = object.kind === 'PrivateKey' ? 'private' : object.kind === 'PublicKey' ? 'public' : undefined
  return {
    bytes,
    isSecret: object.kind !== 'PublicKey',
    pem: kind === undefined ? undefined : pemText(kind, keyFormatType, bytes),
    about: {
      objectType,
      keyFormatType: nameOf(KeyFormatType, keyFormatType),
      ...(cryptographicAlgorithm !== undefined && {
        cryptographicAlgorithm: nameOf(CryptographicAlgorithm, cryptographicAlgorithm),
      }),
      ...(cryptographicLength !== undefined && { cryptographicLength }),
    },
  }
}

/** @throws UsageError */
export function encoded({ bytes, pem }: ObjectValue, encoding: string | undefined): Buffer {
  switch (encoding) {
    case undefined: return Buffer.from(pem ?? `${bytes.toString('hex')}\n`, 'latin1')
    case 'raw': return bytes
    case 'hex': return Buffer.from(`${bytes.toString('hex')}\n`, 'latin1')
    case 'pem':
      if (pem === undefined) throw new UsageError('this format has no PEM form')
      return Buffer.from(pem, 'latin1')
    default: throw new UsageError('--encoding is hex, pem or raw')
  }
}

/** The usual format to ask for, of a key that came as a structure of numbers (a transparent format). */
export function formatInBytes(object: ManagedObjectValue): number | undefined {
  const keyValue = keyBlockOf(object)?.keyValue
  if (keyValue === undefined || 'wrapped' in keyValue || keyValue.keyMaterial instanceof Secret) return undefined
  if (object.kind === 'PrivateKey') return KeyFormatType.PKCS_8
  return object.kind === 'PublicKey' ? KeyFormatType.X_509 : KeyFormatType.Raw
}

function materialOf(object: ManagedObjectValue): Buffer {
  const keyValue = keyBlockOf(object)?.keyValue
  if (keyValue === undefined) throw new UsageError('the server has no value of this key')
  if ('wrapped' in keyValue) return keyValue.wrapped.reveal()
  if (keyValue.keyMaterial instanceof Secret) return keyValue.keyMaterial.reveal()
  throw new UsageError('the server gives this format in several numbers: ask for raw, pkcs-8 or x-509 with --format')
}
