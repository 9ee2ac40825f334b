import { randomUUID } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Provider, StoredKey } from '../../src/crypto/provider.ts'
import { softwareProvider } from '../../src/crypto/software.ts'
import type { Services } from '../../src/server/batch-item.ts'
import { GivenUpKeys, giveUpAnnounced } from '../../src/server/given-up-keys.ts'
import { announcedKey, givenUpKey } from '../../src/operation/given-up.ts'
import type { Engine } from '../../src/server/engine.ts'
import { Scheduler } from '../../src/server/scheduler.ts'
import { Keys } from '../../src/operation/keys.ts'
import { storedKeyOf } from '../../src/operation/stored-key.ts'
import { RevisionConflict, StoreUnavailable } from '../../src/store/store.ts'
import { memoryStore } from '../../src/store/memory.ts'
import { KmipError } from '../../src/kmip/error.ts'
import { printItem } from '../../src/kmip/print.ts'
import { decodeItem } from '../../src/ttlv/item.ts'
import { encodeItem } from '../../src/ttlv/writer.ts'
import { alice, testEngine } from '../support/engine.ts'
import { item, request } from '../support/xml.ts'

test('a destroyed key is destroyed where its provider keeps it, once', async () => {
  const { say, kept } = vaultEngine()
  const id = identifierIn(await say(request('2.1', create)))
  expect(kept.size).toBe(1)
  expect(await say(request('2.1', item('Destroy', of(id))))).toContain('Success')
  expect(kept.size).toBe(0)
  expect(await say(request('2.1', item('Destroy', of(id))))).toContain('ObjectDestroyed')
  expect(await say(request('2.1', item('GetAttributes', of(id))))).toContain('ProtectionStorageMask Integer Hardware')
})

test('other changes of an object leave its key where it is', async () => {
  const { say, kept } = vaultEngine()
  const id = identifierIn(await say(request('2.1', create)))
  const changes = [item('Activate', of(id)), item('SetAttribute', `${of(id)}
    <NewAttribute><Comment type="TextString" value="kept"/></NewAttribute>`)]
  for (const change of changes) expect(await say(request('2.1', change))).toContain('Success')
  expect(kept.size).toBe(1)
})

test('a batch that is undone gives no key up, one that is done does', async () => {
  const { say, kept } = vaultEngine()
  const id = identifierIn(await say(request('2.1', create)))
  const undo = '<BatchErrorContinuationOption type="Enumeration" value="Undo"/>'
  const missing = item('Destroy', of(randomUUID()))
  expect(await say(request('2.1', [item('Destroy', of(id)), missing], undo))).toContain('OperationUndone')
  expect(kept.size).toBe(1)
  await say(request('2.1', [item('Destroy', of(id)), item('Query', queryOperations)], undo))
  expect(kept.size).toBe(0)
})

test('a key is not destroyed before its Destroy is durable', async () => {
  const { say, kept, store } = vaultEngine()
  const id = identifierIn(await say(request('2.1', create)))
  store.isFull = true
  expect(await say(request('2.1', item('Destroy', of(id))))).toContain('GeneralFailure')
  expect(kept.size).toBe(1)
})

test('a key whose creation is refused, undone or lost in a race is not left behind', async () => {
  const { say, kept, store } = vaultEngine()
  const constraint = item('SetConstraints', `<Constraints><Constraint><Attributes>
    <CryptographicLength type="Integer" value="128"/></Attributes></Constraint></Constraints>`)
  const undo = '<BatchErrorContinuationOption type="Enumeration" value="Undo"/>'
  expect(await say(request('2.1', [create, item('Destroy', of(randomUUID()))], undo))).toContain('OperationUndone')
  expect(kept.size).toBe(0)
  store.conflicts = 3
  expect(await say(request('2.1', create))).toContain('Success')
  expect(kept.size).toBe(1)
  expect(await say(request('2.1', constraint))).toContain('Success')
  expect(await say(request('2.1', create))).toContain('ConstraintViolation')
  expect(kept.size).toBe(1)
})

test('a key stays when nobody knows whether the store has taken its object', async () => {
  const { say, kept, store } = vaultEngine()
  store.isFull = true
  expect(await say(request('2.1', create))).toContain('GeneralFailure')
  expect(kept.size).toBe(1)
})

test('what a provider fails to destroy is logged, stays ordered, and goes when the provider is back', async () => {
  const vault = vaultEngine()
  const { say, kept, log, services, state } = vault
  const id = identifierIn(await say(request('2.1', create)))
  state.isAway = true
  expect(await say(request('2.1', item('Destroy', of(id))))).toContain('Success')
  expect(kept.size).toBe(1)
  expect(log).toContainEqual(expect.objectContaining({ message: expect.stringContaining('will be tried again') }))
  await new GivenUpKeys(services).run()
  expect(kept.size).toBe(1)
  state.isAway = false
  // Another process, on the same store.
  await new GivenUpKeys(services).run()
  expect(kept.size).toBe(0)
  expect(await services.store.scan(givenUpKey, { limit: 10 })).toEqual([])
})

test('a key whose creation is undone while the provider is away goes when it is back', async () => {
  const { say, kept, services, state } = vaultEngine()
  const undo = '<BatchErrorContinuationOption type="Enumeration" value="Undo"/>'
  state.isAway = true
  expect(await say(request('2.1', [create, item('Destroy', of(randomUUID()))], undo))).toContain('OperationUndone')
  expect(kept.size).toBe(1)
  state.isAway = false
  await new GivenUpKeys(services).run()
  expect(kept.size).toBe(0)
})

