import { checkMayManage } from '../cmk/key-class.ts'
import {
  archived, deletionCancelled, disabled, enabled, protectedFromDeletion, scheduledForDeletion, unarchived,
  withProtectionDescription,
} from '../cmk/lifecycle.ts'
import { aliasPrefix, withCiphertextFormat, withDescription, withoutTag, withTag } from '../cmk/name.ts'
import { withRotationPolicy } from '../cmk/rotation.ts'
import { checkState } from '../cmk/state.ts'
import type { AttributeInstance, AttributeName } from '../kmip/attribute.ts'
import type { AlternativeName, Name, VendorAttribute } from '../kmip/attribute-value.ts'
import { KmipError } from '../kmip/error.ts'
import { isCmkAttribute, keywardAttribute, tagPrefix } from '../kmip/keyward-attribute.ts'
import type { KeywardName } from '../kmip/keyward-attribute.ts'
import type { AttributeKey } from '../model/attribute-list.ts'
import type { AttributeAction } from '../model/attribute-policy.ts'
import type { Cmk } from '../model/cmk.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import { instancesNow, theInstance } from './attribute-change.ts'
import { createAlias, deleteAlias, moveAlias } from './cmk-alias.ts'
import { createImportParameters, deleteMaterial } from './cmk-import.ts'
import { rotateCmk } from './cmk-rotate.ts'
import type { Context } from './operation.ts'

/** What a client wants to be the value of an attribute. */
export interface CmkChange {
  readonly action: Exclude<AttributeAction, 'delete' | 'adjust'>
  readonly key: AttributeKey
  readonly value: unknown
}

/**
 * Does what setting an attribute of a CMK means: enabling, scheduling the deletion, rotating, and so on.
 *
 * @returns false for an attribute that is the object's own
 * @throws KmipError what the operation refuses; Read Only Attribute, Attribute Read Only; Invalid Attribute for an
 *   attribute of CMKs where there is no CMK, or that CMKs do not have
 */
export async function changeCmk(context: Context, object: ManagedObject, change: CmkChange): Promise<boolean> {
  const name = cmkName(object, change.action, change.key, change.value)
  if (name === undefined) return false
  const value = change.key.name === 'vendorAttribute'
    ? (change.value as VendorAttribute).attributeValue.value
    : change.key.name === 'name' ? (change.value as Name).nameValue : change.value
  const attribute = keywardAttribute(name)
  if (attribute === undefined) throw new KmipError('InvalidAttribute', `a CMK has no attribute ${name}`)
  if (attribute.setBy !== 'client' && attribute.setBy !== 'action') {
    throw readOnly(change.action, `${name} is not for clients to change`)
  }
  const cmk = await current(context, object)
  if (name.startsWith(tagPrefix)) {
    checkState(cmk, 'tag', context.now)
    context.objects.cmks.save(withTag(cmk, { key: name.slice(tagPrefix.length), value: String(value) }))
    return true
  }
  if (name === 'cmk-alias') {
    if (change.action === 'modify') throw unsupported('an alias is not renamed: add one, or move one (cmk-alias-move)')
    await createAlias(context, cmk, String(value))
    return true
  }
  if (name === 'cmk-alias-move') {
    await moveAlias(context, cmk, String(value))
    return true
  }
  checkMayManage(cmk, context.caller)
  if (name === 'cmk-enabled' && value === true) checkUncompromised(object)
  if (name === 'cmk-import-parameters') {
    await createImportParameters(context, cmk, String(value))
    return true
  }
  if (name === 'cmk-material-present') {
    if (value !== false) throw new KmipError('InvalidField', 'material comes by Register or Import, with its token')
    await deleteMaterial(context, cmk)
    return true
  }
  if (name === 'cmk-rotate') {
    if (value !== true) throw new KmipError('InvalidField', 'cmk-rotate = true rotates, and nothing undoes it')
    await rotateCmk(context, cmk)
    return true
  }
  context.objects.cmks.save(setters[name as Settable](cmk, value as never, context.now))
  return true
}

/** Whether deleting the attribute is an operation of the CMK's; aliases by their Name are not meant. */
export function deletesOfCmk(object: ManagedObject, key: AttributeKey): boolean {
  return cmkName(object, 'delete', key) !== undefined
}

