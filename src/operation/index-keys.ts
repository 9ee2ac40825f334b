import { hash } from 'node:crypto'
import type { AttributeInstance, AttributeName } from '../kmip/attribute.ts'
import { instancesOf } from '../kmip/attribute-codec.ts'
import type { AlternativeName, Name, VendorAttribute } from '../kmip/attribute-value.ts'
import { HashingAlgorithm } from '../kmip/generated/enums.ts'
import { isCmkAttribute } from '../kmip/keyward-attribute.ts'
import type { ObjectKind } from '../kmip/object.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import { isRotating } from '../model/rotation.ts'
import type { IndexKey } from '../store/store.ts'
import { encodeItem } from '../ttlv/writer.ts'

/** The index keys under which an object is found: its account, its type, and its identifying attributes. */
export function indexKeys(object: ManagedObject): IndexKey[] {
  const keys = new Set([accountKey(object.account), kindKey(object.account, object.kind)])
  for (const instance of instancesOf(object.attributes)) {
    const key = attributeKey(object.account, instance)
    if (key !== undefined) keys.add(key)
  }
  for (const key of certificateKeys(object)) keys.add(key)
  if (object.cmkId !== undefined) keys.add(cmkKey(object.account)).add(versionKey(object.account, object.cmkId))
  if (isRotating(object)) keys.add(rotationKey)
  return [...keys]
}

export function accountKey(account: string): IndexKey {
  return token('account', account)
}

export function kindKey(account: string, kind: ObjectKind): IndexKey {
  return token('kind', account, kind)
}

/** Every Certificate object of the account that holds, or held before its destruction, these bytes. */
export function certificateKey(account: string, sha256: Buffer): IndexKey {
  return token('certificate', account, sha256.toString('base64url'))
}

/** Every Certificate object of the account for a subject: an X.501 Name in DER. */
export function subjectKey(account: string, subject: Buffer): IndexKey {
  return token('certificate-subject', account, subject.toString('base64url'))
}

/** Every version of every CMK of the account. */
export function cmkKey(account: string): IndexKey {
  return token('cmk', account)
}

/** Every version of one CMK. */
export function versionKey(account: string, cmkId: string): IndexKey {
  return token('cmk-id', account, cmkId)
}

function certificateKeys({ account, kind, attributes }: ManagedObject): IndexKey[] {
  if (kind !== 'Certificate') return []
  const { digest = [], x509CertificateSubject: subject } = attributes
  const keys: IndexKey[] = []
  for (const { hashingAlgorithm, digestValue } of digest) {
    if (hashingAlgorithm === HashingAlgorithm.SHA_256 && digestValue) keys.push(certificateKey(account, digestValue))
  }
  const name = subject?.subjectDistinguishedName
  return name === undefined ? keys : [...keys, subjectKey(account, name)]
}

/** The index key of one attribute value, or undefined for an attribute that is not indexed. */
export function attributeKey(account: string, { name, value }: AttributeInstance): IndexKey | undefined {
  const vendor = name === 'vendorAttribute' ? value as VendorAttribute : undefined
  if (vendor !== undefined && isCmkAttribute(vendor)) return cmkAttributeKey(account, vendor)
  if (name === 'alternativeName') {
    const id = arnPattern.exec((value as AlternativeName).alternativeNameValue)?.[1]
    if (id !== undefined) return versionKey(account, id)
  }
  const text = indexed[name]?.(value as never)
  return text === undefined ? undefined : token(name, account, text)
}

/** Most attributes of a CMK change without its versions, so that all of the account's are candidates. */
function cmkAttributeKey(account: string, { attributeName, attributeValue }: VendorAttribute): IndexKey {
  const { value } = attributeValue
  return attributeName === 'cmk-id' && typeof value === 'string' ? versionKey(account, value) : cmkKey(account)
}

/** ARNs are derived from the CMK, and found as it is. */
const arnPattern = /^acs:kms:[^:]*:[^:]*:key\/(.+)$/

/** The store never sees values: the sealed store makes keyed hashes of these. */
export function token(...parts: string[]): IndexKey {
  return hash('sha256', parts.map((part) => `${part.length}:${part}`).join(), 'base64url')
}

/** Every plain object, of any account, that the server rotates. */
export const rotationKey = token('rotation')

/** Attributes by which clients look for objects (facts: clients.md 2a), each as the text that is compared. */
const indexed: Partial<Record<AttributeName, (value: never) => string>> = {
  name: (value: Name) => value.nameValue,
  objectGroup: (value: string) => value,
  alternativeName: (value: AlternativeName) => value.alternativeNameValue,
  applicationSpecificInformation: (value: { applicationNamespace: string; applicationData?: string }) =>
    JSON.stringify([value.applicationNamespace, value.applicationData]),
  vendorAttribute: (value: VendorAttribute) =>
    JSON.stringify([
      value.vendorIdentification, value.attributeName, encodeItem(value.attributeValue).toString('base64', 3),
    ]),
  link: (value: { linkType: number; linkedObjectIdentifier: unknown }) =>
    JSON.stringify([value.linkType, value.linkedObjectIdentifier]),
}
