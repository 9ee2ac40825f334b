import { describe, expect, test } from 'vitest'
import fixture from '../../fixtures/cmk/refusals.json' with { type: 'json' }
import { CmkCipher } from '../../src/client/cmk-cipher.ts'
import { Lab } from '../support/cmk.ts'
import type { LabClient } from '../support/cmk.ts'
import { importParameters, register, wrapped } from '../support/import.ts'

interface Row { readonly does: string; readonly reason: string; readonly reason14?: string; readonly says: string }

const rows: readonly Row[] = fixture.alibaba
const data = Buffer.from('some data')
const wrapping = 'RSA_2048/RSAES_OAEP_SHA_256'

describe.each([104, 201])('in %i', (version) => {
  test.each(fixture.alibaba)('$code: $says', async (row: Row) => {
    const lab = new Lab({ services: { rds: 'rds' } })
    const reason = version < 200 ? row.reason14 ?? row.reason : row.reason
    const attempt = attempts[row.does]!({ lab, alice: lab.as('alice', version) })
    await expect(attempt).rejects.toMatchObject({ reason, message: expect.stringContaining(row.says) })
  })
})

test('every attempt is a row', () => {
  expect(new Set(rows.map(({ does }) => does))).toEqual(new Set(Object.keys(attempts)))
})

interface Place { readonly lab: Lab; readonly alice: LabClient }

