import { specsAt } from '../cmk/key-class.ts'
import type { Provider } from '../crypto/provider.ts'
import type { ProtectionInformation } from '../kmip/protection-information.ts'
import { KmipError } from '../kmip/error.ts'
import type { ResultReasonName } from '../kmip/error.ts'
import { ProtectionStorageMask } from '../kmip/generated/enums.ts'
import type { ProtectionStorageMasks } from '../kmip/protection-storage-masks.ts'
import { checkStorageMasks } from '../model/protection-storage.ts'
import type { Context } from './operation.ts'

/** Where new keys are kept. */
export type ProtectionName = 'SOFTWARE' | 'HSM' | 'EXTERNAL'

/**
 * The context whose provider is the first that the client permits by the masks of each of the sets (KMIP 2.1 7.33).
 *
 * @throws KmipError Protection Storage Unavailable, or the set's own reason
 */
export function storedBy(context: Context, ...sets: readonly PermittedStorage[]): Context {
  const hsm = context.keys.providersOf('HSM')[0]
  const lists = sets.map(({ masks }) => masks?.protectionStorageMask ?? [])
  const isPermitted = (mask: number): boolean => lists.every((list) => list.length === 0 || list.includes(mask))
  const wanted = lists.flat()
  const first = [...wanted, ProtectionStorageMask.Software].find((mask) =>
    isPermitted(mask) && (mask === ProtectionStorageMask.Software || (mask === hardware && hsm !== undefined)))
  if (first === hardware && hsm !== undefined) return { ...context, provider: hsm }
  for (const { masks, reason } of sets) checkStorageMasks(masks, undefined, reason)
  return context
}

export interface PermittedStorage {
  readonly masks: ProtectionStorageMasks | undefined
  readonly reason?: ResultReasonName
}

/**
 * The context whose provider keeps keys at a protection level.
 *
 * @param instance its name in the configuration; the first of its kind, when there is none
 * @param mechanism Key Storage Mechanism that it has; any, when there is none
 * @throws KmipError Protection Storage Unavailable
 */
export function protectedBy(
  context: Context, level: ProtectionName, instance?: string, mechanism?: string,
): Context {
  if (level === 'SOFTWARE') {
    if (instance === undefined && mechanism === undefined) return context
    const which = instance === undefined ? 'cmk-key-storage-mechanism is' : 'cmk-instance is'
    throw new KmipError('InvalidAttributeValue', `${which} for a protection level of HSM or EXTERNAL`)
  }
  const found = context.keys.providersOf(level).find(({ name, storageMechanism }) => (
    (instance === undefined || name === instance) && (mechanism === undefined || storageMechanism === mechanism)))
  if (found !== undefined) return { ...context, provider: found }
  const named = instance === undefined ? `${level} provider` : `${level} instance ${instance}`
  const which = mechanism === undefined ? named : `${named} with ${mechanism}`
  throw new KmipError('ProtectionStorageUnavailable', `Unsupported.ProtectionLevel: there is no ${which}`)
}

/**
 * Where keys may be kept, and whether that can be reached: for Query. Nothing where all keys are the software's.
 */
export function protectionInformation({ keys, provider }: Context): ProtectionInformation[] {
  const others = keys.others()
  return others.length === 0 ? [] : [provider, ...others].map((each) => {
    const level = levelOf(each)
    return {
      name: each.name, protectionLevel: level, keyStorageMechanism: each.storageMechanism, state: each.state ?? 'up',
      keySpec: specsAt(level, each.capabilities),
    }
  })
}

/** What Query tells of the storages (KMIP 2.1 6.1.40). */
export function storageMasks(context: Context): number[] {
  return context.keys.providersOf('HSM').length === 0
    ? [ProtectionStorageMask.Software]
    : [ProtectionStorageMask.Software, hardware]
}

/** Protection Storage Mask of the provider's keys. */
export function storageOf({ protection }: Provider): number {
  if (protection === undefined) return ProtectionStorageMask.Software
  return protection === 'HSM' ? hardware : ProtectionStorageMask.OffSystem
}

/** Whether the provider keeps keys in hardware or elsewhere. */
export function levelOf({ protection }: Provider): ProtectionName {
  return protection ?? 'SOFTWARE'
}

/** The name by which a CMK tells of a provider other than software. */
export function instanceOf({ name, protection }: Provider): string | undefined {
  return protection === undefined ? undefined : name
}

const hardware = ProtectionStorageMask.Hardware
