import type { ResultReasonName } from '../kmip/error.ts'

/** What the operations refuse that make or change a CMK where they meet one, beside their own reasons. */
export const cmkReasons: readonly ResultReasonName[] = [
  'IllegalOperation', 'InvalidAttribute', 'InvalidAttributeValue', 'InvalidField', 'NonUniqueNameAttribute',
  'ObjectDestroyed', 'ObjectNotFound', 'PermissionDenied', 'ServerLimitExceeded', 'UnsupportedCryptographicParameters',
  'WrongKeyLifecycleState',
]
