import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connect } from '../../src/client/client.ts'
import { Admission } from '../../src/server/admission.ts'
import { loadServerCredentials } from '../../src/server/credentials.ts'
import { Engine } from '../../src/server/engine.ts'
import { defaultLimits } from '../../src/server/limits.ts'
import { Listener } from '../../src/server/listener.ts'
import { makePki } from '../../src/server/pki.ts'
import { openLmdbStore } from '../../src/store/lmdb.ts'
import { openKeyring, openRootKeyFile } from '../../src/store/keyring.ts'
import { sealedStore } from '../../src/store/sealed.ts'
import type { Store } from '../../src/store/store.ts'
import { Lab, LabClient, outcome } from '../support/cmk.ts'
import { importParameters, register, wrapped } from '../support/import.ts'

/** The real server, over TLS and on disk, but for its clock, which is the test's. */
const folder = mkdtempSync(join(tmpdir(), 'keyward-time-'))
const quiet = { error() {}, warn() {}, info() {}, debug() {}, isLevelEnabled: () => false } as never
let lab: Lab
let listener: Listener
let store: Store
let alice: LabClient

beforeAll(async () => {
  await makePki(folder, Date.now())
  const inner = await openLmdbStore({ directory: join(folder, 'store'), mapSize: 67_108_864 })
  const rootKey = await openRootKeyFile(join(folder, 'root.key'), inner)
  store = sealedStore(inner, await openKeyring({ store: inner, rootKey }))
  lab = new Lab({}, { store })
  const credentials = loadServerCredentials(folder, Date.now())
  const identity = { authorities: credentials.authorities, issuerRealms: {}, requireClientAuthEku: false }
  const admission = new Admission(identity, defaultLimits, quiet)
  listener = new Listener(new Engine(lab.services), admission, {
    host: '127.0.0.1', port: 0, reusePort: false, credentials, minVersion: 'TLSv1.2', ticketKeys: Buffer.alloc(48, 1),
  }, defaultLimits, quiet)
  const { port } = await listener.listen()
  const read = (name: string): Buffer => readFileSync(join(folder, name))
  const options = { host: '127.0.0.1', port, ca: read('ca.pem'), cert: read('alice.pem'), key: read('alice.key') }
  alice = new LabClient(await connect({ ...options, version: 201 }))
})

afterAll(async () => {
  alice.client.close()
  await listener.drain()
  await store.close()
  rmSync(folder, { recursive: true })
})

test('rotation and deletion come with their dates', async () => {
  const id = await alice.create({
    'cmk-alias': 'alias/app', 'cmk-rotation-automatic': true, 'cmk-rotation-interval': '30d',
  })
  const sealed = []
  for (let month = 1; month <= 6; month += 1) {
    sealed.push(await alice.encrypt('alias/app', data))
    lab.passDays(30)
    expect(await lab.scheduler.run()).toBe(1)
    expect(await alice.describe('alias/app')).toMatchObject({ 'cmk-version': month + 1, 'cmk-rotation-last-date': lab.now })
  }
  for (const each of sealed) expect((await alice.decrypt('alias/app', each)).data).toEqual(data)
  await alice.set('alias/app', 'cmk-deletion-window', 7)
  lab.passDays(6.9)
  expect(await lab.scheduler.run()).toBe(0)
  expect(await outcome(alice.decrypt('alias/app', sealed[0]!))).toBe('WrongKeyLifecycleState')
  lab.passDays(0.1)
  // The date acts by itself; the scheduler, which comes later, only makes it final.
  expect(await outcome(alice.decrypt(id, sealed[0]!))).toBe('ObjectDestroyed')
  expect(await lab.scheduler.run()).toBe(1)
  expect(await outcome(alice.decrypt(id, sealed[0]!))).toBe('ObjectDestroyed')
  expect((await alice.describe(id))['cmk-state']).toBe('Deleted')
})

test('imported material expires at its date, and comes back', async () => {
  const id = await alice.create({ 'cmk-origin': 'EXTERNAL', 'cmk-alias': 'alias/ours' })
  const bring = async (days: number): Promise<void> => {
    const parameters = await importParameters(alice, id, 'RSA_2048/RSAES_OAEP_SHA_256')
    const date = new Date(lab.nowMs + days * 86_400_000).toISOString().replace(/\.\d+Z$/, 'Z')
    await register(alice.client, parameters, wrapped(parameters, Buffer.alloc(32, 7)), {
      values: { 'cmk-material-expire-date': date },
    })
  }
  await bring(30)
  const sealed = await alice.encrypt('alias/ours', data)
  lab.passDays(29)
  expect((await alice.decrypt('alias/ours', sealed)).data).toEqual(data)
  lab.passDays(1)
  expect(await outcome(alice.decrypt('alias/ours', sealed))).toBe('WrongKeyLifecycleState')
  expect((await alice.describe(id))['cmk-state']).toBe('PendingImport')
  expect(await lab.scheduler.run()).toBe(1)
  expect(await outcome(alice.decrypt('alias/ours', sealed))).toBe('WrongKeyLifecycleState')
  await bring(1)
  expect((await alice.decrypt('alias/ours', sealed)).data).toEqual(data)
})

const data = Buffer.from('some data to protect')
