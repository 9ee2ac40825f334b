import type { ResultReasonName } from '../../src/kmip/error.ts'

/** What the conversations cannot show, and the test that does: it needs another caller, time, or very many objects. */
export const shownElsewhere: readonly {
  readonly operation: string
  readonly outcomes: readonly (ResultReasonName | 'Success')[]
  readonly shownBy: string
}[] = [
  ...[
    'Certify', 'DeriveKey', 'Import', 'ModifyAttribute', 'ReCertify', 'ReKey', 'ReKeyKeyPair', 'Register',
  ].map((operation) => ({
    operation, outcomes: ['ServerLimitExceeded'] as const, shownBy: 'test/operation/attribute-limit.test.ts',
  })),
  { operation: 'AddAttribute', outcomes: ['ObjectDestroyed'], shownBy: 'test/cmk/deletion.test.ts' },
  { operation: 'Certify', outcomes: ['PermissionDenied'], shownBy: 'test/operation/revocation.test.ts' },
  { operation: 'Create', outcomes: ['IllegalOperation'], shownBy: 'test/cmk/classes.test.ts' },
  { operation: 'DelegatedLogin', outcomes: ['ServerLimitExceeded'], shownBy: 'test/operation/limits.test.ts' },
  { operation: 'DeleteAttribute', outcomes: ['ObjectDestroyed'], shownBy: 'test/cmk/deletion.test.ts' },
  { operation: 'Destroy', outcomes: ['IllegalOperation'], shownBy: 'test/cmk/classes.test.ts' },
  { operation: 'Encrypt', outcomes: ['CryptographicFailure'], shownBy: 'test/cmk/ciphertext.test.ts' },
  { operation: 'Login', outcomes: ['ServerLimitExceeded'], shownBy: 'test/operation/account.test.ts' },
  { operation: 'PKCS_11', outcomes: ['ServerLimitExceeded'], shownBy: 'test/operation/limits.test.ts' },
  { operation: 'Process', outcomes: ['GeneralFailure'], shownBy: 'test/operation/limits.test.ts' },
  {
    operation: 'ReProvision', outcomes: ['Success', 'FeatureNotSupported', 'InvalidCSR', 'InvalidField', 'PermissionDenied'],
    shownBy: 'test/operation/re-provision.test.ts',
  },
  { operation: 'ReCertify', outcomes: ['PermissionDenied'], shownBy: 'test/operation/revocation.test.ts' },
  { operation: 'RNGSeed', outcomes: ['PermissionDenied'], shownBy: 'test/operation/client-profile.test.ts' },
  { operation: 'Revoke', outcomes: ['PermissionDenied'], shownBy: 'test/cmk/classes.test.ts' },
  { operation: 'SetAttribute', outcomes: ['IllegalOperation'], shownBy: 'test/cmk/matrix.test.ts' },
  { operation: 'SetAttribute', outcomes: ['ObjectDestroyed'], shownBy: 'test/cmk/import.test.ts' },
]

/** KMIP 2.1 11.49 and 1.4 11.1: what any operation may refuse, whatever its table lists. */
export const generalReasons: readonly ResultReasonName[] = [
  'InvalidMessage', 'InvalidField', 'PermissionDenied', 'ResponseTooLarge', 'OperationNotSupported', 'FeatureNotSupported',
  'GeneralFailure', 'UnknownEnumeration',
]

/**
 * What refuses an operation before its handler, or what the handler has made: tickets, constraints, the ID Placeholder,
 * archived objects, an asynchronous batch that has stopped.
 */
export const commonReasons: readonly ResultReasonName[] = [
  'ConstraintViolation', 'ObjectNotFound', 'NotAuthorised', 'ObjectArchived', 'OperationCanceledByRequester',
  'UsageLimitExceeded',
]

/** Reasons that operations give although no table lists them for these, and why. */
export const unlisted: readonly {
  readonly reasons: readonly ResultReasonName[]
  readonly operations: readonly string[]
  readonly because: string
}[] = [
  {
    reasons: ['MissingData'],
    operations: ['Decrypt', 'DeriveKey', 'Encrypt', 'Hash', 'MAC', 'MACVerify', 'Sign', 'SignatureVerify'],
    because: 'its definition (2.1 11.49): the operation requires additional data, which is not present',
  },
  {
    reasons: ['ServerLimitExceeded'],
    operations: [
      'Certify', 'DelegatedLogin', 'DeriveKey', 'Login', 'ModifyAttribute', 'PKCS_11', 'ReCertify', 'ReKey', 'ReKeyKeyPair',
      'SetAttribute', 'SetConstraints', 'SetDefaults',
    ],
    because: 'everything is bounded, and the tables name this reason for what makes objects only',
  },
  {
    reasons: ['IllegalOperation', 'ObjectDestroyed', 'InvalidAttribute', 'ApplicationNamespaceNotSupported'],
    operations: ['Create', 'CreateKeyPair', 'Destroy', 'SetAttribute'],
    because: 'the rules of CMKs, which the standard does not know; Set Attribute is Add and Modify Attribute in one',
  },
  {
    reasons: ['IllegalOperation', 'CryptographicFailure'],
    operations: ['Import', 'ReCertify', 'Register'],
    because: 'objects that contradict themselves, as the tables of Create and Re-key have it',
  },
  {
    reasons: ['WrappingObjectArchived', 'WrappingObjectDestroyed', 'WrappingObjectNotFound'],
    operations: ['Import'],
    because: 'it unwraps as Register does, whose table has them',
  },
  {
    reasons: ['BadPassword', 'NotExtractable', 'ObjectArchived', 'Sensitive'],
    operations: ['Export', 'Get'],
    because: 'both give out the same; one table has what the other leaves out',
  },
  {
    reasons: ['KeyValueNotPresent', 'ObjectDestroyed', 'ObjectNotFound', 'InvalidCSR'],
    operations: ['Certify', 'DelegatedLogin', 'JoinSplitKey', 'ReProvision', 'Validate'],
    because: 'they use objects that other operations use, whose tables have them',
  },
  {
    reasons: ['DuplicateProcessRequest'],
    operations: ['Process'],
    because: 'the reason is defined for nothing else (2.1 11.49)',
  },
  {
    reasons: ['AttributeReadOnly', 'InvalidAttribute'],
    operations: ['SetDefaults'],
    because: 'defaults are attributes of Create, whose table has them',
  },
]
