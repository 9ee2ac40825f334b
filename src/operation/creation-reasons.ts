import type { ResultReasonName } from '../kmip/error.ts'

/** What every operation that makes an object from attributes can refuse. */
export const creationReasons: readonly ResultReasonName[] = [
  'ApplicationNamespaceNotSupported', 'AttributeReadOnly', 'AttributeSingleValued', 'FeatureNotSupported',
  'GeneralFailure', 'InvalidAttribute', 'InvalidAttributeValue', 'InvalidField', 'ItemNotFound',
  'NonUniqueNameAttribute', 'ObjectArchived', 'ProtectionStorageUnavailable',
]
