import { describe, expect, test } from 'vitest'
import { attributeNames } from '../../src/kmip/attribute.ts'
import type { AttributeName, AttributeSet } from '../../src/kmip/attribute.ts'
import { inVersion } from '../../src/kmip/attribute-codec.ts'
import { NameType, UsageLimitsUnit } from '../../src/kmip/generated/enums.ts'
import type { ObjectKind } from '../../src/kmip/object.ts'
import type { AttributeKey } from '../../src/model/attribute-list.ts'
import { checkMayChange, checkValues, withConsequences } from '../../src/model/attribute-policy.ts'
import type { AttributeAction } from '../../src/model/attribute-policy.ts'
import type { ManagedObject } from '../../src/model/managed-object.ts'

const now = 1_000
const active: AttributeSet = { activationDate: 1 }
const states: Record<string, AttributeSet> = {
  PreActive: {},
  Active: active,
  Deactivated: { ...active, deactivationDate: 2 },
  Compromised: { ...active, compromiseDate: 2 },
  Destroyed: { ...active, deactivationDate: 2, destroyDate: 3 },
}

/** What a client may change (m) and delete (d) of a Pre-Active object, by the tables of KMIP 2.1 section 4. */
const permitted: Partial<Record<AttributeName, string>> = {
  name: 'md', cryptographicParameters: 'md', usageLimits: 'md', activationDate: 'm', processStartDate: 'm',
  protectStopDate: 'm', deactivationDate: 'm', objectGroup: 'md', link: 'md', applicationSpecificInformation: 'md',
  contactInformation: 'md', alternativeName: 'md', keyValueLocation: 'md', pkcs12FriendlyName: 'md', description: 'md',
  comment: 'md', sensitive: 'm', extractable: 'm', protectionLevel: 'md', protectionPeriod: 'md', quantumSafe: 'md',
  vendorAttribute: 'md', rotateName: 'md',
}

test.for(attributeNames.filter((name) => inVersion(name, { version: 201 })))('%s is as its table says', (name) => {
  const kind: ObjectKind = /^certificate|^x509|Signature/.test(name) ? 'Certificate'
    : name === 'opaqueDataType' ? 'OpaqueObject'
      : name === 'cryptographicDomainParameters' ? 'PublicKey'
        : 'SymmetricKey'
  for (const [action, letter] of [['modify', 'm'], ['delete', 'd']] as const) {
    const expected = permitted[name]?.includes(letter) ? undefined : 'AttributeReadOnly'
    expect(reasonOf(action, keyOf(name), {}, kind), action).toBe(expected)
  }
})

/** In which states a date may be changed; in the others the state is the reason. */
test.for([
  ['activationDate', 'PreActive'],
  ['deactivationDate', 'PreActive Active'],
  ['processStartDate', 'PreActive Active'],
  ['protectStopDate', 'PreActive Active'],
  ['comment', 'PreActive Active Deactivated Compromised Destroyed'],
] as const)('%s may be changed in %s', ([name, allowed]) => {
  for (const [state, dates] of Object.entries(states)) {
    const expected = allowed.split(' ').includes(state) ? undefined : 'WrongKeyLifecycleState'
    expect(reasonOf('modify', { name }, dates), state).toBe(expected)
  }
})

describe('a client', () => {
  test.for<[string, AttributeAction, AttributeKey, AttributeSet, string | undefined]>([
    ['sets what is not there yet and only it may give', 'add', { name: 'operationPolicyName' }, {}, 'InvalidField'],
    ['adds no attribute that the server sets', 'add', { name: 'initialDate' }, {}, 'ReadOnlyAttribute'],
    ['gives no usage mask later', 'add', { name: 'cryptographicUsageMask' }, {}, 'ReadOnlyAttribute'],
    ['gives a NIST key type later', 'add', { name: 'nistKeyType' }, {}, undefined],
    ['changes no limit that was used', 'modify', { name: 'usageLimits' },
      { usageLimits: limits(10n, 9n) }, 'AttributeReadOnly'],
    ['changes a limit that was not', 'modify', { name: 'usageLimits' },
      { usageLimits: limits(10n, 10n) }, undefined],
    ['does not touch a date that is reached', 'modify', { name: 'protectStopDate' },
      { ...active, protectStopDate: now }, 'WrongKeyLifecycleState'],
    ['moves a date that is not', 'modify', { name: 'protectStopDate' },
      { ...active, protectStopDate: now + 1 }, undefined],
    ['leaves the server\'s custom attributes alone', 'set', vendor('y'), {}, 'ReadOnlyAttribute'],
    ['has its own', 'set', vendor('x'), {}, undefined],
    ['adjusts no attribute of another object type', 'adjust', { name: 'certificateLength' },
      {}, 'UnsupportedAttribute'],
  ])('%s', ([, action, key, attributes, expected]) => {
    expect(reasonOf(action, key, attributes)).toBe(expected)
  })
})

