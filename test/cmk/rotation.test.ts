import { describe, expect, test } from 'vitest'
import type { Change, Store } from '../../src/store/store.ts'
import { memoryStore } from '../../src/store/memory.ts'
import { LinkType } from '../../src/kmip/generated/enums.ts'
import { ChangeFeed } from '../../src/server/change-feed.ts'
import { Scheduler } from '../../src/server/scheduler.ts'
import { Lab, outcome } from '../support/cmk.ts'

describe('by hand', () => {
  test('the old version decrypts for ever and no longer encrypts; the new one is linked, named and primary', async () => {
    const lab = new Lab()
    const alice = lab.as('alice')
    const first = await alice.create({ 'cmk-alias': 'alias/app' })
    const sealed = await alice.encrypt('alias/app', data)
    lab.passDays(1)
    await alice.set('alias/app', 'cmk-rotate', true)
    const [old, described] = [await alice.attributes(first), await alice.describe('alias/app')]
    const { uniqueIdentifier: second } = await alice.encrypt('alias/app', data)
    expect(old).toMatchObject({ protectStopDate: lab.now, rotateLatest: false, rotateGeneration: 1 })
    expect(old.name).toBeUndefined()
    expect(await alice.attributes(second)).toMatchObject({
      rotateLatest: true, rotateGeneration: 2, activationDate: lab.now, sensitive: true, extractable: false,
      link: [{ linkType: LinkType.ReplacedObjectLink, linkedObjectIdentifier: first }],
    })
    expect(described).toMatchObject({
      'cmk-id': first, 'cmk-version': 2, 'cmk-primary': true, 'cmk-rotation-last-date': lab.now,
    })
    expect(await outcome(alice.encrypt(first, data))).toBe('WrongKeyLifecycleState')
    lab.passDays(10_000)
    for (const address of [first, `key/${first}`, 'alias/app', `acs:kms:local:alpha:key/${first}`]) {
      expect(await alice.decrypt(address, sealed)).toMatchObject({ uniqueIdentifier: first, data })
    }
    expect(await outcome(alice.decrypt(second, sealed))).toBe('CryptographicFailure')
  })

  test('every version is found by trying, for AEAD only', async () => {
    const alice = new Lab().as('alice')
    const id = await alice.create({ 'cmk-alias': 'alias/app' })
    const made = []
    for (let version = 1; version <= 5; version += 1) {
      made.push(await alice.encrypt('alias/app', data))
      await alice.set(id, 'cmk-rotate', true)
    }
    for (const sealed of made) {
      expect(await alice.decrypt('alias/app', sealed)).toMatchObject({ uniqueIdentifier: sealed.uniqueIdentifier, data })
    }
    const tampered = { ...made[0]!, data: Buffer.alloc(data.length) }
    expect(await outcome(alice.decrypt('alias/app', tampered))).toBe('CryptographicFailure')
    const cryptographicParameters = { blockCipherMode: 1, paddingMethod: 3 }
    const cbc = await alice.encrypt('alias/app', data, { cryptographicParameters })
    expect(await outcome(alice.decrypt('alias/app', cbc, { cryptographicParameters }))).toBe('InvalidField')
    expect((await alice.decrypt(cbc.uniqueIdentifier, cbc, { cryptographicParameters })).data).toEqual(data)
  })

  test('Re-key of the address rotates; Re-key by Unique Identifier leaves the old dates alone', async () => {
    const alice = new Lab().as('alice')
    const id = await alice.create({ 'cmk-alias': 'alias/app' })
    const { uniqueIdentifier: second } = await alice.rekey('alias/app')
    expect((await alice.attributes(id)).protectStopDate).toBeDefined()
    const { uniqueIdentifier: third } = await alice.rekey(second)
    expect((await alice.attributes(second)).protectStopDate).toBeUndefined()
    expect((await alice.encrypt('alias/app', data)).uniqueIdentifier).toBe(third)
    expect(await outcome(alice.rekey(second))).toBe('IllegalOperation')
    expect(await outcome(alice.rekey(third, { extractable: true }))).toBe('InvalidAttribute')
    expect(await outcome(alice.rekey(third, { cryptographicLength: 128 }))).toBe('InvalidAttribute')
    expect((await alice.describe(third))['cmk-id']).toBe(id)
  })

  test('an asymmetric CMK gets a version a week at the earliest, 50 at most; all versions stay in use', async () => {
    const lab = new Lab()
    const alice = lab.as('alice')
    const first = await alice.createPair({ 'cmk-key-spec': 'EC_P256', 'cmk-alias': 'alias/signer' })
    const { signatureData } = await alice.sign('alias/signer', data)
    lab.passDays(6.9)
    expect(await outcome(alice.set('alias/signer', 'cmk-rotate', true))).toBe('IllegalOperation')
    lab.passDays(0.2)
    await alice.set('alias/signer', 'cmk-rotate', true)
    const second = await alice.sign('alias/signer', data)
    expect(second.uniqueIdentifier).not.toBe(first.privateKey)
    const verified = await alice.verify('alias/signer', data, signatureData!)
    expect(verified).toMatchObject({ uniqueIdentifier: first.publicKey, validityIndicator: 1 })
    expect((await alice.verify('alias/signer', data, Buffer.alloc(70))).validityIndicator).toBe(2)
    expect((await alice.sign(first.privateKey, data)).uniqueIdentifier).toBe(first.privateKey)
    for (let version = 3; version <= 50; version += 1) {
      lab.passDays(7)
      await alice.set('alias/signer', 'cmk-rotate', true)
    }
    lab.passDays(7)
    expect(await outcome(alice.set('alias/signer', 'cmk-rotate', true))).toBe('ServerLimitExceeded')
    expect((await alice.verify('alias/signer', data, signatureData!)).validityIndicator).toBe(1)
  })

  test('a public key is no version of its own, and does not say whether it is primary', async () => {
    const lab = new Lab()
    const alice = lab.as('alice')
    const { privateKey, publicKey } = await alice.createPair({ 'cmk-key-spec': 'EC_P256', 'cmk-alias': 'alias/signer' })
    lab.passDays(8)
    await alice.set('alias/signer', 'cmk-rotate', true)
    expect(await alice.describe(privateKey)).toMatchObject({ 'cmk-primary': false, 'cmk-version': 1 })
    expect(await alice.describe(publicKey)).not.toHaveProperty('cmk-primary')
    expect(await alice.locate({ 'cmk-id': privateKey, 'cmk-primary': false })).toEqual([privateKey])
  })

  test.each([{ 'cmk-key-spec': 'RSA_2048' }, { 'cmk-key-spec': 'EC_P256', 'cmk-origin': 'EXTERNAL' }])(
    'a pair of %j takes no interval that nothing would come of', async (values) => {
      const alice = new Lab().as('alice')
      expect(await outcome(alice.createPair({ ...values, 'cmk-rotation-interval': '30d' }))).not.toBe('Success')
      const { privateKey } = await alice.createPair(values)
      expect(await outcome(alice.set(privateKey, 'cmk-rotation-interval', '30d'))).not.toBe('Success')
      expect(await alice.describe(privateKey)).not.toHaveProperty('cmk-rotation-interval')
    },
  )

  test('imported material is not rotated', async () => {
    const alice = new Lab().as('alice')
    const id = await alice.create({ 'cmk-origin': 'EXTERNAL' })
    expect(await outcome(alice.set(id, 'cmk-rotation-automatic', true))).toBe('WrongKeyLifecycleState')
    expect(await outcome(alice.rekey(id))).not.toBe('Success')
  })
})

