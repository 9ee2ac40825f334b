import type { AttributeSet } from '../kmip/attribute.ts'
import type { VendorAttribute } from '../kmip/attribute-value.ts'
import { AlternativeNameType, RotateNameType } from '../kmip/generated/enums.ts'
import { Tag } from '../kmip/generated/tags.ts'
import { itemTypes, keywardAttributes, keywardVendor, tagPrefix } from '../kmip/keyward-attribute.ts'
import type { KeywardName } from '../kmip/keyward-attribute.ts'
import { ItemType } from '../ttlv/item.ts'
import type { Item } from '../ttlv/item.ts'
import {
  cmkStateAt, generationOf, hasMaterial, isMaterialExpired, nextRotationDate, primaryOf, rotationStateAt,
} from './cmk.ts'
import type { Cmk, CmkState } from './cmk.ts'
import type { ManagedObject } from './managed-object.ts'
import { withoutValue } from './remains.ts'

/**
 * What an object says of the CMK that it is a version of.
 *
 * @param now seconds since 1970-01-01 UTC
 */
export function cmkAttributes(object: ManagedObject, cmk: Cmk, now: number): AttributeSet {
  const { uniqueIdentifier, attributes } = object
  const generation = generationOf(cmk, uniqueIdentifier)
  return {
    ...(primaryOf(cmk).uniqueIdentifier === uniqueIdentifier && withArn(attributes, cmk)),
    ...(cmk.description !== undefined && { description: cmk.description }),
    vendorAttribute: [...attributes.vendorAttribute ?? [], ...vendorAttributes(object, cmk, now)],
    rotateAutomatic: cmk.rotationAutomatic,
    rotateDate: cmk.rotationLastDate,
    rotateGeneration: generation,
    ...(cmk.rotationInterval !== undefined && { rotateInterval: cmk.rotationInterval }),
    rotateLatest: generation === cmk.versions.length,
    rotateName: { rotateNameValue: cmk.arn, rotateNameType: RotateNameType.URI },
  }
}

/**
 * The object as the clock has it: when its CMK is deleted, it is destroyed, and expired material is gone, whether or
 * not the scheduler has come by (design decision 4).
 */
export function asOf(object: ManagedObject, now: number): ManagedObject {
  const { cmk, attributes } = object
  if (cmk === undefined || attributes.destroyDate !== undefined) return object
  if (cmkStateAt(cmk, now) === 'Deleted') return destroyedAt(object, cmk.deleteDate!)
  return isMaterialExpired(cmk, now) ? withoutMaterial(object) : object
}

/** What stays of a version when its material goes and may come back. */
export function withoutMaterial(object: ManagedObject): ManagedObject {
  const { digest: _digest, ...attributes } = object.attributes
  return {
    ...object,
    value: undefined,
    asRegistered: undefined,
    provider: undefined,
    attributes: { ...attributes, keyValuePresent: false },
  }
}

/** Revoked and destroyed, with all that remains. */
export function destroyedAt(object: ManagedObject, date: number): ManagedObject {
  const { attributes } = object
  const deactivationDate = Math.min(attributes.deactivationDate ?? date, date)
  return { ...withoutValue(object), attributes: { ...attributes, deactivationDate, destroyDate: date } }
}

/** The ARN is an Alternative Name of the primary version, and goes with that as an alias does. */
function withArn({ alternativeName = [], indices }: AttributeSet, { arn }: Cmk): AttributeSet {
  const taken = alternativeName.map((_name, at) => indices?.alternativeName?.[at] ?? at)
  return {
    alternativeName: [...alternativeName, { alternativeNameValue: arn, alternativeNameType: AlternativeNameType.URI }],
    indices: { ...indices, alternativeName: [...taken, Math.max(-1, ...taken) + 1] },
  }
}

