import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { CmkCipher } from '../../src/client/cmk-cipher.ts'
import { get } from '../../src/client/operations.ts'
import { CryptographicAlgorithm, KeyFormatType } from '../../src/kmip/generated/enums.ts'
import { Lab, outcome } from '../support/cmk.ts'
import { importInto, importParameters, register, wrapped, wrappedPair } from '../support/import.ts'
import type { Brought } from '../support/import.ts'

const wrappings = [
  'RSA_2048/RSAES_OAEP_SHA_256', 'RSA_2048/RSAES_OAEP_SHA_1', 'RSA_2048/RSAES_PKCS1_V1_5', 'EC_SM2/SM2PKE',
]
const material = Buffer.alloc(32, 0x5a)

async function place(values: Record<string, string> = {}, version = 201) {
  const lab = new Lab()
  const alice = lab.as('alice', version)
  const id = await alice.create({ 'cmk-origin': 'EXTERNAL', ...values })
  return { lab, alice, id, cipher: new CmkCipher(alice.client) }
}

describe('bring your own key', () => {
  test.each(wrappings.flatMap((wrapping) => [101, 104, 201].map((version) => [wrapping, version] as const)))(
    'under %s, by Register in %i', async (wrapping, version) => {
      const { alice, id, cipher } = await place({}, version)
      expect((await alice.describe(id))['cmk-state']).toBe('PendingImport')
      const parameters = await importParameters(alice, id, wrapping)
      expect(parameters.wrapping).toBe(wrapping)
      expect((await register(alice.client, parameters, wrapped(parameters, material))).uniqueIdentifier).toBe(id)
      const told = await alice.describe(id)
      expect(String(told['cmk-state'])).toBe('Enabled')
      expect(String(told['cmk-material-present'])).toBe('true')
      if (version < 102) return
      const { blob } = await cipher.encrypt(id, Buffer.from('hello'))
      expect((await cipher.decrypt(blob)).plaintext.toString()).toBe('hello')
      await expect(alice.get(id)).rejects.toThrow()
    },
  )

  test.each([['Aliyun_AES_128', 16], ['Aliyun_AES_192', 24], ['Aliyun_SM4', 16]] as const)(
    'of %s, by Import', async (spec, length) => {
      const { alice, id, cipher } = await place({ 'cmk-key-spec': spec })
      const parameters = await importParameters(alice, id, 'RSAES_OAEP_SHA_256')
      const { AES, SM4 } = CryptographicAlgorithm
      const brought = { algorithm: spec === 'Aliyun_SM4' ? SM4 : AES }
      const bytes = wrapped(parameters, randomBytes(length))
      expect((await importInto(alice.client, id, parameters, bytes, brought)).uniqueIdentifier).toBe(id)
      expect((await cipher.encrypt(id, material)).version).toBe(id)
    },
  )

  test.each([
    ['RSA_2048', 'RSA', generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey],
    ['EC_P256', 'ECDSA', generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey],
    ['EC_P256K', 'ECDSA', generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey],
    ['EC_SM2', 'SM2', generateKeyPairSync('ec', { namedCurve: 'SM2' }).privateKey],
  ] as const)('of a private key of %s, which then signs', async (spec, algorithm, own) => {
    const lab = new Lab()
    const alice = lab.as('alice')
    const { privateKey, publicKey } = await alice.createPair({ 'cmk-origin': 'EXTERNAL', 'cmk-key-spec': spec })
    const pkcs8 = own.export({ format: 'der', type: 'pkcs8' })
    const brought: Brought = { kind: 'PrivateKey', algorithm: CryptographicAlgorithm[algorithm] }
    for (const wrapping of wrappings) {
      const parameters = await importParameters(alice, privateKey, wrapping)
      await register(alice.client, parameters, wrappedPair(parameters, pkcs8), brought)
    }
    const data = Buffer.from('a contract')
    const { signatureData } = await alice.sign(privateKey, data)
    expect((await alice.verify(publicKey, data, signatureData!)).validityIndicator).toBe(1)
    expect((await alice.get(publicKey)).object.kind).toBe('PublicKey')
    await expect(alice.get(privateKey)).rejects.toThrow()
    const parameters = await importParameters(alice, privateKey, wrappings[0]!)
    const { privateKey: another } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
    const other = another.export({ format: 'der', type: 'pkcs8' })
    await expect(register(alice.client, parameters, wrappedPair(parameters, other), brought)).rejects.toThrow(refusal)
  })

  test('takes the same material again at any time, and never another', async () => {
    const { lab, alice, id, cipher } = await place()
    const parameters = await importParameters(alice, id, wrappings[0]!)
    await register(alice.client, parameters, wrapped(parameters, material))
    const { blob } = await cipher.encrypt(id, Buffer.from('kept'))
    await register(alice.client, parameters, wrapped(parameters, material))
    const other = wrapped(parameters, randomBytes(32))
    await expect(register(alice.client, parameters, other)).rejects.toThrow(refusal)
    await alice.set(id, 'cmk-material-present', false)
    expect((await alice.describe(id))['cmk-state']).toBe('PendingImport')
    expect(await outcome(cipher.decrypt(blob))).toBe('WrongKeyLifecycleState')
    lab.passDays(400)
    const fresh = await importParameters(alice, id, wrappings[1]!)
    await expect(register(alice.client, fresh, wrapped(fresh, randomBytes(32)))).rejects.toThrow(refusal)
    await register(alice.client, fresh, wrapped(fresh, material))
    expect((await cipher.decrypt(blob)).plaintext.toString()).toBe('kept')
  })

  test('expires at its moment, whether or not the scheduler has run, and comes back', async () => {
    const { lab, alice, id, cipher } = await place()
    const parameters = await importParameters(alice, id, wrappings[0]!)
    const values = { 'cmk-material-expire-date': new Date(lab.nowMs + 3_600_000).toISOString().replace('.000Z', 'Z') }
    await register(alice.client, parameters, wrapped(parameters, material), { values })
    expect((await alice.describe(id))['cmk-material-expire-date']).toBe(lab.now + 3_600)
    const { blob } = await cipher.encrypt(id, Buffer.from('kept'))
    lab.nowMs += 3_599_000
    expect(await lab.scheduler.run()).toBe(0)
    expect((await cipher.decrypt(blob)).plaintext.toString()).toBe('kept')
    lab.nowMs += 1_000
    expect(await outcome(cipher.decrypt(blob))).toBe('WrongKeyLifecycleState')
    const before = await alice.describe(id)
    expect(before['cmk-state']).toBe('PendingImport')
    expect((await alice.attributes(id)).keyValuePresent).toBe(false)
    expect(await lab.scheduler.run()).toBe(1)
    expect(await lab.scheduler.run()).toBe(0)
    const { 'cmk-material-expire-date': date, ...same } = before
    expect(date).toBe(lab.now)
    expect(await alice.describe(id)).toEqual(same)
    await register(alice.client, parameters, wrapped(parameters, material))
    expect(await alice.describe(id)).not.toHaveProperty('cmk-material-expire-date')
    expect((await alice.attributes(id)).keyValuePresent).toBeUndefined()
    expect((await cipher.decrypt(blob)).plaintext.toString()).toBe('kept')
  })

  test('leaves a disabled CMK disabled, and one that waited Enabled', async () => {
    const { alice, id } = await place()
    const parameters = await importParameters(alice, id, wrappings[0]!)
    await register(alice.client, parameters, wrapped(parameters, material))
    await alice.set(id, 'cmk-enabled', false)
    await register(alice.client, parameters, wrapped(parameters, material))
    expect((await alice.describe(id))['cmk-state']).toBe('Disabled')
  })

  test('gives the same material in two CMKs no common ciphertext', async () => {
    const { alice, id, cipher } = await place()
    const other = await alice.create({ 'cmk-origin': 'EXTERNAL' })
    for (const each of [id, other]) {
      const parameters = await importParameters(alice, each, wrappings[0]!)
      await register(alice.client, parameters, wrapped(parameters, material))
    }
    const { blob } = await cipher.encrypt(id, Buffer.from('x'))
    await alice.set(id, 'cmk-enabled', false)
    expect(await outcome(cipher.decrypt(blob))).toBe('WrongKeyLifecycleState')
    expect((await cipher.encrypt(other, Buffer.from('x'))).version).toBe(other)
  })

  test('gives a public key that is an object, for a day', async () => {
    const { lab, alice, id } = await place()
    const { key, publicKey } = await importParameters(alice, id, wrappings[0]!)
    const { object } = await alice.client.request(get, {
      uniqueIdentifier: key, keyFormatType: KeyFormatType.X_509,
    })
    expect(JSON.stringify(object)).toContain('[secret]')
    expect(publicKey).toHaveLength(294)
    const again = await importParameters(alice, id, wrappings[0]!)
    expect(again.publicKey).not.toEqual(publicKey)
    expect(await outcome(alice.get(key))).toBe('ObjectNotFound')
    lab.passDays(1)
    expect(await alice.describe(id)).not.toHaveProperty('cmk-import-token')
  })
})