describe('automatic', () => {
  test('is off until it is asked for, then acts when it is due, and rests while the CMK is disabled', async () => {
    const lab = new Lab()
    const alice = lab.as('alice')
    const id = await alice.create({ 'cmk-alias': 'alias/app' })
    lab.passDays(400)
    expect(await lab.scheduler.run()).toBe(0)
    await alice.set(id, 'cmk-rotation-interval', '30d')
    await alice.set(id, 'cmk-rotation-automatic', true)
    const overdue = await alice.describe(id)
    expect(overdue['cmk-rotation-next-date']).toBeLessThan(lab.now)
    expect(await lab.scheduler.run()).toBe(1)
    expect(await lab.scheduler.run()).toBe(0)
    expect(await alice.describe('alias/app')).toMatchObject({
      'cmk-version': 2, 'cmk-rotation-state': 'Enabled', 'cmk-rotation-next-date': lab.now + 30 * 86_400,
    })
    await alice.set(id, 'cmk-enabled', false)
    expect(await alice.describe(id)).toMatchObject({ 'cmk-rotation-state': 'Suspended' })
    lab.passDays(100)
    expect(await lab.scheduler.run()).toBe(0)
    await alice.set(id, 'cmk-enabled', true)
    expect(await lab.scheduler.run()).toBe(1)
    await alice.set(id, 'cmk-rotation-automatic', false)
    lab.passDays(100)
    expect(await lab.scheduler.run()).toBe(0)
    expect((await alice.describe('alias/app'))['cmk-version']).toBe(3)
  })

  test('by the attributes of 2.1', async () => {
    const lab = new Lab()
    const alice = lab.as('alice')
    const id = await alice.create({ 'cmk-class': 'customer' }, { rotateInterval: 7 * 86_400, rotateAutomatic: true })
    expect(await alice.attributes(id)).toMatchObject({ rotateAutomatic: true, rotateInterval: 604_800, rotateGeneration: 1 })
    await alice.setOwn(id, { name: 'rotateInterval', value: 8 * 86_400 })
    lab.passDays(7)
    expect(await lab.scheduler.run()).toBe(0)
    lab.passDays(1)
    expect(await lab.scheduler.run()).toBe(1)
    await alice.setOwn(id, { name: 'rotateAutomatic', value: false })
    expect((await alice.describe(id))['cmk-rotation-state']).toBe('Disabled')
  })

  test('leaves a CMK of the policy `default` its owner\'s', async () => {
    const lab = new Lab()
    const alice = lab.as('alice', 102)
    const id = await alice.create(
      { 'cmk-alias': 'alias/mine', 'cmk-rotation-automatic': true, 'cmk-rotation-interval': '7d' },
      { operationPolicyName: 'default' },
    )
    lab.passDays(7)
    expect(await lab.scheduler.run()).toBe(1)
    const cbc = { cryptographicParameters: { blockCipherMode: 1, paddingMethod: 3 } }
    expect((await alice.encrypt('alias/mine', data, cbc)).uniqueIdentifier).not.toBe(id)
    expect(await outcome(lab.as('bob', 102).encrypt('alias/mine', data, cbc))).toBe('PermissionDenied')
    await alice.set(id, 'cmk-deletion-window', 7)
    lab.passDays(7)
    expect(await lab.scheduler.run()).toBe(1)
  })

  test('one scheduler acts, however many there are; one that lost its lease changes nothing', async () => {
    const lab = new Lab()
    const alice = lab.as('alice')
    for (let count = 0; count < 10; count += 1) {
      await alice.create({ 'cmk-rotation-automatic': true, 'cmk-rotation-interval': '7d' })
    }
    lab.passDays(7)
    const others = ['a', 'b', 'c'].map((holder) => new Scheduler(lab.services, holder, new ChangeFeed()))
    const counts = await Promise.all(others.map((scheduler) => scheduler.run()))
    expect(counts.toSorted((a, b) => a - b)).toEqual([0, 0, 10])
    const versions = await Promise.all((await alice.locate({ 'cmk-primary': true })).map((id) => alice.describe(id)))
    expect(versions.map((each) => each['cmk-version'])).toEqual(Array.from({ length: 10 }, () => 2))
  })

  test('a holder whose lease has passed to another is fenced off', async () => {
    let leaseMs = 0
    const store = memoryStore(() => leaseMs)
    const lab = new Lab({}, { store })
    await lab.as('alice').create({ 'cmk-rotation-automatic': true, 'cmk-rotation-interval': '7d' })
    await lab.as('alice').create({ 'cmk-rotation-automatic': true, 'cmk-rotation-interval': '8d' })
    lab.passDays(7)
    let release = (): void => {}
    const paused: Store = {
      ...store,
      // The first scheduler has its lease and then sleeps, longer than the lease lasts.
      async scan(...request) {
        await new Promise<void>((resolve) => { release = resolve })
        return store.scan(...request)
      },
    }
    const slow = new Scheduler({ ...lab.services, store: paused }, 'slow', new ChangeFeed()).run()
    await new Promise((resolve) => setImmediate(resolve))
    leaseMs = 10_000_000
    expect(await new Scheduler(lab.services, 'fast', new ChangeFeed()).run()).toBe(1)
    lab.passDays(1)
    release()
    expect(await slow).toBe(0)
    expect(await new Scheduler(lab.services, 'fast', new ChangeFeed()).run()).toBe(1)
  })
})

