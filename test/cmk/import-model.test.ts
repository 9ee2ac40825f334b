import { randomBytes, randomInt } from 'node:crypto'
import { expect, test } from 'vitest'
import { Lab, outcome } from '../support/cmk.ts'
import { importParameters, register, wrapped } from '../support/import.ts'
import type { Parameters } from '../support/import.ts'

/**
 * Random lives of a CMK with imported material, against a model of the facts' section 6 that knows nothing of the code:
 * what it may be told, and what must come of it.
 */
interface Model {
  state: 'PendingImport' | 'Enabled' | 'Disabled' | 'PendingDeletion' | 'Deleted'
  /** What state a cancelled deletion leads to. */
  hasMaterial: boolean
  /** Index of the first material. */
  bound: number | undefined
  /** Seconds; of the material. */
  expires: number | undefined
  /** Seconds; of the deletion. */
  deletes: number | undefined
  /** The newest parameters, and when they end. */
  newest: Parameters | undefined
  until: number
}

const materials = [randomBytes(32), randomBytes(32)]
const hour = 3_600
const day = 24 * hour

test('random lives of imported material', async () => {
  const seen = new Map<string, number>()
  for (let life = 0; life < 25; life += 1) {
    const lab = new Lab()
    const alice = lab.as('alice')
    const id = await alice.create({ 'cmk-origin': 'EXTERNAL' })
    const model: Model = {
      state: 'PendingImport', hasMaterial: false, bound: undefined, expires: undefined, deletes: undefined,
      newest: undefined, until: 0,
    }
    const old: Parameters[] = []
    const told: string[] = []
    for (let step = 0; step < 40 && model.state !== 'Deleted'; step += 1) {
      const what = actions[randomInt(actions.length)]!
      told.push(what)
      const { expected, actual } = await act(what, { lab, alice, id, model, old })
      expect(actual, told.join(', ')).toBe(expected)
      seen.set(`${what}: ${actual}`, (seen.get(`${what}: ${actual}`) ?? 0) + 1)
      expect((await alice.describe(id))['cmk-state'], told.join(', ')).toBe(model.state)
    }
  }
  // A life that only ever saw refusals would show nothing.
  for (const each of ['import: Success', 'import: CryptographicFailure', 'encrypt: Success', 'encrypt: refused']) {
    expect(seen.get(each) ?? 0, each).toBeGreaterThan(0)
  }
}, 120_000)

interface Place {
  readonly lab: Lab
  readonly alice: ReturnType<Lab['as']>
  readonly id: string
  readonly model: Model
  readonly old: Parameters[]
}

const actions = [
  'parameters', 'import', 'import', 'import', 'importOther', 'importExpiring', 'importOld', 'deleteMaterial', 'hours',
  'days', 'scheduler', 'disable', 'enable', 'encrypt', 'schedule', 'cancel',
] as const

async function act(what: (typeof actions)[number], place: Place): Promise<{ expected: string; actual: string }> {
  const { lab, alice, id, model, old } = place
  const bring = async (parameters: Parameters | undefined, material: number, seconds?: number) => {
    if (parameters === undefined) return { expected: 'none', actual: 'none' }
    const values = seconds === undefined ? {} : { 'cmk-material-expire-date': iso(lab.now + seconds) }
    const bytes = wrapped(parameters, materials[material]!)
    const expected = importOutcome(model, parameters, material, lab.now)
    if (expected === 'Success') {
      Object.assign(model, { bound: material, expires: seconds === undefined ? undefined : lab.now + seconds })
      if (model.state === 'PendingImport') model.state = 'Enabled'
      model.hasMaterial = true
    }
    return { expected, actual: await outcome(register(alice.client, parameters, bytes, { values })) }
  }
  switch (what) {
    case 'parameters':
      if (model.newest !== undefined) old.push(model.newest)
      model.newest = await importParameters(alice, id, 'EC_SM2/SM2PKE')
      model.until = lab.now + day
      return { expected: 'asked', actual: 'asked' }
    case 'import': return bring(model.newest, 0)
    case 'importOther': return bring(model.newest, 1)
    case 'importExpiring': return bring(model.newest, 0, hour)
    case 'importOld': return bring(old.at(-1), 0)
    case 'deleteMaterial':
      if (model.state !== 'PendingDeletion') model.state = 'PendingImport'
      Object.assign(model, { hasMaterial: false, expires: undefined })
      return { expected: 'Success', actual: await outcome(alice.set(id, 'cmk-material-present', false)) }
    case 'hours': return pass(place, hour / 2)
    case 'days': return pass(place, randomInt(1, 9) * day)
    case 'scheduler':
      await lab.scheduler.run()
      return { expected: 'run', actual: 'run' }
    case 'disable': return turn(place, false)
    case 'enable': return turn(place, true)
    case 'encrypt': {
      const actual = await outcome(alice.encrypt(id, Buffer.from('x')))
      return { expected: model.state === 'Enabled' ? 'Success' : 'refused', actual: shortened(actual) }
    }
    case 'schedule': {
      const expected = model.state === 'PendingDeletion' ? 'refused' : 'Success'
      if (expected === 'Success') Object.assign(model, { state: 'PendingDeletion', deletes: lab.now + 30 * day })
      return { expected, actual: shortened(await outcome(alice.set(id, 'cmk-deletion-window', 30))) }
    }
    case 'cancel': {
      const expected = model.state === 'PendingDeletion' ? 'Success' : 'refused'
      if (expected === 'Success') {
        Object.assign(model, { state: model.hasMaterial ? 'Enabled' : 'PendingImport', deletes: undefined })
      }
      return { expected, actual: shortened(await outcome(alice.delete(id, 'cmk-deletion-window'))) }
    }
  }
}

/** Token before state, and state before material. */
function importOutcome({ state, bound, newest, until }: Model, parameters: Parameters, material: number, now: number) {
  if (parameters !== newest || now >= until) return 'CryptographicFailure'
  if (state === 'PendingDeletion') return 'WrongKeyLifecycleState'
  return bound === undefined || bound === material ? 'Success' : 'CryptographicFailure'
}

function pass({ lab, model }: Place, seconds: number): { expected: string; actual: string } {
  lab.nowMs += seconds * 1_000
  if (model.expires !== undefined && model.expires <= lab.now) {
    Object.assign(model, { hasMaterial: false, expires: undefined })
    if (model.state !== 'PendingDeletion') model.state = 'PendingImport'
  }
  if (model.deletes !== undefined && model.deletes <= lab.now) model.state = 'Deleted'
  return { expected: 'passed', actual: 'passed' }
}

async function turn({ alice, id, model }: Place, isEnabled: boolean): Promise<{ expected: string; actual: string }> {
  const expected = model.state === 'Enabled' || model.state === 'Disabled' ? 'Success' : 'refused'
  if (expected === 'Success') model.state = isEnabled ? 'Enabled' : 'Disabled'
  return { expected, actual: shortened(await outcome(alice.set(id, 'cmk-enabled', isEnabled))) }
}

function shortened(reason: string): string {
  return reason === 'WrongKeyLifecycleState' ? 'refused' : reason
}

function iso(seconds: number): string {
  return new Date(seconds * 1_000).toISOString().replace('.000Z', 'Z')
}