describe('refused alike', () => {
  const wrong: Record<string, (p: Awaited<ReturnType<typeof twoPlaces>>) => Promise<unknown>> = {
    'a token of another CMK': ({ alice, mine, other }) =>
      register(alice.client, { ...mine, token: other.token }, wrapped(mine, material)),
    'a token for another CMK than the one named': ({ alice, otherId, mine }) =>
      importInto(alice.client, otherId, mine, wrapped(mine, material)),
    'an invented token': ({ alice, id, mine }) =>
      register(alice.client, { ...mine, token: `${id}.${'A'.repeat(43)}` }, wrapped(mine, material)),
    'a token without form': ({ alice, mine }) =>
      register(alice.client, { ...mine, token: '' }, wrapped(mine, material)),
    'a token that newer parameters have replaced': async ({ alice, id, mine }) => {
      await importParameters(alice, id, wrappings[0]!)
      return register(alice.client, mine, wrapped(mine, material))
    },
    'an expired token': ({ lab, alice, mine }) => {
      lab.passDays(1)
      return register(alice.client, mine, wrapped(mine, material))
    },
    'a token of another account': ({ lab, mine }) =>
      register(lab.as('bob', 201, 'beta').client, mine, wrapped(mine, material)),
    'material under another key': ({ alice, mine, other }) => register(alice.client, mine, wrapped(other, material)),
    'another key named': ({ alice, mine, other }) =>
      register(alice.client, { ...mine, key: other.key }, wrapped(mine, material)),
    'material that is too short': ({ alice, mine }) => register(alice.client, mine, wrapped(mine, Buffer.alloc(31))),
    'material that is too long': ({ alice, mine }) => register(alice.client, mine, wrapped(mine, Buffer.alloc(33))),
    'material of another algorithm': ({ alice, mine }) =>
      register(alice.client, mine, wrapped(mine, material), { algorithm: CryptographicAlgorithm.SM4 }),
    'material in the clear': ({ alice, mine }) => register(alice.client, mine, material),
    'no material': ({ alice, mine }) => register(alice.client, mine, Buffer.alloc(0)),
    'random bytes': ({ alice, mine }) => register(alice.client, mine, randomBytes(256)),
    'a private key': ({ alice, mine }) =>
      register(alice.client, mine, wrapped(mine, material), {
        kind: 'PrivateKey', algorithm: CryptographicAlgorithm.RSA,
      }),
  }

  test.each(Object.keys(wrong))('%s', async (name) => {
    const set = await twoPlaces()
    await expect(wrong[name]!(set)).rejects.toThrow(refusal)
    expect((await set.alice.describe(set.id))['cmk-state']).toBe('PendingImport')
  })

  async function twoPlaces() {
    const { lab, alice, id } = await place()
    const otherId = await alice.create({ 'cmk-origin': 'EXTERNAL' })
    const mine = await importParameters(alice, id, wrappings[0]!)
    const other = await importParameters(alice, otherId, wrappings[0]!)
    return { lab, alice, id, otherId, mine, other }
  }
})

