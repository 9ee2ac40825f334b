import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import fixture from '../../fixtures/cmk/classes.json' with { type: 'json' }
import type { Client } from '../../src/client/client.ts'
import { RemoteKeyManager } from '../../src/client/key-manager.ts'
import { activate } from '../../src/client/operations.ts'
import { Breaker } from '../../src/crypto/breaker.ts'
import { externalProvider } from '../../src/crypto/external.ts'
import type { Provider } from '../../src/crypto/provider.ts'
import { softwareProvider } from '../../src/crypto/software.ts'
import { CryptographicAlgorithm, ObjectType } from '../../src/kmip/generated/enums.ts'
import { Keys } from '../../src/operation/keys.ts'
import { storedKeyOf } from '../../src/operation/stored-key.ts'
import { openClient, shapes } from '../support/client.ts'
import { Lab, outcome } from '../support/cmk.ts'
import type { CmkValues, LabClient } from '../support/cmk.ts'
import { startServer } from '../support/server.ts'
import type { RunningServer } from '../support/server.ts'
import { makeSoftToken, openToken, tokenMissing } from '../support/token.ts'
import type { OpenToken, TestToken } from '../support/token.ts'

/** The table of facts 3.3 as answers: a real token and a real key manager stand behind two of the types. */

type Row = (typeof fixture.behaviour)[number]
type Feature = Exclude<keyof Row, 'type'>

const missing = await tokenMissing()
const data = Buffer.from('a data key')

let token: TestToken
let open: OpenToken
let manager: RunningServer
let there: Client
let remote: RemoteKeyManager

beforeAll(async () => {
  manager = await startServer()
  there = await openClient(manager, 'alice', 104)
  const { ca, alice } = manager.certificates
  remote = new RemoteKeyManager({
    host: manager.host, port: manager.port, version: 104, timeoutMs: 5000,
    ca: readFileSync(ca), cert: readFileSync(alice.cert), key: readFileSync(alice.key),
  })
  if (missing !== undefined) return
  token = await makeSoftToken()
  open = await openToken(token, 'internal')
}, 60_000)

afterAll(async () => {
  there?.close()
  remote?.close()
  await manager?.stop()
  open?.connection.close()
  await token?.remove()
})

const types = fixture.behaviour.map((row) => ({ row, isSkipped: row.type === 'hardware' && missing !== undefined }))

describe.each(types)('$row.type', ({ row, isSkipped }) => {
  const features = Object.keys(attempts) as Feature[]

  test('has a row for every feature of the table', () => {
    const told = new Set(Object.keys(row).filter((name) => name !== 'type' && name !== 'rotationOfPairs'))
    expect(told).toEqual(new Set(fixture.features.filter((name) => name !== 'backup')))
  })

  test.skipIf(isSkipped).each(features)('%s', async (feature) => {
    const lab = new Lab({ services: { rds: 'rds' } }, { keys: keysOf() })
    const asker = lab.as(row.type === 'service' && feature !== 'ownCrypto' ? 'rds' : 'alice')
    const place = { lab, asker, values: await valuesOf(row.type) }
    expect(await outcome(attempts[feature](place))).toBe(row[feature])
  }, 20_000)
})

interface Place {
  readonly lab: Lab
  readonly asker: LabClient
  /** What makes a key of the type. */
  readonly values: CmkValues
}

const attempts: Readonly<Record<Feature, (place: Place) => Promise<unknown>>> = {
  ownCrypto: async (place) => place.lab.as('alice').encrypt(await made(place), data),
  sign: async ({ asker, values }) => asker.sign((await pairOf(asker, values)).privateKey, data),
  serverSideEncryption: async (place) => place.lab.as('rds').encrypt(await made(place), data),
  rotation: async (place) => place.asker.set(await made(place), 'cmk-rotate', true),
  rotationOfPairs: async ({ asker, values }) =>
    asker.set((await pairOf(asker, values)).privateKey, 'cmk-rotation-interval', '30d')
      .then(async () => asker.set((await pairOf(asker, values)).privateKey, 'cmk-rotation-automatic', true)),
  scheduleDeletion: async (place) => place.asker.set(await made(place), 'cmk-deletion-window', 7),
  deletionProtection: async (place) => place.asker.set(await made(place), 'cmk-deletion-protection', true),
  ownMaterial: ({ asker, values }) => asker.create({ ...values, 'cmk-origin': 'EXTERNAL' }),
}

/** A service makes its own key; the others are made by a user. */
async function made({ lab, values }: Place): Promise<string> {
  return lab.as(values['cmk-class'] === 'service' ? 'rds' : 'alice').create(values)
}

function pairOf(client: LabClient, values: CmkValues): Promise<{ privateKey: string; publicKey: string }> {
  return client.createPair({ ...values, 'cmk-key-spec': 'EC_P256' })
}

async function valuesOf(type: string): Promise<CmkValues> {
  switch (type) {
    case 'hardware': return { 'cmk-protection-level': 'HSM' }
    case 'external': return { 'cmk-protection-level': 'EXTERNAL', 'cmk-external-key': await keyThere() }
    case 'software': return { 'cmk-class': 'customer' }
    default: return { 'cmk-class': type }
  }
}

function keysOf(): Keys {
  const breaker = new Breaker({ nowMs: () => performance.now(), onChange() {} })
  const ekm = externalProvider({ name: 'ekm', manager: remote, breaker, software: softwareProvider() })
  const providers: Provider[] = open === undefined ? [ekm] : [ekm, open.provider]
  return new Keys(softwareProvider(), new Map(providers.map((provider) => [provider.name, provider])), storedKeyOf)
}

async function keyThere(): Promise<string> {
  const { uniqueIdentifier } = await there.request(shapes.create, {
    objectType: ObjectType.SymmetricKey,
    attributes: {
      cryptographicAlgorithm: CryptographicAlgorithm.AES, cryptographicLength: 256, cryptographicUsageMask: 12,
    },
  })
  await there.request(activate, { uniqueIdentifier })
  return uniqueIdentifier
}
