import type { UsageLimits } from '../kmip/attribute-value.ts'
import { KmipError } from '../kmip/error.ts'
import type { ResultReasonName } from '../kmip/error.ts'
import { UsageLimitsUnit } from '../kmip/generated/enums.ts'
import type { ManagedObject } from './managed-object.ts'

/**
 * The object after it has protected so much data, or the same object when its use is not limited (KMIP 2.1 4.59).
 *
 * @param bytes that were protected; a limit in objects counts the use as one
 * @throws KmipError Permission Denied when so much is not left: the reason of the published cases (CS-BC-M-7-21)
 */
export function charge(object: ManagedObject, bytes: number): ManagedObject {
  const { usageLimits } = object.attributes
  if (usageLimits === undefined) return object
  const units = usageLimits.usageLimitsUnit === UsageLimitsUnit.Byte ? BigInt(bytes) : 1n
  return take(object, usageLimits, units, 'PermissionDenied')
}

/**
 * Takes units off what is left.
 *
 * @param limits the object's own
 * @throws KmipError Usage Limit Exceeded when fewer are left
 */
export function allocate(object: ManagedObject, limits: UsageLimits, units: bigint): ManagedObject {
  return take(object, limits, units, 'UsageLimitExceeded')
}

export function unitsLeft({ usageLimitsTotal, usageLimitsCount }: UsageLimits): bigint {
  return usageLimitsCount ?? usageLimitsTotal
}

/** Whether any of it was used or given out; from then on the client may no longer change it. */
export function isUsed(limits: UsageLimits): boolean {
  return unitsLeft(limits) !== limits.usageLimitsTotal
}

function take(object: ManagedObject, limits: UsageLimits, units: bigint, reason: ResultReasonName): ManagedObject {
  const left = unitsLeft(limits)
  if (units > left) throw new KmipError(reason, 'the requested amount is not available')
  const usageLimits = { ...limits, usageLimitsCount: left - units }
  return { ...object, attributes: { ...object.attributes, usageLimits } }
}
