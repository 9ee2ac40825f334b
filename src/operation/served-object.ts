import { encodeKeyBlock } from '../crypto/key-format.ts'
import { attributesBySpecName } from '../kmip/attribute.ts'
import type { AttributeSet } from '../kmip/attribute.ts'
import { instancesOf, toSet } from '../kmip/attribute-codec.ts'
import type { VendorAttribute } from '../kmip/attribute-value.ts'
import { KmipError } from '../kmip/error.ts'
import { CryptographicAlgorithm, KeyFormatType, KeyWrapType } from '../kmip/generated/enums.ts'
import type { KeyWrappingSpecification } from '../kmip/key-wrapping-specification.ts'
import { keyBlockOf, withKeyBlock } from '../kmip/object.ts'
import type { KeyBlock, KeyMaterial, ManagedObjectValue } from '../kmip/object.ts'
import { isKnown, valueRange } from '../kmip/value-range.ts'
import { parseVersion } from '../kmip/version.ts'
import type { Version } from '../kmip/version.ts'
import { attributesOf } from '../model/attributes-of.ts'
import type { Awaitable } from '../model/awaitable.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import { checkServable } from './cmk-delete.ts'
import { conceals, wrapKeyBlock } from './key-wrapping.ts'
import type { Context } from './operation.ts'
import { servePkcs12 } from './serve-pkcs12.ts'
import { plainKeyOf } from './stored-key.ts'

/** How Get and Export want an object. */
export interface Wanted {
  readonly keyFormatType?: number | undefined
  readonly keyWrapType?: number | undefined
  readonly keyCompressionType?: number | undefined
  readonly keyWrappingSpecification?: KeyWrappingSpecification | undefined
}

/**
 * An object as it goes to a client (KMIP 2.1 6.1.19): as it was registered, or converted and wrapped.
 *
 * @throws KmipError Not Extractable, Sensitive, Permission Denied, Key Value Not Present, Key Format Type Not
 *   Supported, Key Compression Type Not Supported, Key Wrap Type Not Supported, Invalid Object Type, and as `wrapKeyBlock`
 */
export function servedObject(context: Context, object: ManagedObject, wanted: Wanted): Awaitable<ManagedObjectValue> {
  const { value } = object
  checkServable(object, context.now)
  if (object.provider !== undefined && value !== undefined) checkMayLeave(object, value, wanted)
  if (value === undefined || (object.provider !== undefined && object.kind === 'PrivateKey')) {
    throw new KmipError('KeyValueNotPresent', 'the key material is not on the server')
  }
  const form = chooseForm(object, value, wanted)
  checkMayLeave(object, form, wanted)
  if (wanted.keyFormatType === KeyFormatType.PKCS_12) return servePkcs12(context, object, form)
  const keyBlock = keyBlockOf(form)
  if (keyBlock === undefined) return withoutConversion(form, wanted)
  if (keyBlock.keyValue === undefined && context.version < v1_2) {
    throw new KmipError('KeyValueNotPresent', 'before 1.2 no Key Block is without its Key Value')
  }
  if (keyBlock.keyWrappingData !== undefined) return withKeyBlock(form, described(keyBlock, object))
  const formatted = described(inFormat(form, keyBlock, object, wanted, context.version), object)
  const { keyWrappingSpecification: specification } = wanted
  if (specification === undefined) return withKeyBlock(form, formatted)
  const attributes = namedAttributes(attributesOf(object, context.now), specification.attributeName)
  const wrapped = wrapKeyBlock(context, formatted, materialOf(formatted), attributes, specification)
  return wrapped.then((block) => withKeyBlock(form, block))
}

/**
 * The form as registered or the one that came out of it: what has to be converted or wrapped anew is the latter.
 *
 * @throws KmipError Key Wrap Type Not Supported when only the wrapped form is known
 */
function chooseForm(object: ManagedObject, value: ManagedObjectValue, wanted: Wanted): ManagedObjectValue {
  const { keyWrapType, keyFormatType, keyCompressionType, keyWrappingSpecification } = wanted
  if (keyWrapType !== undefined && keyWrapType !== KeyWrapType.AsRegistered && keyWrapType !== KeyWrapType.NotWrapped) {
    throw new KmipError('KeyWrapTypeNotSupported', 'the Key Wrap Type is not supported')
  }
  const registered = object.asRegistered ?? value
  const block = keyBlockOf(registered)
  if (block?.keyWrappingData === undefined) return registered
  const isConverted = (keyFormatType !== undefined && keyFormatType !== block.keyFormatType) ||
    keyCompressionType !== undefined || keyWrappingSpecification !== undefined
  if (keyWrapType !== KeyWrapType.NotWrapped && !isConverted) return registered
  if (object.asRegistered === undefined) {
    throw new KmipError('KeyWrapTypeNotSupported', 'the key was registered wrapped, and the server cannot unwrap it')
  }
  return value
}

/**
 * KMIP 2.1 4.23, 4.55: a key that another one wraps may leave although it is sensitive. A pad that encrypts here is
 * kept like that too, as whoever has it reads what it has encrypted (TC-OTP-4).
 */
