import { KmipError } from '../kmip/error.ts'
import { CryptographicUsageMask, Operation } from '../kmip/generated/enums.ts'
import { GetUsageAllocationRequest, GetUsageAllocationResponse } from '../kmip/payload/get-usage-allocation.ts'
import { stateAt } from '../model/lifecycle.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import { allocate } from '../model/usage-limits.ts'
import { permits, uses } from '../model/usage.ts'
import { operation } from './operation.ts'
import { loadUnarchived } from './unarchived.ts'

/** KMIP 2.1 6.1.23. */
export const getUsageAllocation = operation({
  code: Operation.GetUsageAllocation,
  since: '1.0',
  request: GetUsageAllocationRequest,
  response: GetUsageAllocationResponse,
  reasons: [
    'AttributeNotFound', 'InvalidField', 'InvalidObjectType', 'ObjectNotFound', 'PermissionDenied',
    'UsageLimitExceeded',
  ],
  async handle({ uniqueIdentifier, usageLimitsCount }, context) {
    const object = await loadUnarchived(context, uniqueIdentifier)
    const { usageLimits } = object.attributes
    if (!isForProtection(object)) throw new KmipError('InvalidObjectType', 'the object is not used for protecting')
    if (usageLimits === undefined) throw new KmipError('AttributeNotFound', 'the object has no Usage Limits')
    if (usageLimitsCount < 0n) throw new KmipError('InvalidField', 'Usage Limits Count is negative')
    checkProtects(object, context.now)
    context.objects.save(allocate(object, usageLimits, usageLimitsCount))
    return { uniqueIdentifier: object.uniqueIdentifier }
  },
})

function isForProtection({ attributes }: ManagedObject): boolean {
  const mask = attributes.cryptographicUsageMask ?? 0
  return Object.values(uses)
    .some((use) => use.applies === 'protection' && permits(mask, CryptographicUsageMask[use.mask]))
}

/** @throws KmipError Permission Denied before the Activation Date and after the Protect Stop Date */
function checkProtects({ attributes }: ManagedObject, now: number): void {
  const isStopped = attributes.protectStopDate !== undefined && now >= attributes.protectStopDate
  if (isStopped || stateAt(attributes, now) !== 'Active') {
    throw new KmipError('PermissionDenied', 'the object may not be used for protecting now')
  }
}
