import type { AttributeSet } from '../kmip/attribute.ts'
import { KmipError, RefusedWithPayload } from '../kmip/error.ts'
import { CryptographicUsageMask, Operation } from '../kmip/generated/enums.ts'
import { outgoing } from '../kmip/message.ts'
import { CheckRequest, CheckResponse } from '../kmip/payload/check.ts'
import type { CheckRequest as Wanted, CheckResponse as Failed } from '../kmip/payload/check.ts'
import { parseVersion } from '../kmip/version.ts'
import { leaseSeconds } from '../model/attributes-of.ts'
import { stateAt } from '../model/lifecycle.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import { unitsLeft } from '../model/usage-limits.ts'
import { hasMask, permits, uses } from '../model/usage.ts'
import type { Use } from '../model/usage.ts'
import { operation } from './operation.ts'
import type { Context } from './operation.ts'
import { loadUnarchived } from './unarchived.ts'

/**
 * KMIP 2.1 6.1.7. A failed check empties the ID Placeholder, so that no later item uses the object, and its failure has
 * a payload: what was asked for and is not granted. In 2.x there is none when only one thing was asked for and the reason
 * says it all, as in the published cases (BL-M-2, BL-M-3). An object that is Pre-Active is checked for its use to come.
 */
export const check = operation({
  code: Operation.Check,
  since: '1.0',
  request: CheckRequest,
  response: CheckResponse,
  reasons: [
    'IllegalObjectType', 'IncompatibleCryptographicUsageMask', 'InvalidField', 'ObjectNotFound', 'PermissionDenied',
    'UsageLimitExceeded',
  ],
  async handle(request, context) {
    const object = await loadUnarchived(context, request.uniqueIdentifier)
    try {
      if (object.kind === 'Template') throw new KmipError('IllegalObjectType', 'a template is not used')
      const refusal = refusalOf(object, request, context)
      if (refusal !== undefined) throw refusal
    } catch (error) {
      context.batch.produced(undefined)
      throw error
    }
    return { uniqueIdentifier: object.uniqueIdentifier }
  },
})

/** The refusal for all that is not granted, with the reason of the first. */
function refusalOf(object: ManagedObject, wanted: Wanted, context: Context): KmipError | undefined {
  const failures = [
    maskFailure(object, wanted, context), countFailure(object, wanted, context), leaseFailure(object, wanted, context),
  ].filter((failure) => failure !== undefined)
  const [first] = failures
  const asked = [wanted.cryptographicUsageMask, wanted.usageLimitsCount, wanted.leaseTime]
  const isPlain = context.version >= v2 && asked.filter((value) => value !== undefined).length === 1
  if (first !== undefined && isPlain) return new KmipError(first.reason, first.because)
  if (first !== undefined) {
    const failed: Failed = Object.fromEntries(failures.map(({ field }) => [field, wanted[field]]))
    return new RefusedWithPayload(first.reason, first.because, outgoing(CheckResponse, failed))
  }
  return isOver(object.attributes, context.now) ? new KmipError('PermissionDenied', over) : undefined
}

interface Failure {
  readonly field: 'cryptographicUsageMask' | 'usageLimitsCount' | 'leaseTime'
  readonly reason: KmipError['reason']
  readonly because: string
}

function maskFailure(
  object: ManagedObject, { cryptographicUsageMask: wanted }: Wanted, context: Context,
): Failure | undefined {
  if (wanted === undefined) return undefined
  const field = 'cryptographicUsageMask'
  if (!permits(object.attributes.cryptographicUsageMask ?? 0, wanted)) {
    return { field, reason: 'IncompatibleCryptographicUsageMask', because: 'the usage mask does not permit it' }
  }
  if (stateAt(object.attributes, context.now) === 'PreActive') return undefined
  for (const use of Object.values<Use>(uses)) {
    if (!hasMask(wanted, CryptographicUsageMask[use.mask])) continue
    try {
      context.objects.checkUse(object, use)
    } catch (error) {
      if (!(error instanceof KmipError)) throw error
      return { field, reason: 'PermissionDenied', because: error.message }
    }
  }
  return undefined
}

function countFailure(
  { attributes }: ManagedObject, { usageLimitsCount: wanted }: Wanted, { now }: Context,
): Failure | undefined {
  if (wanted === undefined) return undefined
  if (wanted < 0n) throw new KmipError('InvalidField', 'Usage Limits Count is negative')
  const field = 'usageLimitsCount'
  const { usageLimits, protectStopDate = Infinity } = attributes
  if (usageLimits !== undefined && wanted > unitsLeft(usageLimits)) {
    return { field, reason: 'UsageLimitExceeded', because: 'so much usage is not left' }
  }
  const isStopped = protectStopDate <= now || stateAt(attributes, now) === 'Deactivated' || isOver(attributes, now)
  return isStopped ? { field, reason: 'PermissionDenied', because: 'the object protects no more' } : undefined
}

function leaseFailure(
  { attributes }: ManagedObject, { leaseTime: wanted }: Wanted, { now }: Context,
): Failure | undefined {
  if (wanted === undefined) return undefined
  const { leaseTime = leaseSeconds } = attributes
  if (wanted <= leaseTime && !isOver(attributes, now)) return undefined
  return { field: 'leaseTime', reason: 'PermissionDenied', because: isOver(attributes, now) ? over : 'leases are shorter' }
}

/** Whether nobody may rely on the object any more: Obtain Lease refuses it too. */
function isOver(attributes: AttributeSet, now: number): boolean {
  return overStates.has(stateAt(attributes, now))
}

const v2 = parseVersion('2.0')
const overStates: ReadonlySet<string> = new Set(['Compromised', 'Destroyed', 'DestroyedCompromised'])
const over = 'the object is compromised or destroyed'
