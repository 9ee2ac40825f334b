import { hash } from 'node:crypto'
import type { AttributeSet, AttributeValue } from '../kmip/attribute.ts'
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

/**
 * Format and Digest of an object without a key block; nothing for a template. The published cases call the format of a
 * certificate Raw (TC-CERTATTR-1-14 and -20, TC-IMPEXP-5-20), whatever the default one of KMIP 2.1 Table 81 is.
 */
export function factsOfValue(object: ManagedObjectValue): Pick<AttributeSet, 'keyFormatType' | 'digest'> {
  switch (object.kind) {
    case 'Certificate': return digested(object.value.certificateValue, KeyFormatType.Raw)
    case 'CertificateRequest': return digested(object.value.certificateRequestValue, KeyFormatType.PKCS_10)
    case 'OpaqueObject': return digested(object.value.opaqueDataValue.reveal(), KeyFormatType.Opaque)
    default: return {}
  }
}

function digested(bytes: Buffer, keyFormatType: number): AttributeSet {
  return { keyFormatType, digest: [digestOf(bytes, keyFormatType)] }
}

function digestOf(bytes: Buffer, keyFormatType: number): Digest {
  return { hashingAlgorithm: HashingAlgorithm.SHA_256, digestValue: hash('sha256', bytes, 'buffer'), keyFormatType }
}

function transparentBytes({ transparent }: Exclude<KeyMaterial, Secret>): Buffer {
  return encodeItem({ tag: Tag.KeyMaterial, type: ItemType.Structure, value: transparent })
}
