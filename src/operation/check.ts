import { KmipError } from '../kmip/error.ts'
import { Operation } from '../kmip/generated/enums.ts'
import { CheckRequest, CheckResponse } from '../kmip/payload/check.ts'
import type { CheckRequest as Wanted } from '../kmip/payload/check.ts'
import { leaseSeconds } from '../model/attributes-of.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import { unitsLeft } from '../model/usage-limits.ts'
import { hasMask } from '../model/usage.ts'
import { operation } from './operation.ts'
import { loadUnarchived } from './unarchived.ts'

/** KMIP 2.1 6.1.7. A failed check empties the ID Placeholder, so that no later item uses the object. */
export const check = operation({
  code: Operation.Check,
  since: '1.0',
  request: CheckRequest,
  response: CheckResponse,
  reasons: [
    'IllegalObjectType', 'IncompatibleCryptographicUsageMask', 'ObjectNotFound', 'PermissionDenied',
    'UsageLimitExceeded',
  ],
  async handle(request, context) {
    const object = await loadUnarchived(context, request.uniqueIdentifier)
    try {
      checkWanted(object, request)
    } catch (error) {
      context.batch.emptyPlaceholder()
      throw error
    }
    return { uniqueIdentifier: object.uniqueIdentifier }
  },
})

function checkWanted({ kind, attributes }: ManagedObject, wanted: Wanted): void {
  if (kind === 'Template') throw new KmipError('IllegalObjectType', 'a template is not used')
  const { usageLimits, cryptographicUsageMask = 0, leaseTime = leaseSeconds } = attributes
  if (wanted.cryptographicUsageMask !== undefined && !hasMask(cryptographicUsageMask, wanted.cryptographicUsageMask)) {
    throw new KmipError('IncompatibleCryptographicUsageMask', 'the usage mask does not permit it')
  }
  if (wanted.usageLimitsCount !== undefined && usageLimits !== undefined
    && wanted.usageLimitsCount > unitsLeft(usageLimits)) {
    throw new KmipError('UsageLimitExceeded', 'so much usage is not left')
  }
  if (wanted.leaseTime !== undefined && wanted.leaseTime > leaseTime) {
    throw new KmipError('PermissionDenied', 'leases are shorter')
  }
}