const attempts: Readonly<Record<string, (place: Place) => Promise<unknown>>> = {
  rotateWithoutInterval: async ({ alice }) => alice.set(await made(alice), 'cmk-rotation-automatic', true),
  windowOfSixDays: async ({ alice }) => alice.set(await made(alice), 'cmk-deletion-window', 6),
  aliasOfBadForm: async ({ alice }) => alice.add(await made(alice), 'cmk-alias', 'alias/with space'),
  reservedAlias: async ({ alice }) => alice.add(await made(alice), 'cmk-alias', 'alias/acs/rds'),
  rotateEverySixDays: async ({ alice }) => alice.set(await made(alice), 'cmk-rotation-interval', '6d'),
  tagOfBadForm: async ({ alice }) => alice.set(await made(alice), 'cmk-tag-team', 'a b'),
  longDescription: async ({ alice }) => alice.set(await made(alice), 'cmk-description', 'x'.repeat(8_193)),
  encryptTooMuch: async ({ alice }) => alice.encrypt(await made(alice), Buffer.alloc(6_145)),
  rotatePairAutomatically: async ({ alice }) => {
    const { privateKey } = await alice.createPair({ 'cmk-key-spec': 'EC_P256' })
    await alice.set(privateKey, 'cmk-rotation-interval', '30d')
    await alice.set(privateKey, 'cmk-rotation-automatic', true)
  },
  rotatePairAtOnce: async ({ alice }) =>
    alice.set((await alice.createPair({ 'cmk-key-spec': 'EC_P256' })).privateKey, 'cmk-rotate', true),
  rotateImported: async ({ alice }) => {
    const id = await alice.create({ 'cmk-origin': 'EXTERNAL' })
    const parameters = await importParameters(alice, id, wrapping)
    await register(alice.client, parameters, wrapped(parameters, Buffer.alloc(32)))
    await alice.set(id, 'cmk-rotate', true)
  },
  dataKeyOfPair: async ({ alice }) => {
    const { publicKey } = await alice.createPair({ 'cmk-key-spec': 'EC_SM2', 'cmk-usage': 'ENCRYPT/DECRYPT' })
    return new CmkCipher(alice.client).generateDataKey(publicKey, 32)
  },
  tooManyTags: async ({ alice }) => {
    const id = await made(alice)
    for (let count = 0; count < 21; count += 1) await alice.set(id, `cmk-tag-t${count}`, 'x')
  },
  takenAlias: async ({ alice }) => {
    const id = await alice.create({ 'cmk-alias': 'alias/orders' })
    await alice.add(id, 'cmk-alias', 'alias/orders')
  },
  importOtherMaterial: async ({ alice }) => {
    const parameters = await importParameters(alice, await alice.create({ 'cmk-origin': 'EXTERNAL' }), wrapping)
    await register(alice.client, parameters, wrapped(parameters, Buffer.alloc(32, 1)))
    await register(alice.client, parameters, wrapped(parameters, Buffer.alloc(32, 2)))
  },
  importWithOtherToken: async ({ alice }) => {
    const [mine, other] = [await alice.create({ 'cmk-origin': 'EXTERNAL' }), await alice.create({ 'cmk-origin': 'EXTERNAL' })]
    const parameters = await importParameters(alice, mine, wrapping)
    const { token } = await importParameters(alice, other, wrapping)
    await register(alice.client, { ...parameters, token }, wrapped(parameters, Buffer.alloc(32)))
  },
  importTooLate: async ({ lab, alice }) => {
    const parameters = await importParameters(alice, await alice.create({ 'cmk-origin': 'EXTERNAL' }), wrapping)
    lab.passDays(1)
    await register(alice.client, parameters, wrapped(parameters, Buffer.alloc(32)))
  },
  parametersForOwnOrigin: async ({ alice }) => alice.set(await made(alice), 'cmk-import-parameters', wrapping),
  createInNoHsm: ({ alice }) => alice.create({ 'cmk-protection-level': 'HSM' }),
  useDefaultKey: async ({ alice }) => alice.encrypt(await alice.create({ 'cmk-class': 'default' }), data),
  encryptByUnknownKey: ({ alice }) => alice.encrypt('key/0198c0de-0000-7000-8000-000000000000', data),
  encryptByOthersArn: async ({ lab, alice }) => {
    const bob = lab.as('bob', 201, 'beta')
    return alice.encrypt(String((await bob.describe(await made(bob)))['cmk-arn']), data)
  },
  encryptByUnknownVersion: ({ alice }) => alice.encrypt('0198c0de-0000-7000-8000-000000000000', data),
  encryptByUnknownAlias: ({ alice }) => alice.encrypt('alias/none', data),
  moveUnknownAlias: async ({ alice }) => alice.add(await made(alice), 'cmk-alias-move', 'alias/none'),
  cancelWithoutDeletion: async ({ alice }) => alice.delete(await made(alice), 'cmk-deletion-window'),
  encryptDisabled: async ({ alice }) => {
    const id = await made(alice)
    await alice.set(id, 'cmk-enabled', false)
    await alice.encrypt(id, data)
  },
  encryptPendingDeletion: async ({ alice }) => alice.encrypt(await pendingDeletion(alice), data),
  encryptPendingImport: async ({ alice }) => alice.encrypt(await alice.create({ 'cmk-origin': 'EXTERNAL' }), data),
  enablePendingDeletion: async ({ alice }) => alice.set(await pendingDeletion(alice), 'cmk-enabled', true),
  scheduleProtected: async ({ alice }) =>
    alice.set(await alice.create({ 'cmk-deletion-protection': true }), 'cmk-deletion-window', 7),
  decryptTampered: async ({ alice }) => {
    const id = await made(alice)
    const sealed = await alice.encrypt(id, data)
    await alice.decrypt(id, { ...sealed, data: Buffer.alloc(sealed.data!.length) })
  },
  enableDeleted: async ({ lab, alice }) => {
    const id = await pendingDeletion(alice)
    lab.passDays(7)
    await alice.set(id, 'cmk-enabled', true)
  },
  signWithSymmetric: async ({ alice }) => alice.sign(await made(alice), data),
  getMaterial: async ({ alice }) => alice.get(await made(alice)),
}

function made(client: LabClient): Promise<string> {
  return client.create({ 'cmk-key-spec': 'Aliyun_AES_256' })
}

async function pendingDeletion(client: LabClient): Promise<string> {
  const id = await made(client)
  await client.set(id, 'cmk-deletion-window', 7)
  return id
}
