import { describe, expect, test } from 'vitest'
import fixture from '../../fixtures/cmk/matrix.json' with { type: 'json' }
import { CmkCipher } from '../../src/client/cmk-cipher.ts'
import { cellOf, cmkOperations, matrixStates } from '../../src/cmk/state.ts'
import type { CmkOperation } from '../../src/cmk/state.ts'
import type { CmkState } from '../../src/model/cmk.ts'
import { Lab, outcome } from '../support/cmk.ts'
import type { LabClient, Sealed } from '../support/cmk.ts'
import { importParameters, register, wrapped } from '../support/import.ts'
import type { Parameters } from '../support/import.ts'

const cells = fixture.rows.flatMap(({ operation, cells: row }) => row.split(' ').map((cell, index) => (
  { operation: operation as CmkOperation, state: fixture.states[index] as CmkState, cell })))

test('the fixture has every operation and every state', () => {
  expect(fixture.rows.map(({ operation }) => operation).toSorted()).toEqual(cmkOperations.toSorted())
  expect(fixture.states).toEqual(matrixStates)
})

test.each(cells)('$operation in state $state: $cell', ({ operation, state, cell }) => {
  expect(cellOf(operation, state) === 'S' ? 'S' : 'R').toBe(cell)
})

describe('through KMIP, in 1.4 and 2.1', () => {
  const rows = cells.flatMap((row) => [104, 201].map((version) => ({ ...row, version })))
  test.each(rows)('$operation in state $state, version $version: $cell', async ({ operation, state, cell, version }) => {
    const lab = new Lab()
    const key = importing.has(operation) ? await brought(lab, state) : await inState(lab, state, signing.has(operation))
    const client = lab.as('alice', version)
    // Before 2.1 there is no such reason; Permission Denied stands for it.
    const refusal = version === 201 ? 'WrongKeyLifecycleState' : 'PermissionDenied'
    expect(await outcome(attempts[operation](client, key))).toBe(cell === 'S' ? 'Success' : refusal)
  })
})

interface Key {
  readonly id: string
  readonly publicKey: string
  readonly sealed: Sealed
  readonly signature: Buffer
  /** Of a CMK whose material is brought. */
  readonly parameters?: Parameters
}

/** A CMK whose material is brought, with parameters that are valid, in a state. */
async function brought(lab: Lab, state: CmkState): Promise<Key> {
  const alice = lab.as('alice')
  const id = await alice.create({ 'cmk-origin': 'EXTERNAL' })
  const parameters = await importParameters(alice, id, 'EC_SM2/SM2PKE')
  if (state !== 'PendingImport') await register(alice.client, parameters, wrapped(parameters, material))
  await lead(alice, id, state)
  return { id, publicKey: '', sealed: dummy, signature: Buffer.alloc(0), parameters }
}

async function inState(lab: Lab, state: CmkState, isPair: boolean): Promise<Key> {
  const alice = lab.as('alice')
  const other = await alice.create({ 'cmk-alias': 'alias/other' })
  expect(other).not.toBe('')
  const values = {
    'cmk-alias': 'alias/own', 'cmk-tag-team': 'db',
    ...(state === 'PendingImport' && { 'cmk-origin': 'EXTERNAL' }),
  }
  const pair = isPair ? await alice.createPair({ ...values, 'cmk-key-spec': 'EC_P256' }) : undefined
  const id = pair?.privateKey ?? await alice.create(values)
  const isUsable = state !== 'PendingImport'
  const sealed = isPair || !isUsable ? dummy : await alice.encrypt(id, message)
  const signature = isPair && isUsable ? (await alice.sign(id, message)).signatureData! : Buffer.alloc(70)
  lab.passDays(8)
  await lead(alice, id, state)
  return { id, publicKey: pair?.publicKey ?? '', sealed, signature }
}

async function lead(client: LabClient, id: string, state: CmkState): Promise<void> {
  if (state === 'Disabled') await client.set(id, 'cmk-enabled', false)
  if (state === 'PendingDeletion') await client.set(id, 'cmk-deletion-window', 7)
  if (state === 'Archived') await client.set(id, 'cmk-archived', true)
  expect((await client.describe(id))['cmk-state']).toBe(state)
}

const message = Buffer.from('a message')
const dummy: Sealed = { data: message, ivCounterNonce: Buffer.alloc(12), authenticatedEncryptionTag: Buffer.alloc(16) }
const material = Buffer.alloc(32, 7)
const importing: ReadonlySet<string> = new Set(['getParametersForImport', 'importKeyMaterial', 'deleteKeyMaterial'])
const signing: ReadonlySet<string> = new Set(['sign', 'verify', 'getPublicKey'])

const attempts: Readonly<Record<CmkOperation, (client: LabClient, key: Key) => Promise<unknown>>> = {
  encrypt: (client, { id }) => client.encrypt(id, message),
  decrypt: (client, { id, sealed }) => client.decrypt(id, sealed),
  generateDataKey: (client, { id }) => new CmkCipher(client.client).generateDataKey(id, 32),
  getParametersForImport: (client, { id }) => client.set(id, 'cmk-import-parameters', 'EC_SM2/SM2PKE'),
  importKeyMaterial: (client, { parameters }) => register(client.client, parameters!, wrapped(parameters!, material)),
  deleteKeyMaterial: (client, { id }) => client.set(id, 'cmk-material-present', false),
  sign: (client, { id }) => client.sign(id, message),
  verify: (client, { publicKey, signature }) => client.verify(publicKey, message, signature),
  getPublicKey: async (client, { id, publicKey }) => {
    // Without material it is that which is missed, in every version; Get of 1.x says so in another way (KMIP 1.4 11.12).
    const reason = await outcome(client.get(publicKey))
    const isMissing = reason === 'KeyValueNotPresent' || reason === 'IllegalOperation'
    return isMissing ? client.sign(id, message) : client.get(publicKey)
  },
  createKeyVersion: (client, { id }) => client.set(id, 'cmk-rotate', true),
  updateRotationPolicy: (client, { id }) => client.set(id, 'cmk-rotation-interval', '30d'),
  describe: (client, { id }) => client.describe(id),
  listAliases: (client, { id }) => client.describe(id),
  deleteAlias: (client, { id }) => client.delete(id, 'cmk-alias'),
  createAlias: (client, { id }) => client.add(id, 'cmk-alias', 'alias/new'),
  updateAlias: (client, { id }) => client.set(id, 'cmk-alias-move', 'alias/other'),
  updateDescription: (client, { id }) => client.set(id, 'cmk-description', 'for the ledger'),
  tag: (client, { id }) => client.set(id, 'cmk-tag-team', 'storage'),
  enable: (client, { id }) => client.set(id, 'cmk-enabled', true),
  disable: (client, { id }) => client.set(id, 'cmk-enabled', false),
  scheduleDeletion: (client, { id }) => client.set(id, 'cmk-deletion-window', 7),
  cancelDeletion: (client, { id }) => client.delete(id, 'cmk-deletion-window'),
  setDeletionProtection: (client, { id }) => client.set(id, 'cmk-deletion-protection', true),
  archive: (client, { id }) => client.set(id, 'cmk-archived', true),
  cancelArchive: (client, { id }) => client.set(id, 'cmk-archived', false),
}
