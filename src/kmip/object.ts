import { ItemType } from '../ttlv/item.ts'
import type { Item } from '../ttlv/item.ts'
import { attributeList } from './attribute-codec.ts'
import type { AttributeSet } from './attribute.ts'
import { CryptographicParameters } from './attribute-value.ts'
import { ObjectType } from './generated/enums.ts'
import { Tag } from './generated/tags.ts'
import { identifier } from './identifier.ts'
import {
  bigInteger, bytes, enumeration, field, forKeeping, integer, nested, optional, since, structure,
} from './schema.ts'
import type { Coding, Field, Infer, Structure, FieldMap } from './schema.ts'
import { Secret } from './secret.ts'

/** Managed objects and the structures that they are made of (KMIP 2.1 sections 2 and 3). */

export const EncryptionKeyInformation = structure('2.1 3.1.5', {
  uniqueIdentifier: identifier(),
  cryptographicParameters: optional(nested(Tag.CryptographicParameters, CryptographicParameters)),
})

export const MACSignatureKeyInformation = structure('2.1 3.1.5', {
  uniqueIdentifier: identifier(),
  cryptographicParameters: optional(nested(Tag.CryptographicParameters, CryptographicParameters)),
})

export const KeyWrappingData = structure('2.1 3.1.5', {
  wrappingMethod: enumeration(Tag.WrappingMethod),
  encryptionKeyInformation: optional(nested(Tag.EncryptionKeyInformation, EncryptionKeyInformation)),
  macSignatureKeyInformation: optional(nested(Tag.MACSignatureKeyInformation, MACSignatureKeyInformation)),
  macSignature: optional(bytes(Tag.MACSignature)),
  ivCounterNonce: optional(bytes(Tag.IVCounterNonce)),
  encodingOption: since('1.1', optional(enumeration(Tag.EncodingOption, 'EncodingOptionError'))),
})
export type KeyWrappingData = Infer<typeof KeyWrappingData>

/** Key Material: bytes, or the structure of a transparent format as it stands. */
export type KeyMaterial = Secret | { readonly transparent: readonly Item[] }

/** Key Value: the material with its attributes or, when wrapped as a whole, opaque bytes (KMIP 2.1 3.1.4). */
export type KeyValue =
  | { readonly keyMaterial: KeyMaterial; readonly attributes?: AttributeSet | undefined }
  | { readonly wrapped: Secret }

const KeyValueStructure = structure('2.1 3.1.4', {
  keyMaterial: keyMaterial(),
  attributes: optional(attributeList()),
})

export const KeyBlock = structure('2.1 3.1.3', {
  keyFormatType: enumeration(Tag.KeyFormatType),
  keyCompressionType: optional(enumeration(Tag.KeyCompressionType)),
  keyValue: optional(keyValue()),
  cryptographicAlgorithm: optional(enumeration(Tag.CryptographicAlgorithm)),
  cryptographicLength: optional(integer(Tag.CryptographicLength)),
  keyWrappingData: optional(nested(Tag.KeyWrappingData, KeyWrappingData)),
})
export type KeyBlock = Infer<typeof KeyBlock>

export const Certificate = structure('2.1 2.1', {
  certificateType: enumeration(Tag.CertificateType),
  certificateValue: bytes(Tag.CertificateValue),
})

export const CertificateRequest = structure('2.1 2.2', {
  certificateRequestType: enumeration(Tag.CertificateRequestType),
  certificateRequestValue: bytes(Tag.CertificateRequestValue),
})

export const OpaqueObject = structure('2.1 2.3', {
  opaqueDataType: enumeration(Tag.OpaqueDataType),
  opaqueDataValue: secret(Tag.OpaqueDataValue),
})

export const PGPKey = structure('2.1 2.4', {
  pgpKeyVersion: integer(Tag.PGPKeyVersion),
  keyBlock: nested(Tag.KeyBlock, KeyBlock),
})

export const KeyObject = structure('2.1 2.5, 2.6, 2.9', {
  keyBlock: nested(Tag.KeyBlock, KeyBlock),
})

export const SecretData = structure('2.1 2.7', {
  secretDataType: enumeration(Tag.SecretDataType),
  keyBlock: nested(Tag.KeyBlock, KeyBlock),
})

export const SplitKey = structure('2.1 2.8', {
  splitKeyParts: integer(Tag.SplitKeyParts),
  keyPartIdentifier: integer(Tag.KeyPartIdentifier),
  splitKeyThreshold: integer(Tag.SplitKeyThreshold),
  splitKeyMethod: enumeration(Tag.SplitKeyMethod),
  primeFieldSize: optional(bigInteger(Tag.PrimeFieldSize)),
  keyBlock: nested(Tag.KeyBlock, KeyBlock),
})

