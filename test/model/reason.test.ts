import { expect, test } from 'vitest'
import { Operation, ResultReason, enumerations } from '../../src/kmip/generated/enums.ts'
import { parseVersion, versions } from '../../src/kmip/version.ts'
import { resultReason } from '../../src/model/reason.ts'

type Reason = keyof typeof ResultReason

const { since, removedIn } = enumerations['ResultReason']!

/** Version, operation, what a handler says, what the client is told. */
const told: [string, keyof typeof Operation, Reason, Reason][] = [
  ['2.1', 'Get', 'ObjectNotFound', 'ObjectNotFound'],
  ['2.0', 'Get', 'ObjectNotFound', 'ItemNotFound'],
  ['1.0', 'Get', 'ObjectDestroyed', 'ItemNotFound'],
  ['1.4', 'Destroy', 'ObjectDestroyed', 'PermissionDenied'],
  ['2.0', 'ModifyAttribute', 'WrongKeyLifecycleState', 'PermissionDenied'],
  ['2.0', 'Register', 'WrongKeyLifecycleState', 'WrongKeyLifecycleState'],
  ['1.4', 'Register', 'WrongKeyLifecycleState', 'PermissionDenied'],
  ['2.0', 'Check', 'UsageLimitExceeded', 'UsageLimitExceeded'],
  ['1.2', 'GetUsageAllocation', 'UsageLimitExceeded', 'PermissionDenied'],
  ['1.2', 'GetUsageAllocation', 'AttributeNotFound', 'IllegalOperation'],
  ['1.2', 'ModifyAttribute', 'AttributeNotFound', 'InvalidField'],
  ['1.2', 'DeleteAttribute', 'AttributeNotFound', 'ItemNotFound'],
  ['1.0', 'AddAttribute', 'AttributeSingleValued', 'IllegalOperation'],
  ['1.0', 'AddAttribute', 'ReadOnlyAttribute', 'PermissionDenied'],
  ['1.4', 'Import', 'ObjectAlreadyExists', 'ObjectAlreadyExists'],
  ['1.3', 'Get', 'Sensitive', 'PermissionDenied'],
  ['1.4', 'Get', 'Sensitive', 'Sensitive'],
  ['1.0', 'Poll', 'InvalidAsynchronousCorrelationValue', 'ItemNotFound'],
  ['1.3', 'Encrypt', 'InvalidCorrelationValue', 'ItemNotFound'],
  ['1.4', 'Get', 'KeyValueNotPresent', 'IllegalOperation'],
  ['1.4', 'Encrypt', 'KeyValueNotPresent', 'KeyValueNotPresent'],
  ['1.0', 'Certify', 'InvalidObjectType', 'PermissionDenied'],
  ['1.4', 'DeriveKey', 'IncompatibleCryptographicUsageMask', 'InvalidField'],
  ['1.4', 'DeriveKey', 'WrongKeyLifecycleState', 'InvalidField'],
  ['1.2', 'DeleteAttribute', 'InvalidAttribute', 'ItemNotFound'],
  ['1.2', 'Create', 'ServerLimitExceeded', 'IndexOutOfBounds'],
  ['1.4', 'DeriveKey', 'FeatureNotSupported', 'InvalidField'],
  ['1.0', 'Validate', 'InvalidObjectType', 'InvalidMessage'],
  ['2.1', 'MAC', 'UnsupportedCryptographicParameters', 'FeatureNotSupported'],
  ['2.0', 'MACVerify', 'UnsupportedCryptographicParameters', 'FeatureNotSupported'],
  ['2.1', 'Sign', 'UnsupportedCryptographicParameters', 'UnsupportedCryptographicParameters'],
]

test.for(told)('in %s, %s: %s is %s', ([version, operation, reason, expected]) => {
  expect(resultReason(reason, parseVersion(version), Operation[operation])).toBe(ResultReason[expected])
})

test('no client is told a reason that its version does not have', () => {
  const names = new Map(Object.entries(ResultReason).map(([name, code]) => [code as number, name]))
  for (const version of versions) {
    for (const reason of Object.keys(ResultReason) as Reason[]) {
      if (removedIn[reason] !== undefined && version >= parseVersion(removedIn[reason])) continue
      for (const operation of [undefined, ...Object.values(Operation)]) {
        const name = names.get(resultReason(reason, version, operation))!
        expect(parseVersion(since[name] ?? '1.0'), `${reason} in ${version}`).toBeLessThanOrEqual(version)
        expect(version < parseVersion(removedIn[name] ?? '9.9'), `${name} in ${version}`).toBe(true)
      }
    }
  }
})
