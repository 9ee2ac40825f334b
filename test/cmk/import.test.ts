import { generateKeyPairSync, randomBytes } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import fixture from '../../fixtures/cmk/import.json' with { type: 'json' }
import { CmkCipher } from '../../src/client/cmk-cipher.ts'
import { get } from '../../src/client/operations.ts'
import { CryptographicAlgorithm, KeyFormatType } from '../../src/kmip/generated/enums.ts'
import { Lab, outcome } from '../support/cmk.ts'
import { importInto, importParameters, register, wrapped, wrappedPair } from '../support/import.ts'
import type { Brought, Parameters } from '../support/import.ts'

const { wrappings } = fixture
const material = Buffer.alloc(32, 0x5a)

async function place(values: Record<string, string> = {}, version = 201) {
  const lab = new Lab()
  const alice = lab.as('alice', version)
  const id = await alice.create({ 'cmk-origin': 'EXTERNAL', ...values })
  return { lab, alice, id, cipher: new CmkCipher(alice.client) }
}

describe('bring your own key', () => {
  test.each(wrappings.flatMap((wrapping) => fixture.versions.map((version) => [wrapping, version] as const)))(
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

  test.each(wrappings.flatMap((wrapping) => fixture.symmetric.map((row) => ({ ...row, wrapping }))))(
    'of $spec under $wrapping, by Import', async ({ spec, algorithm, bytes, wrapping }) => {
      const { alice, id, cipher } = await place({ 'cmk-key-spec': spec })
      const parameters = await importParameters(alice, id, wrapping)
      const own = wrapped(parameters, randomBytes(bytes))
      const brought = { algorithm: algorithmOf(algorithm) }
      expect((await importInto(alice.client, id, parameters, own, brought)).uniqueIdentifier).toBe(id)
      expect((await cipher.encrypt(id, material)).version).toBe(id)
      expect(await alice.describe(id)).toMatchObject({ 'cmk-key-spec': spec, 'cmk-state': 'Enabled' })
    },
  )

  test.each(fixture.pairs)('of a private key of $spec, which is then for $usage', async ({ spec, usage, algorithm, key }) => {
    const alice = new Lab().as('alice')
    const { privateKey, publicKey } = await alice.createPair({
      'cmk-origin': 'EXTERNAL', 'cmk-key-spec': spec, 'cmk-usage': usage,
    })
    const pkcs8 = pkcs8Of(key)
    const brought: Brought = { kind: 'PrivateKey', algorithm: algorithmOf(algorithm) }
    for (const wrapping of wrappings) {
      const parameters = await importParameters(alice, privateKey, wrapping)
      await register(alice.client, parameters, wrappedPair(parameters, pkcs8), brought)
    }
    const data = Buffer.from('a contract')
    if (usage === 'SIGN/VERIFY') {
      const { signatureData } = await alice.sign(privateKey, data)
      expect((await alice.verify(publicKey, data, signatureData!)).validityIndicator).toBe(1)
    } else {
      expect((await alice.decrypt(privateKey, await alice.encrypt(publicKey, data))).data).toEqual(data)
    }
    expect((await alice.get(publicKey)).object.kind).toBe('PublicKey')
    await expect(alice.get(privateKey)).rejects.toThrow()
    const parameters = await importParameters(alice, privateKey, wrappings[0]!)
    const another = wrappedPair(parameters, pkcs8Of(key))
    await expect(register(alice.client, parameters, another, brought)).rejects.toThrow(refusal)
  }, 60_000)

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
  const rows: readonly RefusedRow[] = fixture.refusedAlike
  const cases = rows.flatMap((row) => (row.everyWrapping === true ? wrappings : wrappings.slice(0, 1))
    .map((wrapping) => ({ ...row, wrapping })))

  test.each(cases)('$name, under $wrapping', async (row) => {
    const lab = new Lab()
    const alice = lab.as('alice')
    const id = await alice.create({ 'cmk-origin': 'EXTERNAL' })
    const otherId = await alice.create({ 'cmk-origin': 'EXTERNAL' })
    const mine = await importParameters(alice, id, row.wrapping)
    const other = await importParameters(alice, otherId, row.wrapping)
    const bytes = formed(row, wrapped(row.wrappedUnder === 'other' ? other : mine, Buffer.alloc(row.bytes ?? 32, 0x5a)))
    if (row.before === 'dayPasses') lab.passDays(1)
    if (row.before === 'importAndNewParameters') await register(alice.client, mine, wrapped(mine, material))
    if (row.before?.endsWith('ewParameters') === true) await importParameters(alice, id, row.wrapping)
    const state = (await alice.describe(id))['cmk-state']
    const { client } = row.account === undefined ? alice : lab.as('bob', 201, row.account)
    const parameters = { ...mine, token: tokenOf(row, mine, other), key: row.key === 'other' ? other.key : mine.key }
    const brought: Brought = {
      ...(row.kind !== undefined && { kind: row.kind as 'PrivateKey' }),
      ...(row.algorithm !== undefined && { algorithm: algorithmOf(row.algorithm) }),
    }
    const attempt = row.into === 'other'
      ? importInto(client, otherId, parameters, bytes, brought)
      : register(client, parameters, bytes, brought)
    await expect(attempt).rejects.toMatchObject({ reason: 'CryptographicFailure', message: expect.stringMatching(refusal) })
    expect((await alice.describe(id))['cmk-state']).toBe(state)
    expect((await alice.describe(otherId))['cmk-state']).toBe('PendingImport')
  })

  test.each(fixture.refusedPairs)('$name, for $spec', async ({ spec, algorithm, key }) => {
    const alice = new Lab().as('alice')
    const { privateKey } = await alice.createPair({ 'cmk-origin': 'EXTERNAL', 'cmk-key-spec': spec })
    const parameters = await importParameters(alice, privateKey, wrappings[0]!)
    const brought: Brought = { kind: 'PrivateKey', algorithm: algorithmOf(algorithm) }
    const bytes = wrappedPair(parameters, pkcs8Of(key))
    await expect(register(alice.client, parameters, bytes, brought)).rejects.toThrow(refusal)
    expect((await alice.describe(privateKey))['cmk-state']).toBe('PendingImport')
  })
})

describe('refused with its reason', () => {
  test.each(fixture.parameters)('$set = $value of a CMK of $origin: $reason', async ({ origin, set, value, reason }) => {
    const alice = new Lab().as('alice')
    const id = await alice.create({ 'cmk-origin': origin })
    expect(await outcome(alice.set(id, set, value))).toBe(reason)
  })

  test.each(['cmk-import-token', 'cmk-import-parameters'])('%s with a new CMK', async (name) => {
    const alice = new Lab().as('alice')
    expect(await outcome(alice.create({ 'cmk-origin': 'EXTERNAL', [name]: 'x' }))).toBe('InvalidAttribute')
  })

  test.each(fixture.refusedWithReason)('$name: $reason', async ({ values, before, reason }) => {
    const { alice, id } = await place()
    const parameters = await importParameters(alice, id, wrappings[0]!)
    if (before === 'scheduleDeletion') await alice.set(id, 'cmk-deletion-window', 7)
    const brought: Brought = values === undefined ? {} : { values: defined(values) }
    expect(await outcome(register(alice.client, parameters, wrapped(parameters, material), brought))).toBe(reason)
  })

  test('rotation of what was imported; and a deletion that is taken back waits for material again', async () => {
    const { alice, id } = await place()
    const parameters = await importParameters(alice, id, wrappings[0]!)
    await alice.set(id, 'cmk-deletion-window', 7)
    await alice.delete(id, 'cmk-deletion-window')
    expect((await alice.describe(id))['cmk-state']).toBe('PendingImport')
    await register(alice.client, parameters, wrapped(parameters, material))
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

/** A row of the fixture: what of a right import is not so. */
interface RefusedRow {
  readonly name: string
  readonly token?: string
  readonly key?: string
  readonly into?: string
  readonly account?: string
  readonly before?: string
  readonly bytes?: number
  readonly wrappedUnder?: string
  readonly form?: string
  readonly kind?: string
  readonly algorithm?: string
  readonly everyWrapping?: boolean
}

function tokenOf({ token }: RefusedRow, mine: Parameters, other: Parameters): string {
  switch (token) {
    case undefined: return mine.token
    case 'other': return other.token
    case 'empty': return ''
    case 'invented': return mine.token.replace(/[^.]+$/, 'A'.repeat(43))
    case 'changed': return mine.token.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))
    default: throw new Error(`no such token: ${token}`)
  }
}

function formed({ form }: RefusedRow, bytes: Buffer): Buffer {
  switch (form) {
    case undefined: return bytes
    case 'clear': return material
    case 'empty': return Buffer.alloc(0)
    case 'random': return randomBytes(bytes.length)
    case 'cut': return bytes.subarray(0, -1)
    case 'changed': return Buffer.from(bytes.map((byte, at) => (at === bytes.length - 1 ? byte ^ 1 : byte)))
    default: throw new Error(`no such form: ${form}`)
  }
}

function algorithmOf(name: string): number {
  return CryptographicAlgorithm[name as keyof typeof CryptographicAlgorithm]
}

/** A new private key, `RSA 2048` or a curve by its name in node:crypto. */
function pkcs8Of(key: string): Buffer {
  const [, bits] = /^RSA (\d+)$/.exec(key) ?? []
  const { privateKey }: { privateKey: KeyObject } = bits === undefined
    ? generateKeyPairSync('ec', { namedCurve: key })
    : generateKeyPairSync('rsa', { modulusLength: Number(bits) })
  return privateKey.export({ format: 'der', type: 'pkcs8' })
}

/** The rows of a fixture share one type, in which absent values are undefined. */
function defined(values: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined))
}
