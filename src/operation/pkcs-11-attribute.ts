import type { AttributeSet } from '../kmip/attribute.ts'
import { CryptographicAlgorithm, CryptographicUsageMask } from '../kmip/generated/enums.ts'
import { Pkcs11Writer } from '../kmip/pkcs11-codec.ts'
import { Cka, Ckk, Cko } from '../kmip/pkcs11-constants.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import { permits } from '../model/usage.ts'

/** CKA_CLASS of a key. */
export function classOf({ kind }: ManagedObject): number {
  return classes[kind] ?? Cko.SECRET_KEY
}

/** Whether PKCS#11 has such objects here. */
export function isShown(kind: ManagedObject['kind']): boolean {
  return classes[kind] !== undefined
}

/**
 * What PKCS#11 says of an object: its label is the name; its id is what the client gave, or the Unique Identifier. Never
 * the material: what is to leave the server, Get gives.
 */
export function attributesOf(object: ManagedObject): ReadonlyMap<number, Buffer> {
  const { kind, uniqueIdentifier, attributes } = object
  const { cryptographicUsageMask: mask = 0, cryptographicLength = 0, cryptographicAlgorithm } = attributes
  const may = (usage: Usage | undefined): boolean => usage !== undefined && permits(mask, CryptographicUsageMask[usage])
  return new Map([
    [Cka.CLASS, number(classOf(object))],
    [Cka.TOKEN, flag(true)],
    [Cka.PRIVATE, flag(kind !== 'PublicKey')],
    [Cka.LABEL, Buffer.from(attributes.name?.[0]?.nameValue ?? '', 'utf8')],
    [Cka.ID, givenId(attributes) ?? Buffer.from(uniqueIdentifier, 'utf8')],
    [Cka.KEY_TYPE, number(keyTypes.get(cryptographicAlgorithm ?? 0) ?? Ckk.GENERIC_SECRET)],
    [Cka.SENSITIVE, flag(attributes.sensitive === true)],
    [Cka.EXTRACTABLE, flag(attributes.extractable !== false)],
    ...[...usageAttributes].map(([type, byClass]) => [type, flag(may(byClass[classOf(object)]))] as const),
    ...(kind === 'SymmetricKey' ? [[Cka.VALUE_LEN, number(cryptographicLength / 8)] as const] : []),
    ...(kind === 'SymmetricKey' ? [] : [[Cka.MODULUS_BITS, number(cryptographicLength)] as const]),
  ])
}

/** The bit of the usage mask that a usage of PKCS#11 is for a class; null where the class has no such usage. */
export function usageOf(type: number, objectClass: number): Usage | null | undefined {
  const byClass = usageAttributes.get(type)
  return byClass === undefined ? undefined : byClass[objectClass] ?? null
}

type Usage = keyof typeof CryptographicUsageMask

/** The vendor attribute that keeps a CKA_ID which a client has given. */
export const idAttribute = { vendorIdentification: 'PKCS11', attributeName: 'CKA_ID' }

function givenId({ vendorAttribute = [] }: AttributeSet): Buffer | undefined {
  const found = vendorAttribute.find(({ vendorIdentification, attributeName }) => (
    vendorIdentification === idAttribute.vendorIdentification && attributeName === idAttribute.attributeName))
  return Buffer.isBuffer(found?.attributeValue.value) ? found.attributeValue.value : undefined
}

function flag(value: boolean): Buffer {
  return Buffer.from([value ? 1 : 0])
}

function number(value: number): Buffer {
  return new Pkcs11Writer().ulong(value).take()
}

const { SECRET_KEY, PRIVATE_KEY, PUBLIC_KEY } = Cko
const usageAttributes: ReadonlyMap<number, Readonly<Record<number, Usage>>> = new Map<number, Record<number, Usage>>([
  [Cka.ENCRYPT, { [SECRET_KEY]: 'Encrypt', [PUBLIC_KEY]: 'Encrypt' }],
  [Cka.DECRYPT, { [SECRET_KEY]: 'Decrypt', [PRIVATE_KEY]: 'Decrypt' }],
  [Cka.SIGN, { [SECRET_KEY]: 'MACGenerate', [PRIVATE_KEY]: 'Sign' }],
  [Cka.VERIFY, { [SECRET_KEY]: 'MACVerify', [PUBLIC_KEY]: 'Verify' }],
  [Cka.WRAP, { [SECRET_KEY]: 'WrapKey', [PUBLIC_KEY]: 'WrapKey' }],
  [Cka.UNWRAP, { [SECRET_KEY]: 'UnwrapKey', [PRIVATE_KEY]: 'UnwrapKey' }],
  [Cka.DERIVE, { [SECRET_KEY]: 'DeriveKey', [PRIVATE_KEY]: 'DeriveKey' }],
])
const classes: Partial<Record<ManagedObject['kind'], number>> = {
  SymmetricKey: Cko.SECRET_KEY, PrivateKey: Cko.PRIVATE_KEY, PublicKey: Cko.PUBLIC_KEY,
}
export const keyTypes: ReadonlyMap<number, number> = new Map([
  [CryptographicAlgorithm.AES, Ckk.AES], [CryptographicAlgorithm.RSA, Ckk.RSA], [CryptographicAlgorithm.EC, Ckk.EC],
  [CryptographicAlgorithm.ECDSA, Ckk.EC], [CryptographicAlgorithm.ECDH, Ckk.EC],
])