/** Removed in 2.0 (KMIP 1.4 2.2.6). */
export const Template = structure('1.4 2.2.6', {
  attributes: optional(attributeList()),
})

/** A managed object by its type; `kind` is the Object Type's name. */
export type ManagedObjectValue =
  | { readonly kind: 'Certificate'; readonly value: Infer<typeof Certificate> }
  | { readonly kind: 'CertificateRequest'; readonly value: Infer<typeof CertificateRequest> }
  | { readonly kind: 'OpaqueObject'; readonly value: Infer<typeof OpaqueObject> }
  | { readonly kind: 'PGPKey'; readonly value: Infer<typeof PGPKey> }
  | { readonly kind: 'PrivateKey' | 'PublicKey' | 'SymmetricKey'; readonly value: Infer<typeof KeyObject> }
  | { readonly kind: 'SecretData'; readonly value: Infer<typeof SecretData> }
  | { readonly kind: 'SplitKey'; readonly value: Infer<typeof SplitKey> }
  | { readonly kind: 'Template'; readonly value: Infer<typeof Template> }
export type ObjectKind = ManagedObjectValue['kind']

/** The object of a Register, Import, Get or Export payload: which structure it is, its tag says. */
export function managedObject(): Field<ManagedObjectValue> {
  const kinds = new Map(Object.entries(objectShapes).map(([kind, { tag }]) => [tag, kind as ObjectKind]))
  return field<ManagedObjectValue>([...kinds.keys()], (item, coding) => {
    const kind = kinds.get(item.tag)!
    return objectOf(kind, objectShapes[kind].shape.decode(item, forKeeping(coding)))
  }, (writer, { kind, value }, coding) => {
    const { tag, shape } = objectShapes[kind]
    shape.encode(writer, tag, value, coding)
  })
}

/** Kind and structure belong together by the table, which the type checker cannot follow. */
function objectOf(kind: ObjectKind, value: unknown): ManagedObjectValue {
  return { kind, value } as ManagedObjectValue
}

/** The object's key block, or undefined for an object that has none. */
export function keyBlockOf(object: ManagedObjectValue): KeyBlock | undefined {
  return 'keyBlock' in object.value ? object.value.keyBlock : undefined
}

/** The object with another key block; only of one that has a key block. */
export function withKeyBlock(object: ManagedObjectValue, keyBlock: KeyBlock): ManagedObjectValue {
  return { ...object, value: { ...object.value, keyBlock } } as ManagedObjectValue
}

export function objectTypeOf(kind: ObjectKind): number {
  return ObjectType[kind]
}

export function secret(tag: number): Field<Secret> {
  const inner = bytes(tag)
  return field([tag], (item, coding) => new Secret(inner.decode(item, coding)), (writer, value) =>
    writer.byteString(tag, value.reveal()))
}

function keyMaterial(): Field<KeyMaterial> {
  const asBytes = secret(Tag.KeyMaterial)
  return field<KeyMaterial>([Tag.KeyMaterial], (item, coding) => {
    return item.type === ItemType.Structure ? { transparent: item.value } : asBytes.decode(item, coding)
  }, (writer, value, coding) => {
    if (value instanceof Secret) asBytes.encode(writer, value, coding)
    else writer.item({ tag: Tag.KeyMaterial, type: ItemType.Structure, value: value.transparent })
  })
}

function keyValue(): Field<KeyValue> {
  return field<KeyValue>([Tag.KeyValue], (item, coding) => {
    return item.type === ItemType.ByteString
      ? { wrapped: new Secret(item.value) }
      : KeyValueStructure.decode(item, coding)
  }, (writer, value, coding: Coding) => {
    if ('wrapped' in value) writer.byteString(Tag.KeyValue, value.wrapped.reveal())
    else KeyValueStructure.encode(writer, Tag.KeyValue, value, coding)
  })
}

const objectShapes: Readonly<Record<ObjectKind, { readonly tag: number; readonly shape: Structure<FieldMap> }>> = {
  Certificate: { tag: Tag.Certificate, shape: Certificate },
  CertificateRequest: { tag: Tag.CertificateRequest, shape: CertificateRequest },
  OpaqueObject: { tag: Tag.OpaqueObject, shape: OpaqueObject },
  PGPKey: { tag: Tag.PGPKey, shape: PGPKey },
  PrivateKey: { tag: Tag.PrivateKey, shape: KeyObject },
  PublicKey: { tag: Tag.PublicKey, shape: KeyObject },
  SecretData: { tag: Tag.SecretData, shape: SecretData },
  SplitKey: { tag: Tag.SplitKey, shape: SplitKey },
  SymmetricKey: { tag: Tag.SymmetricKey, shape: KeyObject },
  Template: { tag: Tag.Template, shape: Template },
}
