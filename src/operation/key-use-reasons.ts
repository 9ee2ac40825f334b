import type { ResultReasonName } from '../kmip/error.ts'

/** The Result Reasons that every operation with a key gives (KMIP 2.1 6.1.11, 6.1.17, 6.1.32, 6.1.55). */
export const keyUseReasons: readonly ResultReasonName[] = [
  'BadCryptographicParameters', 'FeatureNotSupported', 'IncompatibleCryptographicUsageMask', 'InvalidCorrelationValue',
  'InvalidField', 'InvalidObjectType', 'KeyValueNotPresent', 'MissingData', 'ObjectArchived', 'ObjectDestroyed',
  'ObjectNotFound', 'PermissionDenied', 'UnsupportedCryptographicParameters', 'WrongKeyLifecycleState',
]
