import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import type { Provider, StoredKey } from '../../src/crypto/provider.ts'
import { softwareProvider } from '../../src/crypto/software.ts'
import type { Services } from '../../src/server/batch-item.ts'
import { GivenUpKeys } from '../../src/server/given-up-keys.ts'
import { givenUpKey } from '../../src/operation/given-up.ts'
import { Keys } from '../../src/operation/keys.ts'
import { storedKeyOf } from '../../src/operation/stored-key.ts'
import { RevisionConflict, StoreUnavailable } from '../../src/store/store.ts'
import { memoryStore } from '../../src/store/memory.ts'
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

/** An engine whose keys lie in a provider that gives out references only. */
function vaultEngine(): {
  say: (message: ReturnType<typeof request>) => Promise<string>
  kept: Map<string, StoredKey>
  log: unknown[]
  services: Services
  store: { isFull: boolean; conflicts: number }
  state: { isAway: boolean }
} {
  const kept = new Map<string, StoredKey>()
  const software = softwareProvider()
  const vault: Provider = {
    ...software,
    name: 'vault',
    async generateKey(spec) {
      const key = await software.generateKey(spec)
      const reference = randomUUID()
      kept.set(reference, key)
      return { algorithm: key.algorithm, length: key.length, kind: key.kind, reference: Buffer.from(reference) }
    },
    async destroy(key) {
      if (vaultState.isAway) throw new Error('the token is not there')
      kept.delete('reference' in key ? key.reference.toString() : '')
    },
  }
  const vaultState = { isAway: false }
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
  const { engine, log, services } = testEngine({ provider: vault, keys, store })
  const say = async (message: ReturnType<typeof request>): Promise<string> =>
    printItem(decodeItem((await engine.process(encodeItem(message), alice)).bytes), { secrets: true })
  return { say, kept, log, services, store: state, state: vaultState }
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
const create = item('Create', `
  <ObjectType type="Enumeration" value="SymmetricKey"/>
  <Attributes>
    <CryptographicAlgorithm type="Enumeration" value="AES"/>
    <CryptographicLength type="Integer" value="256"/>
    <CryptographicUsageMask type="Integer" value="Encrypt Decrypt"/>
  </Attributes>`)
