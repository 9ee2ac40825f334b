import { expect, test } from 'vitest'
import { cmkStateAt, generationOf, nextRotationDate, primaryOf, rotationStateAt } from '../../src/model/cmk.ts'
import type { Cmk } from '../../src/model/cmk.ts'
import { decodeCmk, encodeCmk } from '../../src/model/cmk-record.ts'

const plain: Cmk = {
  id: 'v1', revision: 3, account: 'alpha', arn: 'acs:kms:local:alpha:key/v1', creator: 'alice', creationDate: 1_000,
  keySpec: 'Aliyun_AES_256', usage: 'ENCRYPT/DECRYPT', origin: 'Aliyun_KMS', protectionLevel: 'SOFTWARE',
  keyClass: 'customer', status: 'Enabled', deletionProtection: false, rotationAutomatic: false, rotationLastDate: 1_000,
  versions: [{ uniqueIdentifier: 'v1', creationDate: 1_000 }], aliases: [], tags: [],
}
const full: Cmk = {
  ...plain, keyClass: 'service', service: 'rds', status: 'Disabled', deleteDate: 9_000, deletionProtection: true,
  deletionProtectionDescription: 'the ledger', rotationAutomatic: true, rotationInterval: 604_800,
  materialExpireDate: 8_000, description: 'Prüfung ✓', aliases: ['alias/a', 'alias/b'],
  tags: [{ key: 'team', value: 'db' }],
  versions: [
    { uniqueIdentifier: 'v1', publicKey: 'p1', creationDate: 1_000 },
    { uniqueIdentifier: 'v2', publicKey: 'p2', creationDate: 2_000 },
  ],
}

test.each([['with all it can have', full], ['with what it must have', plain]])('a record %s comes back', (_, cmk) => {
  expect(decodeCmk(3, encodeCmk(cmk))).toEqual(cmk)
})

test('a record of a format to come is refused', () => {
  const bytes = encodeCmk(plain)
  const at = bytes.indexOf(Buffer.from('5401060200000004', 'hex'))
  bytes.writeInt32BE(2, at + 8)
  expect(() => decodeCmk(3, bytes)).toThrow('format 2')
})

test.each([
  [{ status: 'Enabled' }, 'Enabled'],
  [{ status: 'Disabled' }, 'Disabled'],
  [{ status: 'Enabled', deleteDate: 101 }, 'PendingDeletion'],
  [{ status: 'Enabled', deleteDate: 100 }, 'Deleted'],
  [{ status: 'PendingImport', deleteDate: 99 }, 'Deleted'],
  [{ status: 'Enabled', materialExpireDate: 101 }, 'Enabled'],
  [{ status: 'Disabled', materialExpireDate: 100 }, 'PendingImport'],
] as const)('at 100, %o is %s', (changes, state) => {
  expect(cmkStateAt({ ...plain, ...changes }, 100)).toBe(state)
})

test('versions, and when the next one is due', () => {
  expect(primaryOf(full).uniqueIdentifier).toBe('v2')
  expect(['v1', 'p1', 'v2', 'p2', 'other'].map((id) => generationOf(full, id))).toEqual([1, 1, 2, 2, 0])
  const rotating: Cmk = { ...plain, rotationAutomatic: true, rotationInterval: 604_800 }
  expect(nextRotationDate(rotating, 2_000)).toBe(605_800)
  expect(rotationStateAt({ ...rotating, status: 'Disabled' }, 2_000)).toBe('Suspended')
  expect(nextRotationDate({ ...rotating, status: 'Disabled' }, 2_000)).toBeUndefined()
  expect(nextRotationDate(plain, 2_000)).toBeUndefined()
})
