import { curveByOid } from '../crypto/curve.ts'
import { DerError, DerReader } from '../crypto/der.ts'
import type { AttributeSet } from '../kmip/attribute.ts'
import { CryptographicAlgorithm, CryptographicUsageMask, NameType } from '../kmip/generated/enums.ts'
import { Tag } from '../kmip/generated/tags.ts'
import { Pkcs11Reader } from '../kmip/pkcs11-codec.ts'
import { Cka, Ckk, Cko } from '../kmip/pkcs11-constants.ts'
import { permits, withoutUse } from '../model/usage.ts'
import { ItemType } from '../ttlv/item.ts'
import { Pkcs11Failure } from './pkcs-11-application.ts'
import { idAttribute, keyTypes, usageOf } from './pkcs-11-attribute.ts'

/** Attributes that objects are to have, each with its value. */
export type Template = ReadonlyMap<number, Buffer>

export function readTemplate(input: Pkcs11Reader): Template {
  const template = new Map<number, Buffer>()
  for (let left = input.count(); left > 0; left -= 1) {
    const type = input.ulong()
    if (template.has(type)) throw new Pkcs11Failure('TEMPLATE_INCONSISTENT')
    template.set(type, input.isPresent() ? input.bytes() : Buffer.alloc(0))
  }
  return template
}

/**
 * The KMIP attributes of a key that PKCS#11 makes. It is active at once, since PKCS#11 knows no other state, and an object
 * of the token. Without any usage it has those that its type is for.
 *
 * @param now seconds since 1970-01-01 UTC
 * @throws Pkcs11Failure for attributes that contradict the key, are not known, or that a key cannot be given
 */
export function keyAttributes(template: Template, objectClass: number, algorithm: number, now: number): AttributeSet {
  let set: AttributeSet = { cryptographicAlgorithm: algorithm, activationDate: now }
  let isUsageGiven = false
  for (const [type, value] of template) {
    if (usageOf(type, objectClass) !== undefined) {
      isUsageGiven = true
    } else if (fixed.has(type)) {
      checkFixed(type, value, objectClass, algorithm)
    } else {
      set = { ...set, ...given(type, value) }
    }
  }
  const mask = isUsageGiven ? maskAfter(0, template, objectClass) : defaultMask(objectClass, algorithm)
  return { ...set, cryptographicUsageMask: mask }
}

/**
 * The usage mask of a key with the usages that a template gives or takes. One that its class has not may be taken, since it
 * is told to be false.
 *
 * @throws Pkcs11Failure for one that the class has not and is to be given, and for what is neither true nor false
 */
export function maskAfter(before: number, template: Template, objectClass: number): number {
  let mask = before
  for (const [type, value] of template) {
    const usage = usageOf(type, objectClass)
    if (usage === undefined) continue
    const isGiven = truth(value)
    if (usage === null) {
      if (isGiven) throw new Pkcs11Failure('TEMPLATE_INCONSISTENT')
      continue
    }
    const bit = CryptographicUsageMask[usage]
    if (!isGiven) mask = withoutUse(mask, bit)
    else if (!permits(mask, bit)) mask += bit
  }
  return mask
}

/** The algorithm of a secret key by the CKA_KEY_TYPE that is given for it. */
export function secretAlgorithm(template: Template): number {
  const type = template.get(Cka.KEY_TYPE)
  if (type === undefined) throw new Pkcs11Failure('TEMPLATE_INCOMPLETE')
  switch (ulong(type)) {
    case Ckk.AES: return CryptographicAlgorithm.AES
    case Ckk.GENERIC_SECRET: return genericAlgorithm
    default: throw new Pkcs11Failure('TEMPLATE_INCONSISTENT')
  }
}

export function ulong(value: Buffer): number {
  if (value.length !== 8) throw new Pkcs11Failure('ATTRIBUTE_VALUE_INVALID')
  return new Pkcs11Reader(value).ulong()
}

export function truth(value: Buffer): boolean {
  if (value.length !== 1 || value[0]! > 1) throw new Pkcs11Failure('ATTRIBUTE_VALUE_INVALID')
  return value[0] === 1
}

export function nameOf(label: Buffer): NonNullable<AttributeSet['name']>[number] {
  return { nameValue: label.toString('utf8'), nameType: NameType.UninterpretedTextString }
}

export function idOf(value: Buffer): NonNullable<AttributeSet['vendorAttribute']>[number] {
  return { ...idAttribute, attributeValue: { tag: Tag.AttributeValue, type: ItemType.ByteString, value } }
}

function given(type: number, value: Buffer): AttributeSet {
  switch (type) {
    case Cka.LABEL: return value.length === 0 ? {} : { name: [nameOf(value)] }
    case Cka.ID: return value.length === 0 ? {} : { vendorAttribute: [idOf(value)] }
    case Cka.SENSITIVE: return { sensitive: truth(value) }
    case Cka.EXTRACTABLE: return { extractable: truth(value) }
    case Cka.VALUE_LEN: return { cryptographicLength: ulong(value) * 8 }
    case Cka.MODULUS_BITS: return { cryptographicLength: ulong(value) }
    case Cka.EC_PARAMS: return curveOf(value)
    default: throw new Pkcs11Failure('ATTRIBUTE_TYPE_INVALID')
  }
}

function curveOf(parameters: Buffer): AttributeSet {
  try {
    const curve = curveByOid(new DerReader(parameters).oid())
    if (curve?.id === undefined) throw new Pkcs11Failure('CURVE_NOT_SUPPORTED')
    return { cryptographicLength: curve.bits, cryptographicDomainParameters: { recommendedCurve: curve.id } }
  } catch (error) {
    if (error instanceof DerError) throw new Pkcs11Failure('DOMAIN_PARAMS_INVALID')
    throw error
  }
}

/** What follows from the key, and is only true or not. */
function checkFixed(type: number, value: Buffer, objectClass: number, algorithm: number): void {
  const isTrue = type === Cka.CLASS
    ? ulong(value) === objectClass
    : type === Cka.KEY_TYPE
      ? ulong(value) === (keyTypes.get(algorithm) ?? Ckk.GENERIC_SECRET)
      : type === Cka.PUBLIC_EXPONENT
        ? value.toString('hex').replace(/^(00)+/, '') === '010001'
        : truth(value) === (type === Cka.TOKEN || objectClass !== Cko.PUBLIC_KEY)
  if (!isTrue) throw new Pkcs11Failure('TEMPLATE_INCONSISTENT')
}

function defaultMask(objectClass: number, algorithm: number): number {
  const { Encrypt, Decrypt, MACGenerate, MACVerify, Sign, Verify } = CryptographicUsageMask
  if (objectClass === Cko.PRIVATE_KEY) return Sign
  if (objectClass === Cko.PUBLIC_KEY) return Verify
  return algorithm === CryptographicAlgorithm.AES ? Encrypt + Decrypt : MACGenerate + MACVerify
}

const fixed: ReadonlySet<number> = new Set([Cka.CLASS, Cka.KEY_TYPE, Cka.TOKEN, Cka.PRIVATE, Cka.PUBLIC_EXPONENT])
/** KMIP's keys for a MAC are of one hash; PKCS#11's generic secret is taken for the commonest. */
export const genericAlgorithm = CryptographicAlgorithm.HMAC_SHA256
