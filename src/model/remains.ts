import { keyBlockOf, withKeyBlock } from '../kmip/object.ts'
import type { ManagedObjectValue } from '../kmip/object.ts'
import { Secret } from '../kmip/secret.ts'
import type { ManagedObject } from './managed-object.ts'

/**
 * The object without its material, of which the structure is kept for Export: "if the Managed Object has been Destroyed
 * then the key material SHALL not be returned" (KMIP 2.1 6.1.18).
 */
export function withoutValue(object: ManagedObject): ManagedObject {
  const { value, remains } = object
  return {
    ...object, value: undefined, asRegistered: undefined, remains: value === undefined ? remains : remainsOf(value),
  }
}

/** @returns undefined for a template, of which nothing stays (KMIP 1.4 4.21) */
export function remainsOf(object: ManagedObjectValue): ManagedObjectValue | undefined {
  const keyBlock = keyBlockOf(object)
  if (keyBlock !== undefined) {
    const { keyValue: _keyValue, keyWrappingData: _keyWrappingData, ...rest } = keyBlock
    return withKeyBlock(object, rest)
  }
  switch (object.kind) {
    case 'Certificate': return { ...object, value: { ...object.value, certificateValue: nothing } }
    case 'CertificateRequest': return { ...object, value: { ...object.value, certificateRequestValue: nothing } }
    case 'OpaqueObject': return { ...object, value: { ...object.value, opaqueDataValue: new Secret(nothing) } }
    default: return undefined
  }
}

const nothing = Buffer.alloc(0)
