import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { CmkCipher } from '../../src/client/cmk-cipher.ts'
import { contextData } from '../../src/cmk/ciphertext-blob.ts'
import { BlockCipherMode, UsageLimitsUnit } from '../../src/kmip/generated/enums.ts'
import { Lab, outcome } from '../support/cmk.ts'

const context = { table: 'orders', row: '17' }
const plaintext = Buffer.from('attack at dawn')

function place(version = 201) {
  const lab = new Lab({ services: { rds: 'rds' } })
  const alice = lab.as('alice', version)
  return { lab, alice, cipher: new CmkCipher(alice.client) }
}

describe('ciphertext that describes itself', () => {
  test.each([102, 103, 104, 200, 201])('needs only itself and the context, in %i', async (version) => {
    const { alice, cipher } = place(version)
    const id = await alice.create({ 'cmk-class': 'customer', 'cmk-alias': 'alias/orders' })
    const { blob, version: maker } = await cipher.encrypt('alias/orders', plaintext, context)
    expect(maker).toBe(id)
    expect(await cipher.decrypt(blob, { row: '17', table: 'orders' })).toEqual({ version: id, plaintext })
  })

  test('has the layout of the cloud: a data key of 32 bytes makes 108', async () => {
    const { alice, cipher } = place()
    const id = await alice.create({ 'cmk-class': 'customer' })
    const { blob } = await cipher.encrypt(id, Buffer.alloc(32, 7))
    expect(blob).toHaveLength(108)
    expect(blob.toString('ascii', 0, 36)).toBe(id)
    const { data } = await alice.decrypt(id, partsOf(blob))
    expect(data!.toString('ascii')).toBe(Buffer.alloc(32, 7).toString('base64'))
  })

  test('takes its use off the usage limits of the CMK, and decryption none', async () => {
    const { alice, cipher } = place()
    const usageLimits = { usageLimitsTotal: 2n, usageLimitsUnit: UsageLimitsUnit.Object }
    const id = await alice.create({ 'cmk-class': 'customer' }, { usageLimits })
    const { blob } = await cipher.encrypt(id, plaintext)
    await cipher.generateDataKey(id, 32)
    expect(await outcome(cipher.encrypt(id, plaintext))).toBe('PermissionDenied')
    expect(await outcome(cipher.generateDataKeyWithoutPlaintext(id, 32))).toBe('PermissionDenied')
    expect(await outcome(cipher.reEncrypt(blob, id))).toBe('PermissionDenied')
    expect((await cipher.decrypt(blob)).plaintext).toEqual(plaintext)
  })

  test('authenticates the context by SHA-256 of its sorted pairs', async () => {
    const { alice, cipher } = place()
    const id = await alice.create({ 'cmk-class': 'customer' })
    const { blob } = await cipher.encrypt(id, plaintext, context)
    const authenticatedEncryptionAdditionalData = createHash('sha256').update('row=17&table=orders').digest()
    const sealed = partsOf(blob)
    const { data } = await alice.decrypt(id, sealed, { authenticatedEncryptionAdditionalData })
    expect(data!.toString('ascii')).toBe(plaintext.toString('base64'))
  })

  test('decrypts for ever: over rotations, by old versions', async () => {
    const { alice, cipher } = place()
    const id = await alice.create({ 'cmk-class': 'customer', 'cmk-alias': 'alias/a' })
    const old = await cipher.encrypt('alias/a', plaintext)
    await alice.set(id, 'cmk-rotate', true)
    const fresh = await cipher.encrypt('alias/a', plaintext)
    expect(fresh.version).not.toBe(old.version)
    expect((await cipher.decrypt(old.blob)).plaintext).toEqual(plaintext)
    expect((await cipher.decrypt(fresh.blob)).plaintext).toEqual(plaintext)
    const moved = await cipher.reEncrypt(old.blob, 'alias/a')
    expect(moved.version).toBe(fresh.version)
  })

  test.each(['Aliyun_AES_128', 'Aliyun_AES_192', 'Aliyun_SM4'])('is made by %s', async (spec) => {
    const { alice, cipher } = place()
    const id = await alice.create({ 'cmk-key-spec': spec })
    const { blob } = await cipher.encrypt(id, plaintext, context)
    expect((await cipher.decrypt(blob, context)).plaintext).toEqual(plaintext)
  })
})

