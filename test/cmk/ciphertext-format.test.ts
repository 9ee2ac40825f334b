import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { CmkCipher } from '../../src/client/cmk-cipher.ts'
import { decrypt } from '../../src/client/operations.ts'
import { BlockCipherMode, PaddingMethod } from '../../src/kmip/generated/enums.ts'
import { Lab, outcome } from '../support/cmk.ts'
import type { CmkValues } from '../support/cmk.ts'

/** Blobs for clients that have nothing but attributes. */

const plaintext = Buffer.from('attack at dawn')
const context = { table: 'orders', row: '17' }
/** The context as section 5.1 of the facts has it, made by hand. */
const additionalData = { authenticatedEncryptionAdditionalData: createHash('sha256').update('row=17&table=orders').digest() }

async function place(version = 201, values: CmkValues = { 'cmk-ciphertext-format': 'blob' }) {
  const lab = new Lab()
  const alice = lab.as('alice', version)
  const id = await alice.create({ 'cmk-key-spec': 'Aliyun_AES_256', 'cmk-alias': 'alias/orders', ...values })
  const arn = String((await alice.describe(id))['cmk-arn'])
  return { lab, alice, id, arn, cipher: new CmkCipher(alice.client) }
}

describe.each([102, 103, 104, 200, 201])('cmk-ciphertext-format = blob, in %i', (version) => {
  test('makes Encrypt through each address of the CMK give a blob, and Decrypt take it', async () => {
    const { alice, id, arn } = await place(version)
    for (const address of ['alias/orders', `key/${id}`, arn]) {
      const { data, ivCounterNonce, uniqueIdentifier } = await alice.encrypt(address, plaintext)
      expect(data!.toString('ascii', 0, 36)).toBe(id)
      expect([uniqueIdentifier, ivCounterNonce]).toEqual([id, undefined])
      const answer = await alice.decrypt(address, { data })
      expect(answer).toMatchObject({ uniqueIdentifier: id, data: plaintext })
    }
  })

  test('lets Decrypt need only the blob, and find the version that made it', async () => {
    const { alice, id } = await place(version)
    const { data } = await alice.encrypt('alias/orders', plaintext)
    await alice.set(id, 'cmk-rotate', true)
    const fresh = await alice.encrypt('alias/orders', plaintext)
    expect(fresh.uniqueIdentifier).not.toBe(id)
    expect(await alice.client.request(decrypt, { data: data! })).toMatchObject({ uniqueIdentifier: id, data: plaintext })
    expect((await alice.decrypt('alias/orders', { data })).data).toEqual(plaintext)
  })

  test('is set and taken away like any attribute', async () => {
    const { alice, id } = await place(version, {})
    expect(await alice.describe(id)).not.toHaveProperty('cmk-ciphertext-format')
    if (version >= 200) await alice.set(id, 'cmk-ciphertext-format', 'blob')
    else await alice.add(id, 'cmk-ciphertext-format', 'blob')
    expect((await alice.describe(id))['cmk-ciphertext-format']).toBe('blob')
    const { data } = await alice.encrypt('alias/orders', plaintext)
    expect(data!.toString('ascii', 0, 36)).toBe(id)
    await alice.delete(id, 'cmk-ciphertext-format')
    expect((await alice.encrypt('alias/orders', plaintext)).ivCounterNonce).toBeInstanceOf(Buffer)
    expect((await alice.client.request(decrypt, { data: data! })).data).toEqual(plaintext)
  })
})

test('the context is the Authenticated Encryption Additional Data, as that of the message extension is', async () => {
  const { alice, cipher } = await place()
  const { data } = await alice.encrypt('alias/orders', plaintext, additionalData)
  expect((await cipher.decrypt(data!, context)).plaintext).toEqual(plaintext)
  const { blob } = await cipher.encrypt('alias/orders', plaintext, context)
  expect((await alice.decrypt('alias/orders', { data: blob }, additionalData)).data).toEqual(plaintext)
  for (const wrong of [{}, { authenticatedEncryptionAdditionalData: Buffer.alloc(32) }]) {
    await expect(alice.decrypt('alias/orders', { data: blob }, wrong)).rejects.toThrow(likeAllOthers)
  }
})

test('by Unique Identifier KMIP\'s own rules hold, and what it encrypted the address decrypts too', async () => {
  const { alice, id } = await place()
  const sealed = await alice.encrypt(id, plaintext)
  expect(sealed.authenticatedEncryptionTag).toHaveLength(16)
  for (const address of [id, 'alias/orders']) expect((await alice.decrypt(address, sealed)).data).toEqual(plaintext)
  const ecb = { cryptographicParameters: { blockCipherMode: BlockCipherMode.ECB, paddingMethod: PaddingMethod.PKCS5 } }
  const old = await alice.encrypt(id, plaintext, ecb)
  expect((await alice.decrypt('alias/orders', old, ecb)).data).toEqual(plaintext)
})

describe('refused', () => {
  test('what a blob holds beside it, other modes, parts, and what is no blob', async () => {
    const { alice, lab } = await place()
    const ivCounterNonce = Buffer.alloc(12)
    expect(await outcome(alice.encrypt('alias/orders', plaintext, { ivCounterNonce }))).toBe('InvalidField')
    expect(await outcome(alice.encrypt('alias/orders', plaintext, { initIndicator: true }))).toBe('InvalidField')
    const cbc = { cryptographicParameters: { blockCipherMode: BlockCipherMode.CBC, paddingMethod: PaddingMethod.PKCS5 } }
    expect(await outcome(alice.encrypt('alias/orders', plaintext, cbc))).toBe('UnsupportedCryptographicParameters')
    const { data } = await alice.encrypt('alias/orders', plaintext)
    const tampered = Buffer.from(data!)
    tampered[50]! ^= 1
    for (const wrong of [tampered, data!.subarray(0, 40), Buffer.alloc(100)]) {
      await expect(alice.decrypt('alias/orders', { data: wrong })).rejects.toThrow(likeAllOthers)
    }
    await expect(lab.as('bob', 201, 'beta').client.request(decrypt, { data: data! })).rejects.toThrow(likeAllOthers)
    expect(await outcome(alice.client.request(decrypt, { data: Buffer.alloc(100) }))).toBe('ObjectNotFound')
    const other = await alice.create({ 'cmk-class': 'customer', 'cmk-ciphertext-format': 'blob' })
    await expect(alice.decrypt(`key/${other}`, { data })).rejects.toThrow(likeAllOthers)
  })

  test('another format, a CMK that makes no blobs, and a state in which nothing is changed', async () => {
    const { alice, id } = await place()
    expect(await outcome(alice.set(id, 'cmk-ciphertext-format', 'kmip'))).toBe('InvalidField')
    expect(await outcome(alice.createPair({ 'cmk-key-spec': 'RSA_2048', 'cmk-ciphertext-format': 'blob' })))
      .toBe('IllegalOperation')
    await alice.set(id, 'cmk-deletion-window', 7)
    expect(await outcome(alice.delete(id, 'cmk-ciphertext-format'))).toBe('WrongKeyLifecycleState')
  })
})

const likeAllOthers = /^the cryptographic operation failed$/
