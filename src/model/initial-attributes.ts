import { ruleOf } from '../kmip/attribute.ts'
import type { AttributeName, AttributeSet } from '../kmip/attribute.ts'
import { inVersion, namesIn } from '../kmip/attribute-codec.ts'
import { KmipError } from '../kmip/error.ts'
import { isCmkAttribute } from '../kmip/keyward-attribute.ts'
import type { ObjectKind } from '../kmip/object.ts'
import { parseVersion } from '../kmip/version.ts'
import type { Version } from '../kmip/version.ts'
import { checkValues } from './attribute-policy.ts'

/** How an object comes about: its material is made here, or the client brings it. */
export type Origin = 'made' | 'registered'

/**
 * Checks the attributes that a client gives a new object: it may set them (KMIP 2.1 section 4, "Initially set by"),
 * they apply to objects of this kind, and they do not contradict each other.
 *
 * Cryptographic Algorithm and Length, a certificate's own attributes, and Key Format Type are the server's by the
 * tables and the client's by the operations: they are let through here, and compared with the object by
 * `checkAgreement`.
 *
 * @throws KmipError Attribute Read Only (1.x: Invalid Field), Invalid Attribute, Invalid Attribute Value, Non Unique
 *   Name Attribute, Application Namespace Not Supported
 */
export function checkInitialAttributes(kind: ObjectKind, set: AttributeSet, origin: Origin, version: Version): void {
  for (const name of namesIn(set)) {
    if (!isSettable(name, origin)) {
      throw new KmipError(version < v2 ? 'InvalidField' : 'AttributeReadOnly', `${specName(name)} is set by the server`)
    }
  }
  checkApplicable(kind, set)
  if (set.vendorAttribute?.some(({ vendorIdentification }) => vendorIdentification === 'y') === true) {
    throw new KmipError(version < v2 ? 'InvalidField' : 'AttributeReadOnly', 'custom attributes "y-" are the server\'s')
  }
  checkValues(set, 'InvalidAttributeValue')
}

/** @throws KmipError Invalid Attribute for one that objects of this kind have not */
export function checkApplicable(kind: ObjectKind, set: AttributeSet): void {
  const other = namesIn(set).find((name) => !appliesTo(name, kind))
  if (other !== undefined) {
    throw new KmipError('InvalidAttribute', `${specName(other)} is no attribute of such an object`)
  }
}

/**
 * Of attributes that came along with a key (KMIP 1.4 2.1.4), those that a client may give a new object: a key that was
 * taken from elsewhere also brings what is the other server's to say.
 */
export function settableOf(kind: ObjectKind, set: AttributeSet, version: Version): AttributeSet {
  const entries = namesIn(set)
    .filter((name) => isSettable(name, 'registered') && appliesTo(name, kind) && inVersion(name, { version }))
    .map((name) => [name, set[name]])
  const { vendorAttribute = [], ...others } = Object.fromEntries(entries) as AttributeSet
  const custom = vendorAttribute.filter((each) => each.vendorIdentification !== 'y' && !isCmkAttribute(each))
  return custom.length === 0 ? others : { ...others, vendorAttribute: custom }
}

/**
 * Checks what the client says of an object against what the object is.
 *
 * @throws KmipError Invalid Attribute Value
 */
export function checkAgreement(given: AttributeSet, actual: AttributeSet): void {
  for (const name of comparedNames) {
    const value = given[name]
    if (value !== undefined && actual[name] !== undefined && value !== actual[name]) {
      throw new KmipError('InvalidAttributeValue', `${specName(name)} is not that of the object`)
    }
  }
}

/** The Usage Limits Count is the server's; what a client gives for it is ignored (KMIP 1.4 3.21). */
export function withFullCount(set: AttributeSet): AttributeSet {
  if (set.usageLimits === undefined) return set
  return { ...set, usageLimits: { ...set.usageLimits, usageLimitsCount: set.usageLimits.usageLimitsTotal } }
}

function isSettable(name: AttributeName, origin: Origin): boolean {
  if (name === 'fresh' || name === 'originalCreationDate') return origin === 'registered'
  return toldByClients.has(name) || ruleOf(name).initiallySetBy.includes('client')
}

function appliesTo(name: AttributeName, kind: ObjectKind): boolean {
  const kinds = ruleOf(name).appliesTo
  return kind === 'Template' || kinds.includes('AllObjects') || kinds.some((each) => each.endsWith(`${kind}s`))
}

function specName(name: AttributeName): string {
  return name === 'vendorAttribute' ? 'the attribute' : ruleOf(name).specName
}

const v2 = parseVersion('2.0')

/** The server's by the tables, and still given in requests, by the published cases among others. */
const toldByClients: ReadonlySet<AttributeName> = new Set<AttributeName>([
  'objectType', 'cryptographicAlgorithm', 'cryptographicLength', 'certificateType', 'certificateLength',
  'digitalSignatureAlgorithm', 'keyFormatType', 'opaqueDataType', 'usageLimits', 'vendorAttribute',
])

const comparedNames = [
  'objectType', 'cryptographicAlgorithm', 'cryptographicLength', 'certificateType', 'certificateLength',
  'keyFormatType', 'opaqueDataType',
] as const satisfies readonly AttributeName[]
