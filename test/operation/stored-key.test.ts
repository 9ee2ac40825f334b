import { describe, expect, test } from 'vitest'
import { CryptographicAlgorithm, KeyFormatType, SecretDataType } from '../../src/kmip/generated/enums.ts'
import type { ManagedObjectValue } from '../../src/kmip/object.ts'
import { Secret } from '../../src/kmip/secret.ts'
import type { ManagedObject } from '../../src/model/managed-object.ts'
import { storedKeyOf } from '../../src/operation/stored-key.ts'

const material = Buffer.from('00112233445566778899aabbccddeeff', 'hex')

function objectOf(value: ManagedObjectValue | undefined, more: Partial<ManagedObject> = {}): ManagedObject {
  const kind = value?.kind ?? 'SymmetricKey'
  return { uniqueIdentifier: 'u', revision: 1, account: 'a', owner: 'o', kind, attributes: {}, value, ...more }
}

function block(format: number, more: object = {}): { keyFormatType: number; keyValue: { keyMaterial: Secret } } {
  return { keyFormatType: format, keyValue: { keyMaterial: new Secret(Buffer.from(material)) }, ...more }
}

describe('a stored key', () => {
  test('takes from the attributes what its key block leaves out', () => {
    const value = { kind: 'SymmetricKey', value: { keyBlock: block(KeyFormatType.Raw) } } as const
    const attributes = { cryptographicAlgorithm: CryptographicAlgorithm.AES, cryptographicLength: 128 }
    const key = storedKeyOf(objectOf(value, { attributes }))
    expect(key).toMatchObject({ kind: 'symmetric', algorithm: CryptographicAlgorithm.AES, length: 128 })
    expect('bytes' in key && key.bytes.reveal().equals(material)).toBe(true)
  })

  test('of a secret has the algorithm that an attribute gives it', () => {
    const value = {
      kind: 'SecretData', value: { secretDataType: SecretDataType.Password, keyBlock: block(KeyFormatType.Opaque) },
    } as const
    expect(storedKeyOf(objectOf(value))).toMatchObject({ kind: 'secret', length: 128 })
    const attributes = { cryptographicAlgorithm: CryptographicAlgorithm.OneTimePad }
    expect(storedKeyOf(objectOf(value, { attributes }))).toMatchObject({ algorithm: CryptographicAlgorithm.OneTimePad })
  })

  test('of another provider is the reference', () => {
    const reference = Buffer.from('slot 1')
    const provider = { name: 'token', reference }
    const attributes = { cryptographicAlgorithm: CryptographicAlgorithm.AES, cryptographicLength: 256 }
    expect(storedKeyOf(objectOf(undefined, { provider, attributes })))
      .toEqual({ kind: 'symmetric', algorithm: CryptographicAlgorithm.AES, length: 256, curve: undefined, reference })
  })

  const wrapping = { keyWrappingData: { wrappingMethod: 1 } }
  test.each<[string, ManagedObjectValue | undefined, string]>([
    ['has no material on the server', undefined, 'KeyValueNotPresent'],
    ['has a key block without a value', {
      kind: 'SymmetricKey', value: { keyBlock: { keyFormatType: 1, cryptographicAlgorithm: 3 } },
    }, 'KeyValueNotPresent'],
    ['is known in its wrapped form alone', {
      kind: 'SymmetricKey', value: { keyBlock: block(KeyFormatType.Raw, wrapping) },
    }, 'KeyWrapTypeNotSupported'],
    ['is in a format that is not one of its kind', {
      kind: 'SymmetricKey', value: { keyBlock: block(KeyFormatType.PKCS_8, { cryptographicAlgorithm: 3 }) },
    }, 'KeyFormatTypeNotSupported'],
    ['is an opaque object', {
      kind: 'OpaqueObject', value: { opaqueDataType: 1, opaqueDataValue: new Secret(material) },
    }, 'InvalidObjectType'],
    ['is a PGP certificate', {
      kind: 'Certificate', value: { certificateType: 2, certificateValue: material },
    }, 'InvalidObjectType'],
    ['is a template', { kind: 'Template', value: {} }, 'InvalidObjectType'],
  ])('is refused when the object %s', (_, value, reason) => {
    expect(() => storedKeyOf(objectOf(value))).toThrow(expect.objectContaining({ reason }))
  })
})