test('a key goes whose maker was killed before the commit of its object, and no other does', async () => {
  const { say, kept, services, state, making } = vaultEngine()
  state.isAnnouncing = true
  const id = identifierIn(await say(request('2.1', create)))
  expect(await services.store.scan(announcedKey, { limit: 10 })).toEqual([])
  // The one who makes this one never answers.
  making.after = () => new Promise(() => undefined)
  void say(request('2.1', create))
  while (kept.size < 2) await setImmediate()
  await new GivenUpKeys(services).run()
  expect(kept.size).toBe(2)
  await giveUpAnnounced(services.store)
  await new GivenUpKeys(services).run()
  expect(kept.size).toBe(1)
  expect(await say(request('2.1', item('Destroy', of(id))))).toContain('Success')
  expect(kept.size).toBe(0)
})

test('a key that is given up while it is made never becomes that of an object', async () => {
  const { say, kept, services, state, making } = vaultEngine()
  state.isAnnouncing = true
  let times = 0
  making.after = async () => {
    times += 1
    if (times > 1) return
    await giveUpAnnounced(services.store)
    await new GivenUpKeys(services).run()
    expect(kept.size).toBe(0)
  }
  const id = identifierIn(await say(request('2.1', create)))
  expect(times).toBe(2)
  expect(kept.size).toBe(1)
  expect(await say(request('2.1', item('Destroy', of(id))))).toContain('Success')
  expect(kept.size).toBe(0)
})

test('a key of a rotation that another was faster with is not left behind', async () => {
  const { say, kept, engine, services, store, state, making } = vaultEngine()
  await say(request('2.1', rotating))
  expect(kept.size).toBe(1)
  making.after = async () => {
    store.conflicts = 1
  }
  state.clockMs += 2 * 86_400_000
  const scheduler = new Scheduler(services, 'test', engine.changes)
  expect(await scheduler.run()).toBe(0)
  expect(kept.size).toBe(1)
  making.after = async () => undefined
  expect(await scheduler.run()).toBe(1)
  expect(kept.size).toBe(2)
})

test('nothing is made whose announcement the store does not take, and what fails leaves none', async () => {
  const { say, kept, services, store, state, making } = vaultEngine()
  state.isAnnouncing = true
  store.isFull = true
  expect(await say(request('2.1', create))).toContain('GeneralFailure')
  expect(kept.size).toBe(0)
  store.isFull = false
  making.after = async () => {
    throw new KmipError('ProtectionStorageUnavailable', 'the token died after it had made the key')
  }
  expect(await say(request('2.1', create))).toContain('ProtectionStorageUnavailable')
  expect(kept.size).toBe(0)
  expect(await services.store.scan(announcedKey, { limit: 10 })).toEqual([])
})

/** An engine whose keys lie in a provider that gives out references only. */
function vaultEngine(): {
  say: (message: ReturnType<typeof request>) => Promise<string>
  kept: Map<string, StoredKey>
  log: unknown[]
  services: Services
  store: { isFull: boolean; conflicts: number }
  state: { isAway: boolean; isAnnouncing: boolean; clockMs: number }
  engine: Engine
  making: { after: () => Promise<void> }
} {
  const kept = new Map<string, StoredKey>()
  const software = softwareProvider()
  const vault: Provider = {
    ...software,
    name: 'vault',
    async generateKey(spec, announce) {
      const key = await software.generateKey(spec)
      const name = randomUUID()
      const { algorithm, length, kind } = key
      const referred = { algorithm, length, kind, reference: Buffer.from(name) }
      if (vaultState.isAnnouncing) await announce!(referred)
      kept.set(name, key)
      await making.after()
      return referred
    },
    async destroy(key) {
      if (vaultState.isAway) throw new Error('the token is not there')
      kept.delete('reference' in key ? key.reference.toString() : '')
    },
  }
  const vaultState = { isAway: false, isAnnouncing: false, clockMs: Date.now() }
  const making = { after: () => Promise.resolve() }
  const inner = memoryStore()
  const state = { isFull: false, conflicts: 0 }
  const store = {
    ...inner,
    apply: async (changes: Parameters<typeof inner.apply>[0]) => {
      if (state.isFull) throw new StoreUnavailable('full')
      if (state.conflicts > 0) {
        state.conflicts -= 1
        throw new RevisionConflict('another was faster')
      }
      return inner.apply(changes)
    },
  }
  const keys = new Keys(software, new Map([['vault', vault]]), storedKeyOf)
  const { engine, log, services } = testEngine({ provider: vault, keys, store, clock: () => vaultState.clockMs })
  const say = async (message: ReturnType<typeof request>): Promise<string> =>
    printItem(decodeItem((await engine.process(encodeItem(message), alice)).bytes), { secrets: true })
  return { say, kept, log, services, store: state, state: vaultState, making, engine }
}

function identifierIn(answer: string): string {
  const found = /UniqueIdentifier TextString "([^"]+)"/.exec(answer)
  if (found === null) throw new Error(answer)
  return found[1]!
}

function of(id: string): string {
  return `<UniqueIdentifier type="TextString" value="${id}"/>`
}

const queryOperations = '<QueryFunction type="Enumeration" value="QueryOperations"/>'
const create = createWith('')
const rotating = createWith(`<RotateAutomatic type="Boolean" value="true"/><RotateInterval type="Interval" value="86400"/>
  <ActivationDate type="DateTime" value="2020-01-01T00:00:00+00:00"/>`)

function createWith(attributes: string): ReturnType<typeof item> {
  return item('Create', `
    <ObjectType type="Enumeration" value="SymmetricKey"/>
    <Attributes>
      <CryptographicAlgorithm type="Enumeration" value="AES"/>
      <CryptographicLength type="Integer" value="256"/>
      <CryptographicUsageMask type="Integer" value="Encrypt Decrypt"/>
      ${attributes}
    </Attributes>`)
}
