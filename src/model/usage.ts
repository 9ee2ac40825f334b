import { KmipError } from '../kmip/error.ts'
import { CryptographicUsageMask } from '../kmip/generated/enums.ts'
import { stateAt } from './lifecycle.ts'
import type { ManagedObject } from './managed-object.ts'

/** A cryptographic use: the bit of the usage mask that permits it, and whether it protects or processes data. */
export interface Use {
  readonly mask: keyof typeof CryptographicUsageMask
  readonly applies: 'protection' | 'processing'
}

export const uses = {
  encrypt: { mask: 'Encrypt', applies: 'protection' },
  decrypt: { mask: 'Decrypt', applies: 'processing' },
  sign: { mask: 'Sign', applies: 'protection' },
  verify: { mask: 'Verify', applies: 'processing' },
  macGenerate: { mask: 'MACGenerate', applies: 'protection' },
  macVerify: { mask: 'MACVerify', applies: 'processing' },
  wrapKey: { mask: 'WrapKey', applies: 'protection' },
  unwrapKey: { mask: 'UnwrapKey', applies: 'processing' },
  deriveKey: { mask: 'DeriveKey', applies: 'protection' },
  keyAgreement: { mask: 'KeyAgreement', applies: 'protection' },
  certificateSign: { mask: 'CertificateSign', applies: 'protection' },
} as const satisfies Record<string, Use>

/**
 * Checks kind, state, dates and usage mask, in this order (KMIP 2.1 4.17, 4.40, 4.41, 4.57). An object
 * that is Deactivated or Compromised is refused also for processing: the "special permission"
 * that the standard asks for there does not exist.
 *
 * @param now seconds since 1970-01-01 UTC
 * @throws KmipError Object Destroyed, Invalid Object Type for what has no material to use in any state, Wrong Key Lifecycle
 *   State, Incompatible Cryptographic Usage Mask
 */
export function checkUse(object: ManagedObject, use: Use, now: number): void {
  const { attributes } = object
  const state = stateAt(attributes, now)
  if (state === 'Destroyed' || state === 'DestroyedCompromised') {
    throw new KmipError('ObjectDestroyed', 'the object is destroyed')
  }
  if (object.archived === true) throw new KmipError('ObjectArchived', 'the object is archived')
  if (kindsWithoutUse.has(object.kind)) throw new KmipError('InvalidObjectType', 'such an object has no cryptographic use')
  if (state !== 'Active') throw new KmipError('WrongKeyLifecycleState', `the object is ${state}, not Active`)
  if (use.applies === 'processing' && attributes.processStartDate !== undefined && now < attributes.processStartDate) {
    throw new KmipError('WrongKeyLifecycleState', 'the Process Start Date is not reached')
  }
  if (use.applies === 'protection' && attributes.protectStopDate !== undefined && now >= attributes.protectStopDate) {
    throw new KmipError('WrongKeyLifecycleState', 'the Protect Stop Date is past')
  }
  checkMask(object, use)
}

/** They hold no key, whatever their state and mask. */
const kindsWithoutUse: ReadonlySet<ManagedObject['kind']> = new Set(['OpaqueObject', 'Template', 'CertificateRequest'])

/** @throws KmipError Incompatible Cryptographic Usage Mask */
export function checkMask(object: ManagedObject, use: Use): void {
  if (!permits(object.attributes.cryptographicUsageMask ?? 0, CryptographicUsageMask[use.mask])) {
    throw new KmipError('IncompatibleCryptographicUsageMask', `the usage mask does not permit ${use.mask}`)
  }
}

/** Whether a usage mask permits all uses of `wanted`: one that is Unrestricted restricts none (KMIP 2.1 12.1). */
export function permits(mask: number, wanted: number): boolean {
  return hasMask(mask, wanted) || hasMask(mask, CryptographicUsageMask.Unrestricted)
}

/** The usage mask of a key that permits one use less. One that is Unrestricted names all the others that there are here. */
export function withoutUse(mask: number, unwanted: number): number {
  const { Unrestricted } = CryptographicUsageMask
  const named = hasMask(mask, Unrestricted) ? (mask & ~Unrestricted) | everyUse : mask
  return named & ~unwanted
}

/** Whether all bits of `wanted` are in `mask`. */
export function hasMask(mask: number, wanted: number): boolean {
  return (mask & wanted) === wanted
}

const everyUse = Object.values<Use>(uses).reduce((sum, { mask }) => sum | CryptographicUsageMask[mask], 0)
