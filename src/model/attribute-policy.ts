import type { AttributeName, AttributeSet } from '../kmip/attribute.ts'
import { isMultiInstance, ruleOf } from '../kmip/attribute.ts'
import { inVersion } from '../kmip/attribute-codec.ts'
import type { Name, UsageLimits, VendorAttribute } from '../kmip/attribute-value.ts'
import { KmipError } from '../kmip/error.ts'
import type { ResultReasonName } from '../kmip/error.ts'
import { UsageLimitsUnit } from '../kmip/generated/enums.ts'
import { isCmkAttribute } from '../kmip/keyward-attribute.ts'
import type { ObjectKind } from '../kmip/object.ts'
import { parseVersion } from '../kmip/version.ts'
import type { Version } from '../kmip/version.ts'
import type { AttributeKey } from './attribute-list.ts'
import { wasAlwaysSensitive, wasNeverExtractable } from './attributes-of.ts'
import { stateAt } from './lifecycle.ts'
import type { ManagedObject } from './managed-object.ts'
import { isUsed } from './usage-limits.ts'

/** How a client changes an attribute; each has its own reasons in the tables of KMIP 2.1 6.1. */
export type AttributeAction = 'add' | 'modify' | 'delete' | 'set' | 'adjust'

/**
 * Whether a client may change this attribute of this object now: it exists in the version, applies to the object,
 * is the client's to change, and the object is in a state in which it may be (the tables of KMIP 2.1 section 4).
 *
 * @param now seconds since 1970-01-01 UTC
 * @throws KmipError Invalid Field, Invalid Attribute, Unsupported Attribute, Read Only Attribute, Attribute Read
 *   Only, Wrong Key Lifecycle State
 */
export function checkMayChange(
  action: AttributeAction, object: ManagedObject, key: AttributeKey, version: Version, now: number,
): void {
  const { name } = key
  const rule = ruleOf(name)
  if (!inVersion(name, { version })) {
    throw new KmipError(notInVersion(action), 'the version has no such attribute')
  }
  if (!appliesTo(version < v2 ? rule.appliesToIn1x : rule.appliesTo, object.kind)) {
    throw new KmipError(notApplicable[action], `${rule.specName} is no attribute of such an object`)
  }
  const isPresent = object.attributes[name] !== undefined
  if (key.name === 'vendorAttribute' ? key.vendorIdentification === 'y' : isReadOnly(action, name, isPresent)) {
    throw new KmipError(readOnly[action], `${rule.specName} is read-only for clients`)
  }
  if (name === 'usageLimits' && object.attributes.usageLimits !== undefined && isUsed(object.attributes.usageLimits)) {
    throw new KmipError(readOnly[action], 'the usage is already counted')
  }
  checkState(object, name, now)
}

/**
 * Checks the values of a set, of a new object or of one of which an attribute was changed.
 *
 * @param reason for values that cannot be or contradict each other
 * @param changed the attribute that the client gives; all of them for a new object. What the server itself has set
 *   (a Deactivation Date by Revoke) is not held against a client that changes something else
 * @throws KmipError `reason`, Non Unique Name Attribute, Application Namespace Not Supported
 */
export function checkValues(attributes: AttributeSet, reason: ResultReasonName, changed?: AttributeName): void {
  const isNew = (name: AttributeName) => changed === undefined || changed === name
  for (const [earlier, later] of orderedDates) {
    if (isNew(earlier) || isNew(later)) checkOrder(attributes, earlier, later, reason)
  }
  if (isNew('name')) checkNames(attributes.name ?? [], reason)
  if (isNew('alternativeName')) checkAlternativeNames(attributes.alternativeName ?? [], reason)
  if (isNew('vendorAttribute')) for (const each of attributes.vendorAttribute ?? []) checkVendorAttribute(each, reason)
  if (isNew('usageLimits') && attributes.usageLimits !== undefined) checkUsageLimits(attributes.usageLimits, reason)
  const information = isNew('applicationSpecificInformation') ? attributes.applicationSpecificInformation ?? [] : []
  if (information.some(({ applicationData }) => applicationData === undefined)) {
    throw new KmipError('ApplicationNamespaceNotSupported', 'the server makes no Application Data for any namespace')
  }
}

/** What the server sets when a client has changed attributes (KMIP 2.1 4.3, 4.33, 4.59). */
export function withConsequences(before: AttributeSet, after: AttributeSet): AttributeSet {
  const limits = after.usageLimits
  return {
    ...after,
    ...(limits !== undefined && limits !== before.usageLimits && {
      usageLimits: { ...limits, usageLimitsCount: limits.usageLimitsTotal },
    }),
    ...(after.sensitive !== before.sensitive && {
      alwaysSensitive: wasAlwaysSensitive(before) && after.sensitive === true,
    }),
    ...(after.extractable !== before.extractable && {
      neverExtractable: wasNeverExtractable(before) && after.extractable === false,
    }),
  }
}

function isReadOnly(action: AttributeAction, name: AttributeName, isPresent: boolean): boolean {
  const { modifiableByClient, deletableByClient, initiallySetBy, alwaysHasValue } = ruleOf(name)
  if (action === 'delete') return deletableByClient.startsWith('no')
  if (!modifiableByClient.startsWith('no')) return false
  const isFree = !isPresent || (action === 'add' && isMultiInstance(name))
  const mayBeGiven = isFree && initiallySetBy.includes('client') && alwaysHasValue === 'no'
  return action === 'modify' || !mayBeGiven
}