/**
 * Does what deleting an attribute of a CMK means: cancelling the deletion, and so on.
 *
 * @returns what is deleted, as it was
 * @throws KmipError what the operation refuses; Attribute Not Found, Attribute Read Only, Invalid Attribute
 */
export async function deleteOfCmk(
  context: Context, object: ManagedObject, key: AttributeKey,
  { currentAttribute: given, attributeIndex: index }: {
    readonly currentAttribute?: AttributeInstance | undefined; readonly attributeIndex?: number | undefined
  },
): Promise<AttributeInstance | undefined> {
  const name = cmkName(object, 'delete', key)!
  const instances = instancesNow(object, key, context.now)
  const cmk = await current(context, object)
  if (name.startsWith(tagPrefix)) {
    checkState(cmk, 'tag', context.now)
    context.objects.cmks.save(withoutTag(cmk, name.slice(tagPrefix.length)))
    return instances[0]
  }
  if (name === 'cmk-alias') {
    checkState(cmk, 'deleteAlias', context.now)
    const isAll = context.version >= 200 && given === undefined && instances.length > 0
    const gone = isAll ? instances : [theInstance(instances, { current: given, index }, context)]
    let left = cmk
    for (const { value } of gone) {
      left = await deleteAlias(context, left, (value as VendorAttribute).attributeValue.value as string)
    }
    return gone[0]
  }
  if (name === 'cmk-material-present') {
    checkMayManage(cmk, context.caller)
    await deleteMaterial(context, cmk)
    return instances[0]
  }
  const remove = removers[name as KeywardName]
  if (remove === undefined) throw readOnly('delete', `${name} cannot be deleted`)
  checkMayManage(cmk, context.caller)
  context.objects.cmks.save(remove(cmk, context.now))
  return instances[0]
}

/**
 * A name that is an alias, and the ARN, stay what they are.
 *
 * @param old what is to be changed or, but for aliases, deleted
 * @throws KmipError Illegal Operation, Read Only Attribute, Attribute Read Only
 */
export function checkNotFixed(action: AttributeAction, object: ManagedObject, { name, value }: AttributeInstance): void {
  if (object.cmk === undefined) return
  if (name === 'name' && action !== 'delete' && isAliasName(value)) throw unsupported('an alias is not renamed')
  const isArn = name === 'alternativeName' && (value as AlternativeName).alternativeNameValue === object.cmk.arn
  if (isArn) throw readOnly(action, 'the ARN of a CMK does not change')
}

/** Of names that are deleted, those that are aliases end as such; the object is then without them. */
export async function withoutAliases(
  context: Context, object: ManagedObject, gone: readonly AttributeInstance[],
): Promise<ManagedObject> {
  const names = gone.filter(({ name, value }) => name === 'name' && isAliasName(value))
  if (object.cmk === undefined || names.length === 0) return object
  let cmk = await current(context, object)
  for (const { value } of names) cmk = await deleteAlias(context, cmk, (value as Name).nameValue)
  return context.objects.load(object.uniqueIdentifier)
}

/** Adjust Attribute is for numbers of the client's own. @throws KmipError Unsupported Attribute */
export function checkNotOfCmk(object: ManagedObject, key: AttributeKey): void {
  if (cmkName(object, 'adjust', key) !== undefined) {
    throw new KmipError('UnsupportedAttribute', 'attributes of a CMK are set, not adjusted')
  }
}

/** The attribute of the CMK that is meant, by our name for it; undefined for one of the object's own. */
function cmkName(
  object: ManagedObject, action: AttributeAction, key: AttributeKey, value?: unknown,
): string | undefined {
  if (key.name === 'vendorAttribute') {
    if (!isCmkAttribute(key)) return undefined
    if (object.cmk === undefined) throw new KmipError('InvalidAttribute', 'the object is no version of a CMK')
    return key.attributeName
  }
  if (object.cmk === undefined) return undefined
  if (key.name === 'name' && isAliasName(value)) return 'cmk-alias'
  if (fixedNames.has(key.name)) throw readOnly(action, 'the CMK decides this attribute')
  return ownNames[key.name]
}

async function current(context: Context, object: ManagedObject): Promise<Cmk> {
  return await context.objects.cmks.get(object.cmkId!, object.cmk) ?? object.cmk!
}

