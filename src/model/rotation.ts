import type { ManagedObject } from './managed-object.ts'
import { stateAt } from './lifecycle.ts'

/**
 * Rotation of plain objects by the server (KMIP 2.1 4.48, 4.51); CMKs have a policy of their own. Objects that no Re-key,
 * Re-key Key Pair or Re-certify replaces are not rotated, and a public key is with its private one.
 */

/** Whether the object waits for its rotation. */
export function isRotating({ kind, cmkId, attributes }: ManagedObject): boolean {
  const { rotateAutomatic, rotateInterval, rotateLatest, destroyDate } = attributes
  return rotateAutomatic === true && rotateInterval !== undefined && rotateLatest !== false
    && destroyDate === undefined && cmkId === undefined && rotatedKinds.has(kind)
}

/**
 * Whether "the difference between the Initial Date ... and the current server time reaches or exceeds" the interval. What is
 * out of use, or not at hand, waits.
 *
 * @param now seconds since 1970-01-01 UTC
 */
export function isRotationDue(object: ManagedObject, now: number): boolean {
  const { initialDate = now, rotateInterval = Infinity } = object.attributes
  if (!isRotating(object) || object.archived === true || object.value === undefined) return false
  const state = stateAt(object.attributes, now)
  return (state === 'Active' || state === 'PreActive') && now - initialDate >= Math.max(rotateInterval, intervalMin)
}

const rotatedKinds: ReadonlySet<string> = new Set(['SymmetricKey', 'PrivateKey', 'Certificate'])
/** Seconds: an interval of none would make a key with every round of the scheduler. */
const intervalMin = 60
