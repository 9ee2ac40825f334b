import type { ResultReasonName } from '../kmip/error.ts'

/** What every operation that makes an object from attributes refuses. */
export const creationReasons: readonly ResultReasonName[] = [
  'ApplicationNamespaceNotSupported', 'AttributeReadOnly', 'GeneralFailure', 'InvalidAttribute',
  'InvalidAttributeValue', 'InvalidField', 'NonUniqueNameAttribute', 'ObjectArchived',
  'ServerLimitExceeded',
]