/** @throws KmipError Wrong Key Lifecycle State: a compromise is for ever */
function checkUncompromised({ attributes }: ManagedObject): void {
  if (attributes.compromiseDate === undefined) return
  throw new KmipError(
    'WrongKeyLifecycleState',
    'Rejected.StateModifiedFailed: this version is compromised for ever; rotate the CMK (cmk-rotate = true)',
  )
}

function isAliasName(value: unknown): boolean {
  const { nameValue } = (value ?? {}) as Partial<Name>
  return nameValue?.startsWith(aliasPrefix) === true
}

function readOnly(action: AttributeAction, message: string): KmipError {
  return new KmipError(action === 'modify' || action === 'delete' ? 'AttributeReadOnly' : 'ReadOnlyAttribute', message)
}

function unsupported(message: string): KmipError {
  return new KmipError('IllegalOperation', `Rejected.UnsupportedOperation: ${message}`)
}

/** Attributes of KMIP that stand for attributes of the CMK. */
const ownNames: Partial<Record<AttributeName, KeywardName>> = {
  description: 'cmk-description',
  rotateAutomatic: 'cmk-rotation-automatic',
  rotateInterval: 'cmk-rotation-interval',
}

/** What follows from the CMK's spec, usage and life, and is not set beside them. */
const fixedNames: ReadonlySet<AttributeName> = new Set<AttributeName>([
  'activationDate', 'processStartDate', 'protectStopDate', 'deactivationDate', 'cryptographicUsageMask',
  'cryptographicParameters', 'cryptographicDomainParameters', 'sensitive', 'extractable', 'keyValueLocation',
  'protectionStorageMask', 'protectionLevel', 'rotateName', 'rotateOffset', 'usageLimits',
])

type Settable =
  | 'cmk-description' | 'cmk-ciphertext-format' | 'cmk-enabled' | 'cmk-archived' | 'cmk-deletion-window'
  | 'cmk-deletion-protection'
  | 'cmk-deletion-protection-description' | 'cmk-rotation-automatic' | 'cmk-rotation-interval'

const setters = {
  'cmk-description': (cmk: Cmk, value: string, now: number) => {
    checkState(cmk, 'updateDescription', now)
    return withDescription(cmk, value)
  },
  'cmk-ciphertext-format': (cmk: Cmk, value: string, now: number) => {
    checkState(cmk, 'updateDescription', now)
    return withCiphertextFormat(cmk, value)
  },
  'cmk-enabled': (cmk: Cmk, value: boolean, now: number) => (value ? enabled(cmk, now) : disabled(cmk, now)),
  'cmk-archived': (cmk: Cmk, value: boolean, now: number) => (value ? archived(cmk, now) : unarchived(cmk, now)),
  'cmk-deletion-window': (cmk: Cmk, value: number, now: number) => scheduledForDeletion(cmk, value, now),
  'cmk-deletion-protection': (cmk: Cmk, value: boolean, now: number) => protectedFromDeletion(cmk, value, now),
  'cmk-deletion-protection-description': (cmk: Cmk, value: string, now: number) =>
    withProtectionDescription(cmk, value, now),
  'cmk-rotation-automatic': (cmk: Cmk, automatic: boolean, now: number) => withRotationPolicy(cmk, { automatic }, now),
  'cmk-rotation-interval': (cmk: Cmk, value: number, now: number) =>
    withRotationPolicy(cmk, { automatic: cmk.rotationAutomatic, interval: value }, now),
} as const satisfies Record<Settable, (cmk: Cmk, value: never, now: number) => Cmk>

const removers: Partial<Record<KeywardName, (cmk: Cmk, now: number) => Cmk>> = {
  'cmk-deletion-window': deletionCancelled,
  'cmk-description': (cmk, now) => {
    checkState(cmk, 'updateDescription', now)
    return withDescription(cmk, undefined)
  },
  'cmk-ciphertext-format': (cmk, now) => {
    checkState(cmk, 'updateDescription', now)
    return withCiphertextFormat(cmk, undefined)
  },
  'cmk-archived': unarchived,
  'cmk-deletion-protection': (cmk, now) => protectedFromDeletion(cmk, false, now),
  'cmk-deletion-protection-description': (cmk, now) => withProtectionDescription(cmk, undefined, now),
  'cmk-rotation-automatic': (cmk, now) => withRotationPolicy(cmk, { automatic: false }, now),
}