test.for<[AttributeSet, string | undefined]>([
  [{ activationDate: 5, deactivationDate: 5 }, undefined],
  [{ activationDate: 6, deactivationDate: 5 }, 'InvalidField'],
  [{ activationDate: 6, processStartDate: 5 }, 'InvalidField'],
  [{ protectStopDate: 6, deactivationDate: 5 }, 'InvalidField'],
  [{ name: [name('a', NameType.URI), name('a', NameType.UninterpretedTextString)] }, undefined],
  [{ name: [name('a', NameType.URI), name('a', NameType.URI)] }, 'NonUniqueNameAttribute'],
  [{ usageLimits: limits(-1n) }, 'InvalidField'],
  [{ usageLimits: { ...limits(1n), usageLimitsUnit: 9 } }, 'InvalidField'],
  [{ applicationSpecificInformation: [{ applicationNamespace: 'a' }] }, 'ApplicationNamespaceNotSupported'],
])('the values %o: %s', ([attributes, expected]) => {
  expect(refusal(() => checkValues(attributes, 'InvalidField'))).toBe(expected)
})

test('what the server has set is not held against another change', () => {
  const revoked: AttributeSet = { protectStopDate: 9, deactivationDate: 5, comment: 'a' }
  expect(refusal(() => checkValues(revoked, 'InvalidField', 'comment'))).toBeUndefined()
  expect(refusal(() => checkValues(revoked, 'InvalidField', 'protectStopDate'))).toBe('InvalidField')
})

test('once not sensitive or extractable is for ever', () => {
  const steps: [AttributeSet, AttributeSet][] = [
    [{ sensitive: true, extractable: false }, { alwaysSensitive: true, neverExtractable: true }],
    [{ sensitive: false, extractable: true }, { alwaysSensitive: false, neverExtractable: false }],
    [{ sensitive: true, extractable: false }, { alwaysSensitive: false, neverExtractable: false }],
  ]
  let set: AttributeSet = { sensitive: true, alwaysSensitive: true, extractable: false, neverExtractable: true }
  for (const [change, expected] of steps) {
    set = withConsequences(set, { ...set, ...change })
    expect(set).toMatchObject(expected)
  }
})

function reasonOf(
  action: AttributeAction, key: AttributeKey, attributes: AttributeSet, kind: ObjectKind = 'SymmetricKey',
): string | undefined {
  const object: ManagedObject = { uniqueIdentifier: 'u', revision: 1, account: 'a', owner: 'o', kind, attributes }
  return refusal(() => checkMayChange(action, object, key, 201, now))
}

function refusal(check: () => void): string | undefined {
  try {
    check()
    return undefined
  } catch (error) {
    return (error as { reason: string }).reason
  }
}

function keyOf(attribute: AttributeName): AttributeKey {
  return attribute === 'vendorAttribute' ? vendor('x') : { name: attribute }
}

function vendor(vendorIdentification: string): AttributeKey {
  return { name: 'vendorAttribute', vendorIdentification, attributeName: 'n' }
}

function name(nameValue: string, nameType: number) {
  return { nameValue, nameType }
}

function limits(usageLimitsTotal: bigint, usageLimitsCount?: bigint) {
  const count = usageLimitsCount !== undefined && { usageLimitsCount }
  return { usageLimitsTotal, ...count, usageLimitsUnit: UsageLimitsUnit.Byte }
}