describe('refused with its reason', () => {
  test('parameters for a CMK that makes its own material, and wrappings that are none', async () => {
    const { alice, id } = await place()
    const own = await alice.create({ 'cmk-class': 'customer' })
    expect(await outcome(alice.set(own, 'cmk-import-parameters', wrappings[0]!))).toBe('IllegalOperation')
    expect(await outcome(alice.set(own, 'cmk-material-present', false))).toBe('IllegalOperation')
    expect(await outcome(alice.set(id, 'cmk-import-parameters', 'RSA_4096/RSAES_OAEP_SHA_256'))).toBe('InvalidField')
    expect(await outcome(alice.set(id, 'cmk-material-present', true))).toBe('InvalidField')
    for (const name of ['cmk-import-token', 'cmk-import-key', 'cmk-import-public-key', 'cmk-material-expire-date']) {
      expect(await outcome(alice.set(id, name, 'x'))).not.toBe('Success')
    }
    for (const name of ['cmk-import-token', 'cmk-import-parameters']) {
      expect(await outcome(alice.create({ 'cmk-origin': 'EXTERNAL', [name]: 'x' }))).toBe('InvalidAttribute')
    }
  })

  test('an expiry that is past, other attributes, a CMK to be deleted, rotation', async () => {
    const { alice, id } = await place()
    const parameters = await importParameters(alice, id, wrappings[0]!)
    const bytes = wrapped(parameters, material)
    const past = { values: { 'cmk-material-expire-date': '2025-12-31T23:59:59Z' } }
    expect(await outcome(register(alice.client, parameters, bytes, past))).toBe('InvalidField')
    const description = { values: { 'cmk-description': 'x' } }
    expect(await outcome(register(alice.client, parameters, bytes, description))).toBe('InvalidAttribute')
    await alice.set(id, 'cmk-deletion-window', 7)
    expect(await outcome(register(alice.client, parameters, bytes))).toBe('WrongKeyLifecycleState')
    await alice.delete(id, 'cmk-deletion-window')
    expect((await alice.describe(id))['cmk-state']).toBe('PendingImport')
    await register(alice.client, parameters, bytes)
    expect(await outcome(alice.rekey(id))).toBe('IllegalOperation')
  })

  test('everything after the deletion, which leaves nothing of the import', async () => {
    const { lab, alice, id } = await place()
    const parameters = await importParameters(alice, id, wrappings[0]!)
    await register(alice.client, parameters, wrapped(parameters, material))
    await alice.set(id, 'cmk-deletion-window', 7)
    lab.passDays(7)
    const before = await alice.describe(id)
    expect(await lab.scheduler.run()).toBe(1)
    expect(await alice.describe(id)).toEqual(before)
    expect(await outcome(alice.set(id, 'cmk-import-parameters', wrappings[0]!))).toBe('ObjectDestroyed')
    expect(await lab.services.store.read(`~import/${id}`)).toBeUndefined()
  })
})

const refusal = /^InvalidImportToken or InvalidKeyMaterial/