function vendorAttributes(object: ManagedObject, cmk: Cmk, now: number): VendorAttribute[] {
  const { uniqueIdentifier } = object
  const state = shownState(object, cmk, now)
  const isPublicKey = cmk.versions.some(({ publicKey }) => publicKey === uniqueIdentifier)
  const values: readonly (readonly [KeywardName, string | number | boolean | undefined])[] = [
    ['cmk-id', cmk.id],
    ['cmk-arn', cmk.arn],
    ['cmk-state', state],
    ['cmk-creator', cmk.creator],
    ['cmk-creation-date', cmk.creationDate],
    ['cmk-key-spec', cmk.keySpec],
    ['cmk-usage', cmk.usage],
    ['cmk-origin', cmk.origin],
    ['cmk-protection-level', cmk.protectionLevel],
    ['cmk-instance', cmk.instance],
    ['cmk-key-storage-mechanism', cmk.keyStorageMechanism],
    ['cmk-external-key', externalKeyOf(object, cmk)],
    ['cmk-class', cmk.keyClass],
    ['cmk-service', cmk.service],
    ['cmk-description', cmk.description],
    ['cmk-ciphertext-format', cmk.ciphertextFormat],
    ['cmk-enabled', state === 'Enabled'],
    ['cmk-archived', state === 'Archived' ? true : undefined],
    ['cmk-deletion-window', state === 'PendingDeletion' ? daysLeft(cmk.deleteDate!, now) : undefined],
    ['cmk-delete-date', cmk.deleteDate],
    ['cmk-deletion-protection', cmk.deletionProtection],
    ['cmk-deletion-protection-description', cmk.deletionProtectionDescription],
    ...(state === 'Deleted' ? [] : cmk.aliases).map((alias) => ['cmk-alias', alias] as const),
    ['cmk-rotation-automatic', cmk.rotationAutomatic],
    ['cmk-rotation-interval', cmk.rotationInterval],
    ['cmk-rotation-state', rotationStateAt(cmk, now)],
    ['cmk-rotation-last-date', cmk.rotationLastDate],
    ['cmk-rotation-next-date', nextRotationDate(cmk, now)],
    ['cmk-version', generationOf(cmk, uniqueIdentifier)],
    ['cmk-primary', isPublicKey ? undefined : primaryOf(cmk).uniqueIdentifier === uniqueIdentifier],
    ['cmk-material-present', cmk.origin === 'EXTERNAL' ? hasMaterial(cmk, now) : undefined],
    ['cmk-material-expire-date', cmk.materialExpireDate],
    ...importValues(cmk, now),
  ]
  const own = values.flatMap(([name, value]) =>
    (value === undefined ? [] : [vendorAttribute(name, valueItem(name, value))]))
  return [...own, ...cmk.tags.map(({ key, value }) => vendorAttribute(tagPrefix + key, textItem(value)))]
}

/** The key's Unique Identifier at its manager: the location without the manager's name. */
function externalKeyOf({ attributes }: ManagedObject, { protectionLevel, instance = '' }: Cmk): string | undefined {
  const location = attributes.keyValueLocation?.[0]?.keyValueLocationValue
  return protectionLevel === 'EXTERNAL' ? location?.slice(instance.length + 1) : undefined
}

/** A version that is compromised is used no more, which a CMK's states have no word for but Disabled. */
function shownState({ attributes }: ManagedObject, cmk: Cmk, now: number): CmkState {
  const state = cmkStateAt(cmk, now)
  return state === 'Enabled' && attributes.compromiseDate !== undefined ? 'Disabled' : state
}

/** Parameters are there for as long as they are valid. */
function importValues({ importParameters }: Cmk, now: number): (readonly [KeywardName, string | number])[] {
  if (importParameters === undefined || importParameters.expireDate <= now) return []
  const { wrapping, token, publicKey, publicKeyInfo, expireDate } = importParameters
  return [
    ['cmk-import-parameters', wrapping],
    ['cmk-import-token', token],
    ['cmk-import-key', publicKey],
    ['cmk-import-public-key', publicKeyInfo.toString('base64')],
    ['cmk-import-expire-date', expireDate],
  ]
}

function vendorAttribute(attributeName: string, attributeValue: Item): VendorAttribute {
  return { vendorIdentification: keywardVendor, attributeName, attributeValue }
}

function valueItem(name: KeywardName, value: string | number | boolean): Item {
  return { tag: Tag.AttributeValue, type: itemTypes[keywardAttributes[name].type], value } as Item
}

function textItem(value: string): Item {
  return { tag: Tag.AttributeValue, type: ItemType.TextString, value }
}

/** As the window counts: a day that has begun is one. */
function daysLeft(deleteDate: number, now: number): number {
  return Math.ceil((deleteDate - now) / 86_400)
}