function checkMayLeave({ kind, attributes }: ManagedObject, form: ManagedObjectValue, wanted: Wanted): void {
  if (attributes.extractable === false) throw new KmipError('NotExtractable', 'the object is not extractable')
  const isPad = kind === 'SecretData' && attributes.cryptographicAlgorithm === CryptographicAlgorithm.OneTimePad &&
    attributes.keyValuePresent !== false
  if (attributes.sensitive !== true && !isPad) return
  const { keyWrappingSpecification: specification } = wanted
  const isWrapped = specification === undefined
    ? keyBlockOf(form)?.keyWrappingData !== undefined
    : conceals(specification) && keyBlockOf(form) !== undefined
  if (isWrapped) return
  if (attributes.sensitive !== true) throw new KmipError('PermissionDenied', 'a one-time pad leaves only wrapped')
  throw new KmipError('Sensitive', 'the object is sensitive: it leaves only wrapped')
}

/**
 * The structure of a destroyed object, without its material (KMIP 2.1 6.1.18).
 *
 * @throws KmipError Key Value Not Present for what had no structure when it was destroyed: a CMK's version whose material
 *   was never imported, or has expired
 */
export function servedRemains(object: ManagedObject): ManagedObjectValue {
  const { remains } = object
  if (remains === undefined) throw new KmipError('KeyValueNotPresent', 'the key material is not on the server')
  const keyBlock = keyBlockOf(remains)
  return keyBlock === undefined ? remains : withKeyBlock(remains, described(keyBlock, object))
}

function withoutConversion(form: ManagedObjectValue, wanted: Wanted): ManagedObjectValue {
  if (wanted.keyWrappingSpecification !== undefined) {
    throw new KmipError('InvalidObjectType', 'an object without a key block cannot be wrapped')
  }
  if (wanted.keyCompressionType !== undefined) {
    throw new KmipError('KeyCompressionTypeNotSupported', 'the object is not a public key')
  }
  if (wanted.keyFormatType !== undefined && formats[form.kind]?.includes(wanted.keyFormatType) !== true) {
    throw new KmipError('KeyFormatTypeNotSupported', 'the object has no such format')
  }
  return form
}

function inFormat(
  form: ManagedObjectValue, block: KeyBlock, object: ManagedObject, wanted: Wanted, version: Version,
): KeyBlock {
  const { keyFormatType: own, keyCompressionType: compression } = block
  const { keyFormatType = knownFormat(own, version), keyCompressionType } = wanted
  const isSame = keyFormatType === own && (keyCompressionType === undefined || keyCompressionType === compression)
  if (isSame) return block
  if (form.kind === 'PGPKey' || form.kind === 'SplitKey') {
    throw new KmipError(
      keyFormatType === own ? 'KeyCompressionTypeNotSupported' : 'KeyFormatTypeNotSupported', 'such an object is not converted')
  }
  if (block.keyValue === undefined) throw new KmipError('KeyValueNotPresent', 'the key material is not on the server')
  const converted = encodeKeyBlock(plainKeyOf(form, object.attributes), keyFormatType, keyCompressionType)
  return { ...block, ...converted }
}

/** A key's algorithm and length, which a client may have told as attributes, stand in its Key Block (KMIP 1.4 2.1.3). */
function described(block: KeyBlock, { kind, attributes }: ManagedObject): KeyBlock {
  if (kind === 'SecretData') return block
  const { cryptographicAlgorithm = attributes.cryptographicAlgorithm } = block
  const { cryptographicLength = attributes.cryptographicLength } = block
  const isKnown = cryptographicAlgorithm !== undefined && cryptographicLength !== undefined
  return isKnown ? { ...block, cryptographicAlgorithm, cryptographicLength } : block
}

/** A format that the version does not know yet, or no longer, is replaced by one that every version has. */
function knownFormat(keyFormatType: number, version: Version): number {
  if (isKnown('KeyFormatType', keyFormatType, version)) return keyFormatType
  const { name } = valueRange('KeyFormatType', keyFormatType)!
  return name.includes('Private') ? KeyFormatType.ECPrivateKey : KeyFormatType.X_509
}

function materialOf({ keyValue }: KeyBlock): KeyMaterial {
  if (keyValue === undefined) throw new KmipError('KeyValueNotPresent', 'the key material is not on the server')
  if ('wrapped' in keyValue) throw new KmipError('KeyWrapTypeNotSupported', 'the key is wrapped already')
  return keyValue.keyMaterial
}

/** Attributes by their names of 1.x, or by those that 2.x writes together; the client has none that the object lacks. */
function namedAttributes(attributes: AttributeSet, names: readonly string[]): AttributeSet {
  const wanted = new Set(names.map((name) => {
    const found = attributesBySpecName.get(name) ?? compactNames.get(name)
    if (found === undefined && !/^[xy]-./.test(name)) throw new KmipError('InvalidField', 'an Attribute Name is unknown')
    return found ?? name
  }))
  return toSet(instancesOf(attributes).filter(({ name, value }) => {
    if (name !== 'vendorAttribute') return wanted.has(name)
    const { vendorIdentification, attributeName } = value as VendorAttribute
    return wanted.has(`${vendorIdentification}-${attributeName}`)
  }))
}

const v1_2 = parseVersion('1.2')
const compactNames = new Map([...attributesBySpecName].map(([name, attribute]) => [name.replaceAll(/[ .#]/g, ''), attribute]))

/** The formats that objects without a key block may be asked for by name. */
const formats: Partial<Record<ManagedObjectValue['kind'], readonly number[]>> = {
  Certificate: [KeyFormatType.X_509, KeyFormatType.Raw],
  CertificateRequest: [KeyFormatType.PKCS_10, KeyFormatType.Raw],
  OpaqueObject: [KeyFormatType.Opaque, KeyFormatType.Raw],
}
