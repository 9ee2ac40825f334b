import type { ResultReasonName } from '../kmip/error.ts'
import { ResultReason, enumerations } from '../kmip/generated/enums.ts'
import { parseVersion } from '../kmip/version.ts'
import type { Version } from '../kmip/version.ts'

/**
 * The Result Reason as a client of this version knows it. Handlers speak of the reasons of 2.1;
 * earlier versions have fewer, and 2.0 has some that it does not use yet (its published cases
 * answer with those of 1.4).
 */
export function resultReason(reason: ResultReasonName, version: Version): number {
  if (version >= v2_1) return ResultReason[reason]
  const older = before2_1[reason]
  if (older !== undefined) return ResultReason[older]
  const since = enumerations['ResultReason']?.since[reason]
  return since === undefined || parseVersion(since) <= version ? ResultReason[reason] : ResultReason.GeneralFailure
}

const v2_1 = parseVersion('2.1')

const before2_1: Partial<Record<ResultReasonName, ResultReasonName>> = {
  ObjectNotFound: 'ItemNotFound',
  ObjectDestroyed: 'ItemNotFound',
  AttributeNotFound: 'ItemNotFound',
  AttributeReadOnly: 'PermissionDenied',
  ReadOnlyAttribute: 'PermissionDenied',
  AttributeSingleValued: 'InvalidField',
  IncompatibleCryptographicUsageMask: 'PermissionDenied',
  InvalidAttribute: 'InvalidField',
  InvalidAttributeValue: 'InvalidField',
  InvalidCorrelationValue: 'InvalidField',
  InvalidObjectType: 'InvalidField',
  NonUniqueNameAttribute: 'InvalidField',
  NotAuthorised: 'PermissionDenied',
  UnsupportedAttribute: 'InvalidField',
  UnsupportedCryptographicParameters: 'InvalidField',
  WrongKeyLifecycleState: 'PermissionDenied',
  UsageLimitExceeded: 'PermissionDenied',
  BadCryptographicParameters: 'InvalidField',
}
