import type { ResultReasonName } from '../kmip/error.ts'
import { Operation, ResultReason, enumerations } from '../kmip/generated/enums.ts'
import { parseVersion } from '../kmip/version.ts'
import type { Version } from '../kmip/version.ts'

/**
 * The Result Reason as a client of this version knows it. Handlers speak of the reasons of 2.1. Those of 1.x are
 * fewer, and its section 11 gives them by operation; 2.0 has all names, but its published cases answer with those of
 * 1.4 where they show what a client must not do.
 *
 * @param operation the operation that failed, where one was recognised
 */
export function resultReason(reason: ResultReasonName, version: Version, operation?: number): number {
  if (version >= v2_1) return ResultReason[in2_1.get(operation ?? 0)?.[reason] ?? reason]
  if (version >= v2_0) return ResultReason[in2_0(reason, operation)]
  const older = byOperation.get(operation ?? 0)?.[reason]
  if (older !== undefined) return ResultReason[older]
  const since = enumerations['ResultReason']?.since[reason]
  if (since === undefined || parseVersion(since) <= version) return ResultReason[reason]
  return ResultReason[in1_x[reason] ?? 'GeneralFailure']
}

type Reasons = Partial<Record<ResultReasonName, ResultReasonName>>

function in2_0(reason: ResultReasonName, operation: number | undefined): ResultReasonName {
  // TC-PKCS12-2-20, where the password of a PKCS#12 file is not active, has the new name.
  if (reason === 'WrongKeyLifecycleState' && operation === Operation.Register) return reason
  return before2_1[reason] ?? in2_1.get(operation ?? 0)?.[reason] ?? reason
}

const v2_0 = parseVersion('2.0')
const v2_1 = parseVersion('2.1')

const notFound: Reasons = { ObjectNotFound: 'ItemNotFound' }
const noSuchMac: Reasons = { UnsupportedCryptographicParameters: 'FeatureNotSupported' }

/** The operations whose tables of 2.1 name this reason and not that of all others (6.1.3, 6.1.6, 6.1.10, 6.1.32, 6.1.33). */
const in2_1: ReadonlyMap<number, Reasons> = new Map<number, Reasons>([
  [Operation.AdjustAttribute, notFound],
  [Operation.Certify, notFound],
  [Operation.CreateSplitKey, notFound],
  [Operation.MAC, noSuchMac],
  [Operation.MACVerify, noSuchMac],
])

const before2_1: Reasons = {
  ObjectNotFound: 'ItemNotFound',
  ObjectDestroyed: 'ItemNotFound',
  AttributeReadOnly: 'PermissionDenied',
  ReadOnlyAttribute: 'PermissionDenied',
  IncompatibleCryptographicUsageMask: 'PermissionDenied',
  WrongKeyLifecycleState: 'PermissionDenied',
  UnknownObjectGroup: 'ItemNotFound',
  ConstraintViolation: 'PermissionDenied',
  DuplicateProcessRequest: 'PermissionDenied',
}

