import { expect, test } from 'vitest'
import { ObjectType, Operation } from '../../src/kmip/generated/enums.ts'
import { inQueryOrder } from '../../src/operation/query-order.ts'

/** As TL-M-1-10, the end of TC-LOGIN-1-21 and MSGENC-XML-M-1-14 list them. */
const operations: (keyof typeof Operation)[][] = [
  [
    'Query', 'Locate', 'Destroy', 'Get', 'Create', 'Register', 'GetAttributes', 'GetAttributeList', 'AddAttribute',
    'ModifyAttribute', 'DeleteAttribute', 'Activate', 'Revoke', 'Check',
  ],
  ['Hash', 'CreateSplitKey', 'JoinSplitKey', 'DeriveKey', 'Validate', 'Import', 'Export', 'Log', 'Interop', 'SetEndpointRole'],
]
const objectTypes: (keyof typeof ObjectType)[] = [
  'Certificate', 'SymmetricKey', 'SecretData', 'PublicKey', 'PrivateKey', 'Template', 'OpaqueObject', 'SplitKey', 'PGPKey',
]

test.for(operations)('operations from %s on', (...[names]) => {
  const codes = names.map((name) => Operation[name])
  expect(inQueryOrder('operations', codes.toSorted((a, b) => b - a))).toEqual(codes)
})

test('object types', () => {
  const codes = objectTypes.map((name) => ObjectType[name])
  expect(inQueryOrder('objectTypes', codes.toReversed())).toEqual(codes)
})

test('what the cases do not list follows', () => {
  const [first, ...others] = inQueryOrder('operations', Object.values(Operation).toReversed())
  expect(first).toBe(Operation.Query)
  expect(others.toSorted((a, b) => a - b)).toEqual(Object.values(Operation).filter((code) => code !== Operation.Query))
})
