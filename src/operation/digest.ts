import { hash } from 'node:crypto'
import type { AttributeValue } from '../kmip/attribute.ts'
import { HashingAlgorithm, KeyFormatType } from '../kmip/generated/enums.ts'
import { Tag } from '../kmip/generated/tags.ts'
import type { KeyMaterial, ManagedObjectValue } from '../kmip/object.ts'
import { Secret } from '../kmip/secret.ts'
import { ItemType } from '../ttlv/item.ts'
import { encodeItem } from '../ttlv/writer.ts'

export type Digest = AttributeValue<'digest'>

/** The Digest of Key Material: of its bytes, or of a transparent structure as TTLV (KMIP 2.1 4.21). */
export function digestOfMaterial(material: KeyMaterial, keyFormatType: number): Digest {
  return digestOf(material instanceof Secret ? material.reveal() : transparentBytes(material), keyFormatType)
}

/** The Digest of an object without a key block, or undefined where there is nothing to digest. */
export function digestOfValue(object: ManagedObjectValue): Digest | undefined {
  switch (object.kind) {
    case 'Certificate': return digestOf(object.value.certificateValue, KeyFormatType.X_509)
    case 'CertificateRequest': return digestOf(object.value.certificateRequestValue, KeyFormatType.PKCS_10)
    case 'OpaqueObject': return digestOf(object.value.opaqueDataValue.reveal(), KeyFormatType.Opaque)
    default: return undefined
  }
}

function digestOf(bytes: Buffer, keyFormatType: number): Digest {
  return { hashingAlgorithm: HashingAlgorithm.SHA_256, digestValue: hash('sha256', bytes, 'buffer'), keyFormatType }
}

function transparentBytes({ transparent }: Exclude<KeyMaterial, Secret>): Buffer {
  return encodeItem({ tag: Tag.KeyMaterial, type: ItemType.Structure, value: transparent })
}
