import { describe, expect, test } from 'vitest'
import fixture from '../../fixtures/cmk/classes.json' with { type: 'json' }
import { hasFeature, keyTypes } from '../../src/cmk/key-class.ts'
import type { KeyType, TypeFeature } from '../../src/cmk/key-class.ts'
import { specNamed } from '../../src/cmk/key-spec.ts'
import { RevocationReasonCode } from '../../src/kmip/generated/enums.ts'
import { Lab, outcome } from '../support/cmk.ts'
import type { CmkValues, LabClient, Sealed } from '../support/cmk.ts'

const cells = fixture.types.flatMap(({ type, cells: row }) => row.split(' ').map((cell, index) => (
  { type: type as KeyType, feature: fixture.features[index] as TypeFeature, cell })))

test.each(cells)('$type has $feature: $cell', ({ type, feature, cell }) => {
  expect(keyTypes[type][feature]).toBe(cell)
  expect(hasFeature(type, feature, specNamed('Aliyun_AES_256'))).toBe(cell !== 'no')
  expect(hasFeature(type, feature, specNamed('RSA_2048'))).toBe(cell !== 'no' && cell !== 'symmetric')
})

test.each(fixture.types)('$type is of $specs', ({ type, specs }) => {
  expect(keyTypes[type as KeyType].specs).toEqual(specs)
})

describe('through KMIP', () => {
  test.each(fixture.cases)('$who: $does with a $key key: $reason', async ({ key, who, does, reason }) => {
    const { lab, ids, sealed } = await accountWithKeys()
    const id = ids[key as keyof typeof ids]
    expect(await outcome(attempts[does]!(lab.as(who), id, sealed[key]!))).toBe(reason)
  })

  test.each(fixture.creations)('$who makes a key with $values: $reason', async ({ who, values, reason }) => {
    const { lab } = await accountWithKeys()
    const defined = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
    expect(await outcome(lab.as(who).create(defined as CmkValues))).toBe(reason)
  })

  test('each account has its own default key', async () => {
    const { lab } = await accountWithKeys()
    expect(await outcome(lab.as('carol', 201, 'beta').create({ 'cmk-class': 'default' }))).toBe('Success')
    expect(await outcome(lab.as('carol', 201, 'beta').create({ 'cmk-class': 'default' }))).toBe('NonUniqueNameAttribute')
  })

  test('a user may bring the material of a default key, which then waits for it', async () => {
    const lab = new Lab({ services })
    const id = await lab.as('alice').create({ 'cmk-class': 'default', 'cmk-origin': 'EXTERNAL' })
    expect((await lab.as('alice').describe(id))['cmk-state']).toBe('PendingImport')
  })

  test('after the default key is deleted, the account may have a new one', async () => {
    const { lab, ids } = await accountWithKeys()
    await lab.as('alice').set(ids.default, 'cmk-deletion-window', 7)
    expect(await outcome(lab.as('alice').create({ 'cmk-class': 'default' }))).toBe('NonUniqueNameAttribute')
    lab.passDays(7)
    expect(await outcome(lab.as('alice').create({ 'cmk-class': 'default' }))).toBe('Success')
  })
})

const services = { rds: 'rds', oss: 'oss' }

async function accountWithKeys() {
  const lab = new Lab({ services })
  const ids = {
    default: await lab.as('alice').create({ 'cmk-class': 'default' }),
    service: await lab.as('rds').create({ 'cmk-class': 'service' }),
    customer: await lab.as('alice').create({ 'cmk-class': 'customer' }),
  }
  const sealed: Record<string, Sealed> = {
    default: await lab.as('oss').encrypt('alias/acs/default', data),
    service: await lab.as('rds').encrypt('alias/acs/rds', data),
    customer: await lab.as('alice').encrypt(ids.customer, data),
  }
  return { lab, ids, sealed }
}

async function moveToOwn(client: LabClient, alias: string): Promise<void> {
  await client.set(await client.create({ 'cmk-class': 'customer' }), 'cmk-alias-move', alias)
}

const data = Buffer.from('a data key')

const attempts: Record<string, (client: LabClient, id: string, sealed: Sealed) => Promise<unknown>> = {
  encrypt: (client, id) => client.encrypt(id, data),
  decrypt: (client, id, sealed) => client.decrypt(id, sealed),
  rotate: (client, id) => client.set(id, 'cmk-rotate', true),
  rotateYearly: (client, id) => client.set(id, 'cmk-rotation-interval', '365d'),
  rotateMonthly: (client, id) => client.set(id, 'cmk-rotation-interval', '30d'),
  rekey: (client, id) => client.rekey(id),
  describe: (client, id) => client.describe(id),
  changeDescription: (client, id) => client.set(id, 'cmk-description', 'mine'),
  disable: (client, id) => client.set(id, 'cmk-enabled', false),
  scheduleDeletion: (client, id) => client.set(id, 'cmk-deletion-window', 7),
  destroy: (client, id) => client.destroy(id),
  revoke: (client, id) => client.revoke(id, RevocationReasonCode.CessationOfOperation),
  compromise: (client, id) => client.revoke(id, RevocationReasonCode.KeyCompromise),
  archiveObject: (client, id) => client.archive(id),
  protect: (client, id) => client.set(id, 'cmk-deletion-protection', true),
  alias: (client, id) => client.add(id, 'cmk-alias', 'alias/another'),
  tag: (client, id) => client.set(id, 'cmk-tag-team', 'db'),
  deleteReservedAlias: (client, id) => client.delete(id, 'cmk-alias', 'alias/acs/rds'),
  moveReservedAlias: (client) => moveToOwn(client, 'alias/acs/rds'),
  moveDefaultAlias: (client) => moveToOwn(client, 'alias/acs/default'),
  takeReservedAlias: (client, id) => client.add(id, 'cmk-alias', 'alias/acs/rds'),
  /** By way of the alias that says which key is the service's. */
  secondKey: async (client) => {
    const own = await client.create({ 'cmk-class': 'customer' })
    await client.set(own, 'cmk-alias-move', 'alias/acs/rds').catch(() => {})
    await client.delete(own, 'cmk-alias', 'alias/acs/rds').catch(() => {})
    return client.create({ 'cmk-class': 'service' })
  },
}
