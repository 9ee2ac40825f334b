import { expect, test } from 'vitest'
import { UsageLimitsUnit } from '../../src/kmip/generated/enums.ts'
import type { ManagedObject } from '../../src/model/managed-object.ts'
import { allocate, charge, isUsed } from '../../src/model/usage-limits.ts'

test('bytes are counted, objects count as one, and the last unit can be used', () => {
  expect(left(charge(limited(UsageLimitsUnit.Byte, 10n), 4))).toBe(6n)
  expect(left(charge(limited(UsageLimitsUnit.Byte, 10n), 10))).toBe(0n)
  expect(left(charge(limited(UsageLimitsUnit.Object, 10n), 4_000))).toBe(9n)
  expect(() => charge(limited(UsageLimitsUnit.Byte, 10n), 11))
    .toThrow(expect.objectContaining({ reason: 'PermissionDenied' }))
  expect(() => charge(limited(UsageLimitsUnit.Object, 0n), 1))
    .toThrow(expect.objectContaining({ reason: 'PermissionDenied' }))
})

test('an allocation that is too large has a reason of its own', () => {
  const object = limited(UsageLimitsUnit.Byte, 10n)
  expect(left(allocate(object, object.attributes.usageLimits!, 10n))).toBe(0n)
  expect(() => allocate(object, object.attributes.usageLimits!, 11n))
    .toThrow(expect.objectContaining({ reason: 'UsageLimitExceeded' }))
})

test('an object without a limit is not changed', () => {
  const object: ManagedObject = { ...limited(UsageLimitsUnit.Byte, 1n), attributes: {} }
  expect(charge(object, 1_000)).toBe(object)
})

test('a limit is used as soon as a unit is gone', () => {
  const object = limited(UsageLimitsUnit.Byte, 10n)
  expect(isUsed(object.attributes.usageLimits!)).toBe(false)
  expect(isUsed(charge(object, 1).attributes.usageLimits!)).toBe(true)
})

function limited(usageLimitsUnit: number, usageLimitsTotal: bigint): ManagedObject {
  const attributes = { usageLimits: { usageLimitsTotal, usageLimitsCount: usageLimitsTotal, usageLimitsUnit } }
  return { uniqueIdentifier: 'u', revision: 1, account: 'a', owner: 'o', kind: 'SymmetricKey', attributes }
}

function left({ attributes }: ManagedObject): bigint | undefined {
  return attributes.usageLimits?.usageLimitsCount
}
