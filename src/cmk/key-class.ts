import { KmipError } from '../kmip/error.ts'
import type { Cmk } from '../model/cmk.ts'
import type { Capabilities, KeyCapability } from '../crypto/provider.ts'
import { keySpecs, specNamed } from './key-spec.ts'
import type { CmkKeySpec } from './key-spec.ts'

/** The five types of keys of facts 3.3; what an HSM keeps in an encrypted database is the fifth with rotation. */
export type KeyType = keyof typeof keyTypes
export type TypeFeature = Exclude<keyof (typeof keyTypes)[KeyType], 'specs'>

/** Who asks: a principal of the account, or one that the configuration names as a service. */
export interface CmkCaller {
  readonly account: string
  readonly principal: string
  /** The cloud service that the principal acts for. */
  readonly service?: string | undefined
  /** The server itself: the scheduler. */
  readonly isServer?: boolean
}

export function typeOf(
  { keyClass, protectionLevel, keyStorageMechanism }:
  Pick<Cmk, 'keyClass' | 'protectionLevel' | 'keyStorageMechanism'>,
): KeyType {
  if (keyClass !== 'customer') return keyClass
  return keyStorageMechanism === 'HsmEncryptedDatabase' ? 'hardwareDatabase' : levels[protectionLevel]
}

/** The key specs of keys at a protection level that something with these capabilities can keep. */
export function specsAt(protectionLevel: Cmk['protectionLevel'], { keys }: Capabilities): string[] {
  const specs: readonly string[] = keyTypes[levels[protectionLevel]].specs
  return [...keySpecs.values()].filter((spec) => specs.length === 0 || specs.includes(spec.name))
    .filter((spec) => keys.some((key) => isCovered(spec, key))).map(({ name }) => name)
}

function isCovered({ algorithm, length, curve }: CmkKeySpec, key: KeyCapability): boolean {
  return key.algorithm === algorithm && (key.lengths.length === 0 || key.lengths.includes(length)) &&
    (curve === undefined || key.curves?.includes(curve) === true)
}

/** A cell of the table: whether keys of a type have a feature. */
export function hasFeature(type: KeyType, feature: TypeFeature, spec: CmkKeySpec): boolean {
  const cell = keyTypes[type][feature]
  return cell === 'symmetric' ? spec.kind === 'symmetric' : cell !== 'no'
}

/** @throws KmipError Illegal Operation */
export function checkFeature(cmk: Cmk, feature: TypeFeature): void {
  const type = typeOf(cmk)
  if (!hasFeature(type, feature, specNamed(cmk.keySpec))) {
    const kind = keyTypes[type][feature] === 'symmetric' ? `an asymmetric ${type}` : `a ${type}`
    throw new KmipError('IllegalOperation', `Rejected.UnsupportedOperation: ${kind} key has no ${names[feature]}`)
  }
}

/** @throws KmipError Invalid Attribute Value for a spec that keys of the type do not have */
export function checkTypeSpec(type: KeyType, spec: CmkKeySpec): void {
  const specs: readonly string[] = keyTypes[type].specs
  if (specs.length > 0 && !specs.includes(spec.name)) {
    throw new KmipError('InvalidAttributeValue', `a ${type} key is of ${specs.join(', ')}`)
  }
}

/**
 * Default and service keys serve cloud services, and no application of the account's own; a service key serves its
 * own service only.
 *
 * @throws KmipError Permission Denied
 */
export function checkMayUse(cmk: Cmk, caller: CmkCaller): void {
  if (cmk.keyClass === 'customer') return
  const isServed = cmk.keyClass === 'default' ? caller.service !== undefined : caller.service === cmk.service
  if (!isServed) {
    throw new KmipError('PermissionDenied', `Forbidden.NoPermission: a ${cmk.keyClass} key is used by services only`)
  }
}

/**
 * A service key is its service's: users can name and tag it, and change nothing of it.
 *
 * @throws KmipError Permission Denied
 */
export function checkMayManage(cmk: Cmk, caller: CmkCaller): void {
  if (cmk.keyClass !== 'service' || caller.isServer === true || caller.service === cmk.service) return
  throw new KmipError('PermissionDenied', 'Forbidden.NoPermission: a service key cannot be changed by users')
}

/** Facts 3.3, table by type. `paid` and `firstEnabling` are yes with a condition. No specs: all of them. */
export const keyTypes = {
  default: {
    specs: ['Aliyun_AES_256'], ownCrypto: 'no', sign: 'no', serverSideEncryption: 'yes', rotation: 'yes',
    scheduleDeletion: 'yes', deletionProtection: 'yes', ownMaterial: 'firstEnabling', backup: 'no',
  },
  service: {
    specs: ['Aliyun_AES_256'], ownCrypto: 'no', sign: 'no', serverSideEncryption: 'yes', rotation: 'yes',
    scheduleDeletion: 'no', deletionProtection: 'no', ownMaterial: 'no', backup: 'no',
  },
  software: {
    specs: [], ownCrypto: 'yes', sign: 'yes', serverSideEncryption: 'yes', rotation: 'symmetric',
    scheduleDeletion: 'yes', deletionProtection: 'yes', ownMaterial: 'yes', backup: 'yes',
  },
  hardware: {
    specs: [], ownCrypto: 'yes', sign: 'yes', serverSideEncryption: 'yes', rotation: 'no',
    scheduleDeletion: 'yes', deletionProtection: 'yes', ownMaterial: 'yes', backup: 'no',
  },
  hardwareDatabase: {
    specs: [], ownCrypto: 'yes', sign: 'yes', serverSideEncryption: 'yes', rotation: 'symmetric',
    scheduleDeletion: 'yes', deletionProtection: 'yes', ownMaterial: 'yes', backup: 'no',
  },
  external: {
    specs: ['Aliyun_AES_256'], ownCrypto: 'yes', sign: 'no', serverSideEncryption: 'yes', rotation: 'no',
    scheduleDeletion: 'yes', deletionProtection: 'yes', ownMaterial: 'no', backup: 'no',
  },
} as const

const levels = { SOFTWARE: 'software', HSM: 'hardware', EXTERNAL: 'external' } as const

const names: Readonly<Record<TypeFeature, string>> = {
  ownCrypto: 'use by applications',
  sign: 'signatures',
  serverSideEncryption: 'server-side encryption',
  rotation: 'rotation',
  scheduleDeletion: 'deletion',
  deletionProtection: 'deletion protection',
  ownMaterial: 'material of your own',
  backup: 'backup',
}