describe('a crash', () => {
  test('at any point of a rotation leaves exactly one primary version', async () => {
    const store = memoryStore()
    const applied: number[] = []
    let failing = false
    const lab = new Lab({}, {
      store: {
        ...store,
        async apply(changes: readonly Change[]) {
          applied.push(changes.length)
          if (failing) throw new Error('the power fails')
          await store.apply(changes)
        },
      },
    })
    const alice = lab.as('alice')
    const id = await alice.create({ 'cmk-alias': 'alias/app' })
    applied.length = 0
    failing = true
    await outcome(alice.set(id, 'cmk-rotate', true))
    failing = false
    // All of a rotation is one change of the store: it happens as a whole or not at all.
    expect(applied).toEqual([3])
    expect(await alice.locate({ 'cmk-primary': true })).toEqual([id])
    expect((await alice.encrypt('alias/app', data)).uniqueIdentifier).toBe(id)
    await alice.set(id, 'cmk-rotate', true)
    expect(await alice.locate({ 'cmk-primary': true })).toHaveLength(1)
  })

  test('rotations that race leave one chain', async () => {
    const lab = new Lab()
    const alice = lab.as('alice')
    const id = await alice.create({ 'cmk-alias': 'alias/app' })
    const attempts = Array.from({ length: 8 }, () => outcome(alice.set(id, 'cmk-rotate', true)))
    const encryptions = Array.from({ length: 40 }, () => outcome(alice.encrypt('alias/app', data)))
    expect(new Set(await Promise.all([...attempts, ...encryptions]))).toEqual(new Set(['Success']))
    expect((await alice.describe('alias/app'))['cmk-version']).toBe(9)
    expect(await alice.locate({ 'cmk-primary': true })).toHaveLength(1)
  })
})

const data = Buffer.from('some data to protect')