describe('refused', () => {
  const changes: Record<string, (blob: Buffer) => Buffer> = {
    'a changed tag': (blob) => flipped(blob, blob.length - 1),
    'changed data': (blob) => flipped(blob, 50),
    'a changed IV': (blob) => flipped(blob, 40),
    'an unknown version': (blob) =>
      Buffer.concat([Buffer.from('01890000-0000-7000-8000-000000000000'), blob.subarray(36)]),
    'no version': (blob) => Buffer.concat([Buffer.alloc(36, 'x'), blob.subarray(36)]),
    'too few bytes': (blob) => blob.subarray(0, 60),
    'nothing at all': () => Buffer.alloc(0),
  }

  test.each(Object.keys(changes))('%s, as all wrong ciphertext is', async (name) => {
    const { alice, cipher } = place()
    const { blob } = await cipher.encrypt(await alice.create({ 'cmk-class': 'customer' }), plaintext, context)
    await expect(cipher.decrypt(changes[name]!(blob), context)).rejects.toThrow(likeAllOthers)
  })

  test('another context, another account and another CMK than the one named, alike', async () => {
    const { lab, alice, cipher } = place()
    const id = await alice.create({ 'cmk-class': 'customer' })
    const { blob } = await cipher.encrypt(id, plaintext, context)
    for (const other of [{}, { table: 'orders' }, { ...context, row: '18' }, { ...context, more: '' }]) {
      await expect(cipher.decrypt(blob, other)).rejects.toThrow(likeAllOthers)
    }
    const bob = new CmkCipher(lab.as('bob', 201, 'beta').client)
    await expect(bob.decrypt(blob, context)).rejects.toThrow(likeAllOthers)
    await expect(cipher.reEncrypt(blob, id, context, {})).rejects.toThrow(likeAllOthers)
    expect(await outcome(cipher.reEncrypt(blob, id, context, {}))).toBe('CryptographicFailure')
  })

  test.each([
    ['two contexts that look the same', { 'a=1&b': '2' }],
    ['an ambiguous value', { a: '1&b=2' }], ['an empty key', { '': 'x' }],
    ['more than 8192 characters', { a: 'x'.repeat(8_192) }],
  ] as [string, Record<string, string>][])('%s', async (_name, wrong) => {
    const { alice, cipher } = place()
    const id = await alice.create({ 'cmk-class': 'customer' })
    expect(await outcome(cipher.encrypt(id, plaintext, wrong))).toBe('InvalidField')
  })

  test('a context at the limit is not', () => {
    expect(contextData([{ key: 'a', value: 'x'.repeat(8_191) }])).toHaveLength(32)
  })

  test('by state, for a CMK of the account', async () => {
    const { alice, cipher } = place()
    const id = await alice.create({ 'cmk-class': 'customer' })
    const { blob } = await cipher.encrypt(id, plaintext)
    await alice.set(id, 'cmk-enabled', false)
    expect(await outcome(cipher.decrypt(blob))).toBe('WrongKeyLifecycleState')
    expect(await outcome(cipher.encrypt(id, plaintext))).toBe('WrongKeyLifecycleState')
    expect(await outcome(cipher.generateDataKey(id, 32))).toBe('WrongKeyLifecycleState')
    await alice.set(id, 'cmk-enabled', true)
    expect((await cipher.decrypt(blob)).plaintext).toEqual(plaintext)
  })

  test('by class: a default key serves services', async () => {
    const { lab, alice, cipher } = place()
    await alice.create({ 'cmk-class': 'default' })
    expect(await outcome(cipher.encrypt('alias/acs/default', plaintext))).toBe('PermissionDenied')
    const service = new CmkCipher(lab.as('rds').client)
    const { blob } = await service.encrypt('alias/acs/default', plaintext)
    expect(await outcome(cipher.decrypt(blob))).toBe('PermissionDenied')
  })

  test('keys that are no symmetric CMK, too much data, other modes, and what is in the blob beside it', async () => {
    const { alice, cipher } = place()
    const { publicKey } = await alice.createPair({ 'cmk-key-spec': 'EC_SM2', 'cmk-usage': 'ENCRYPT/DECRYPT' })
    expect(await outcome(cipher.encrypt(publicKey, plaintext))).toBe('IllegalOperation')
    const id = await alice.create({ 'cmk-class': 'customer' })
    expect(await outcome(cipher.encrypt(id, Buffer.alloc(6_145)))).toBe('InvalidField')
    expect(await outcome(cipher.encrypt(id, Buffer.alloc(6_144)))).toBe('Success')
    expect(await outcome(alice.encrypt('alias/none', plaintext))).toBe('ObjectNotFound')
    const cbc = await alice.create({ 'cmk-class': 'customer' }, {
      cryptographicParameters: [{ blockCipherMode: BlockCipherMode.CBC }],
    })
    expect((await cipher.decrypt((await cipher.encrypt(cbc, plaintext)).blob)).plaintext).toEqual(plaintext)
  })
})