/** @throws KmipError Wrong Key Lifecycle State */
function checkState(object: ManagedObject, name: AttributeName, now: number): void {
  const [, states, untilReached] = whilePattern.exec(ruleOf(name).modifiableByClient) ?? []
  if (states === undefined) return
  const state = stateAt(object.attributes, now)
  if (!states.split('|').includes(state)) {
    throw new KmipError('WrongKeyLifecycleState', `${ruleOf(name).specName} cannot be changed in state ${state}`)
  }
  const date = object.attributes[name]
  if (untilReached !== undefined && typeof date === 'number' && date <= now) {
    throw new KmipError('WrongKeyLifecycleState', `${ruleOf(name).specName} is reached`)
  }
}

function checkOrder(dates: AttributeSet, earlier: DateName, later: DateName, reason: ResultReasonName): void {
  const from = dates[earlier]
  const to = dates[later]
  if (from !== undefined && to !== undefined && from > to) {
    throw new KmipError(reason, `${ruleOf(earlier).specName} is after ${ruleOf(later).specName}`)
  }
}

/**
 * An object has a name once. Several objects may share one: the standard's "unique within a key management server"
 * (KMIP 2.1 4.32) would refuse clients that give the same name to all their keys (Barbican).
 */
function checkNames(names: readonly Name[], reason: ResultReasonName): void {
  if (names.some(({ nameValue }) => nameValue === '')) throw new KmipError(reason, 'a Name Value is empty')
  const seen = new Set(names.map(({ nameValue, nameType }) => `${nameType}:${nameValue}`))
  if (seen.size < names.length) throw new KmipError('NonUniqueNameAttribute', 'the object has this name already')
}

/** An ARN is a name that the server gives: one that a client gave could be taken for another CMK's. */
function checkAlternativeNames(names: NonNullable<AttributeSet['alternativeName']>, reason: ResultReasonName): void {
  if (names.some(({ alternativeNameValue }) => alternativeNameValue.startsWith(arnScheme))) {
    throw new KmipError(reason, 'names that begin with acs:kms: are ARNs, which the server gives')
  }
}

function checkVendorAttribute(attribute: VendorAttribute, reason: ResultReasonName): void {
  const { vendorIdentification } = attribute
  if (isCmkAttribute(attribute)) throw new KmipError('InvalidAttribute', 'this operation makes no CMK')
  if (!vendorPattern.test(vendorIdentification)) {
    throw new KmipError(reason, 'a Vendor Identification is letters, digits, underscores and periods')
  }
}

function checkUsageLimits({ usageLimitsTotal, usageLimitsUnit }: UsageLimits, reason: ResultReasonName): void {
  if (usageLimitsTotal < 0n) throw new KmipError(reason, 'Usage Limits Total is negative')
  if (usageLimitsUnit !== UsageLimitsUnit.Byte && usageLimitsUnit !== UsageLimitsUnit.Object) {
    throw new KmipError(reason, 'Usage Limits Unit is unknown')
  }
}

function notInVersion(action: AttributeAction): ResultReasonName {
  return action === 'adjust' ? 'UnsupportedAttribute' : 'InvalidField'
}

function appliesTo(kinds: readonly string[], kind: ObjectKind): boolean {
  return kinds.some((name) => kindGroups[name]?.(kind) ?? (name === kind || name.endsWith(`${kind}s`)))
}

/** What the tables call several object types (KMIP 1.4 2.2, 3). */
const kindGroups: Readonly<Record<string, (kind: ObjectKind) => boolean>> = {
  AllObjects: () => true,
  AllCryptographicObjects: isCryptographic,
  ManagedCryptographicObjects: isCryptographic,
  Keys: (kind) => kind.endsWith('Key'),
  AsymmetricKeys: (kind) => kind === 'PublicKey' || kind === 'PrivateKey',
  SplitKeysOfSymmetricKeys: (kind) => kind === 'SplitKey',
}

function isCryptographic(kind: ObjectKind): boolean {
  return kind !== 'Template' && kind !== 'OpaqueObject'
}

const readOnly = {
  add: 'ReadOnlyAttribute',
  set: 'ReadOnlyAttribute',
  adjust: 'ReadOnlyAttribute',
  modify: 'AttributeReadOnly',
  delete: 'AttributeReadOnly',
} as const satisfies Record<AttributeAction, ResultReasonName>

const notApplicable = {
  add: 'InvalidAttribute',
  delete: 'InvalidAttribute',
  adjust: 'UnsupportedAttribute',
  modify: 'InvalidField',
  set: 'InvalidField',
} as const satisfies Record<AttributeAction, ResultReasonName>

type DateName = 'activationDate' | 'processStartDate' | 'protectStopDate' | 'deactivationDate'

/** KMIP 2.1 4.40, 4.41, and that nothing ends before it begins. */
const orderedDates: readonly (readonly [DateName, DateName])[] = [
  ['activationDate', 'processStartDate'],
  ['activationDate', 'deactivationDate'],
  ['protectStopDate', 'deactivationDate'],
]

const v2 = parseVersion('2.0')
const arnScheme = 'acs:kms:'
/** As in `yes-while-PreActive|Active-and-before-ProcessStartDate`. */
const whilePattern = /^yes-while-([A-Za-z|]+?)(?:-and-(before-\w+))?$/
/** KMIP 2.1 4.60. */
const vendorPattern = /^[A-Za-z0-9_.]+$/