const in1_x: Reasons = {
  ...before2_1,
  AttestationFailed: 'PermissionDenied',
  AttestationRequired: 'PermissionDenied',
  AttributeInstanceNotFound: 'ItemNotFound',
  AttributeNotFound: 'ItemNotFound',
  AttributeSingleValued: 'InvalidField',
  BadCryptographicParameters: 'InvalidField',
  BadPassword: 'AuthenticationNotSuccessful',
  CodecError: 'InvalidMessage',
  EncodingOptionError: 'InvalidField',
  IllegalObjectType: 'IllegalOperation',
  InvalidAttribute: 'InvalidField',
  InvalidAttributeValue: 'InvalidField',
  InvalidAsynchronousCorrelationValue: 'ItemNotFound',
  InvalidCSR: 'InvalidField',
  InvalidCorrelationValue: 'ItemNotFound',
  InvalidDataType: 'InvalidField',
  InvalidObjectType: 'InvalidField',
  InvalidTicket: 'AuthenticationNotSuccessful',
  KeyValueNotPresent: 'IllegalOperation',
  KeyWrapTypeNotSupported: 'FeatureNotSupported',
  MissingInitializationVector: 'InvalidMessage',
  MultiValuedAttribute: 'InvalidField',
  NonUniqueNameAttribute: 'InvalidField',
  NotAuthorised: 'PermissionDenied',
  NotExtractable: 'PermissionDenied',
  NumericRange: 'InvalidField',
  ObjectAlreadyExists: 'IllegalOperation',
  ProtectionStorageUnavailable: 'PermissionDenied',
  Sensitive: 'PermissionDenied',
  ServerLimitExceeded: 'PermissionDenied',
  UnknownEnumeration: 'InvalidField',
  UnknownMessageExtension: 'FeatureNotSupported',
  UnknownTag: 'InvalidField',
  UnsupportedAttribute: 'InvalidField',
  UnsupportedCryptographicParameters: 'FeatureNotSupported',
  UnsupportedProtocolVersion: 'InvalidMessage',
  UsageLimitExceeded: 'PermissionDenied',
  WrappingObjectArchived: 'ObjectArchived',
  WrappingObjectDestroyed: 'ItemNotFound',
  WrappingObjectNotFound: 'ItemNotFound',
}

/** More values of an attribute than the server keeps; of what makes an object. */
const tooMany: Reasons = { ServerLimitExceeded: 'IndexOutOfBounds' }
const notCertifiable: Reasons = { InvalidObjectType: 'PermissionDenied', KeyValueNotPresent: 'PermissionDenied' }
const notUsable: Reasons = { InvalidObjectType: 'PermissionDenied' }
const onlyAttributes: Reasons = { KeyValueNotPresent: 'IllegalOperation' }

/** Where KMIP 1.4 11.2 to 11.42 differ from the general rule. */
const byOperation: ReadonlyMap<number, Reasons> = new Map<number, Reasons>([
  [Operation.Activate, { InvalidObjectType: 'IllegalOperation' }],
  [Operation.AddAttribute, {
    ...tooMany,
    AttributeSingleValued: 'IllegalOperation',
    InvalidAttribute: 'PermissionDenied',
    NonUniqueNameAttribute: 'IllegalOperation',
  }],
  [Operation.Certify, notCertifiable],
  [Operation.Create, tooMany],
  [Operation.CreateKeyPair, tooMany],
  [Operation.CreateSplitKey, tooMany],
  [Operation.Decrypt, notUsable],
  [Operation.DeleteAttribute, { InvalidAttribute: 'ItemNotFound' }],
  [Operation.DeriveKey, {
    FeatureNotSupported: 'InvalidField',
    IncompatibleCryptographicUsageMask: 'InvalidField',
    UnsupportedCryptographicParameters: 'InvalidField',
    WrongKeyLifecycleState: 'InvalidField',
  }],
  [Operation.Destroy, { ObjectDestroyed: 'PermissionDenied' }],
  [Operation.Encrypt, notUsable],
  [Operation.Export, onlyAttributes],
  [Operation.Get, onlyAttributes],
  [Operation.GetUsageAllocation, { AttributeNotFound: 'IllegalOperation', InvalidObjectType: 'IllegalOperation' }],
  [Operation.Import, tooMany],
  [Operation.JoinSplitKey, tooMany],
  [Operation.MAC, notUsable],
  [Operation.MACVerify, notUsable],
  [Operation.ModifyAttribute, {
    AttributeNotFound: 'InvalidField',
    NonUniqueNameAttribute: 'IllegalOperation',
  }],
  [Operation.ReCertify, notCertifiable],
  [Operation.Register, tooMany],
  [Operation.Revoke, { InvalidObjectType: 'IllegalOperation' }],
  [Operation.Sign, notUsable],
  [Operation.SignatureVerify, notUsable],
  [Operation.Validate, { InvalidField: 'InvalidMessage', InvalidObjectType: 'InvalidMessage' }],
])