describe('data keys', () => {
  test('come with and without their plaintext', async () => {
    const { alice, cipher } = place()
    const id = await alice.create({ 'cmk-class': 'customer' })
    const made = await cipher.generateDataKey(id, 32, context)
    expect(made.plaintext).toHaveLength(32)
    expect((await cipher.decrypt(made.blob, context)).plaintext).toEqual(made.plaintext)
    const blind = await cipher.generateDataKeyWithoutPlaintext(id, 16, context)
    expect(blind).toEqual({ version: id, blob: expect.any(Buffer) })
    expect((await cipher.decrypt(blind.blob, context)).plaintext).toHaveLength(16)
    const again = await cipher.generateDataKey(id, 32, context)
    expect(again.plaintext).not.toEqual(made.plaintext)
  })

  test.each([[0, 'InvalidField'], [1, 'Success'], [1_024, 'Success'], [1_025, 'InvalidField'], [-1, 'InvalidField']])(
    'of %i bytes: %s', async (length, reason) => {
      const { alice, cipher } = place()
      const id = await alice.create({ 'cmk-class': 'customer' })
      expect(await outcome(cipher.generateDataKey(id, length))).toBe(reason)
    },
  )

  test('move to another CMK and context; the source must be usable', async () => {
    const { alice, cipher } = place()
    const a = await alice.create({ 'cmk-class': 'customer' })
    const b = await alice.create({ 'cmk-key-spec': 'Aliyun_SM4' })
    const made = await cipher.generateDataKey(a, 32, context)
    const moved = await cipher.reEncrypt(made.blob, b, { to: 'b' }, context)
    expect(moved.version).toBe(b)
    expect(moved).toEqual({ version: b, blob: expect.any(Buffer) })
    expect((await cipher.decrypt(moved.blob, { to: 'b' })).plaintext).toEqual(made.plaintext)
    await alice.set(a, 'cmk-enabled', false)
    expect(await outcome(cipher.reEncrypt(made.blob, b, {}, context))).toBe('WrongKeyLifecycleState')
    expect((await cipher.decrypt(moved.blob, { to: 'b' })).plaintext).toEqual(made.plaintext)
  })
})

function partsOf(blob: Buffer) {
  return {
    ivCounterNonce: blob.subarray(36, 48),
    data: blob.subarray(48, -16),
    authenticatedEncryptionTag: blob.subarray(-16),
  }
}

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[at] = 255 - copy[at]!
  return copy
}

const likeAllOthers = /^the cryptographic operation failed$/
