import { expect, test } from 'vitest'
import { Lab, outcome } from '../support/cmk.ts'
import type { CmkValue, LabClient, Sealed } from '../support/cmk.ts'
import { Account } from './model.ts'
import type { Key } from './model.ts'

/** More steps, or another beginning: KEYWARD_MODEL_STEPS=1000000 KEYWARD_MODEL_SEED=7 npm test -- test/cmk/random.test.ts */
const steps = Number(process.env['KEYWARD_MODEL_STEPS'] ?? 100_000)
const seed = Number(process.env['KEYWARD_MODEL_SEED'] ?? 1)

test(`random lives of CMKs, ${steps} steps from seed ${seed}`, async () => {
  const walk = new Walk(seed)
  for (let step = 0; step < steps; step += 1) await walk.step(step)
  // A walk that never gets anywhere would prove nothing.
  expect(walk.seen.size).toBeGreaterThan(60)
}, 600_000)

test('a model that is wrong in one cell is found out', async () => {
  const walk = new Walk(1)
  walk.account.disable = () => 'Success'
  const until = async (): Promise<void> => {
    for (let step = 0; step < 2_000; step += 1) await walk.step(step)
  }
  await expect(until()).rejects.toThrow()
})

class Walk {
  readonly lab = new Lab()
  readonly account = new Account(this.lab.now)
  readonly client: LabClient = this.lab.as('alice')
  /** Action and answer pairs that have come up. */
  readonly seen = new Set<string>()
  readonly #random: () => number
  readonly #sealed: { key: Key; sealed: Sealed; version: string }[] = []

  constructor(from: number) {
    this.#random = generator(from)
  }

  async step(step: number): Promise<void> {
    const living = this.account.keys.filter((key) => this.account.stateOf(key) !== 'Deleted')
    if (living.length < 3 || (living.length < 12 && this.#chance(0.02))) return this.#create()
    const dice = this.#random()
    if (dice < 0.03) return this.#pass()
    if (dice < 0.05) return this.#schedulerRuns()
    // Now and then a key that is deleted.
    const key = this.#pick(this.#chance(0.03) ? this.account.keys.slice(-30) : living)
    const [name, action] = this.#pick(actions)
    const { expected, actual } = await action(this, key)
    this.seen.add(`${name} ${expected}`)
    expect(actual, `step ${step}: ${name} of ${key.id}, ${this.account.stateOf(key)}`).toBe(expected)
    if (this.#chance(0.2)) await this.#compare(key, step)
  }

  async encrypt(key: Key): Promise<Attempt> {
    const expected = this.account.encrypt(key)
    let version: string | undefined
    const actual = await outcome(this.client.encrypt(this.#address(key), data).then((sealed) => {
      version = sealed.uniqueIdentifier
      this.#sealed.push({ key, sealed, version })
      if (this.#sealed.length > 200) this.#sealed.splice(this.#integer(200), 1)
    }))
    if (actual === 'Success') expect(version).toBe(key.versions.at(-1))
    return { expected, actual }
  }

  async decrypt(): Promise<Attempt> {
    if (this.#sealed.length === 0) return { expected: 'Success', actual: 'Success' }
    const { key, sealed, version } = this.#pick(this.#sealed)
    const expected = this.account.decrypt(key)
    const address = this.#chance(0.5) ? version : `key/${key.id}`
    const actual = await outcome(this.client.decrypt(address, sealed).then((answer) => {
      expect(answer).toMatchObject({ uniqueIdentifier: version, data })
    }))
    return { expected, actual }
  }

  async encryptOld(key: Key): Promise<Attempt> {
    if (key.versions.length < 2) return { expected: 'Success', actual: 'Success' }
    const usable = this.account.encrypt(key)
    const actual = await outcome(this.client.encrypt(key.versions[0]!, data))
    return { expected: usable === 'Success' ? 'WrongKeyLifecycleState' : usable, actual }
  }

  async rotate(key: Key): Promise<Attempt> {
    const expected = this.account.mayRotate(key)
    const actual = await outcome(this.client.set(key.id, 'cmk-rotate', true))
    if (actual === 'Success') this.account.rotated(key, (await this.client.encrypt(`key/${key.id}`, data)).uniqueIdentifier)
    return { expected, actual }
  }

  async set(key: Key, name: string, value: CmkValue, expected: string): Promise<Attempt> {
    return { expected, actual: await outcome(this.client.set(key.id, name, value)) }
  }

  async delete(key: Key, name: string, value: CmkValue | undefined, expected: string): Promise<Attempt> {
    return { expected, actual: await outcome(this.client.delete(key.id, name, value)) }
  }

  async add(key: Key, name: string, value: CmkValue, expected: string): Promise<Attempt> {
    return { expected, actual: await outcome(this.client.add(key.id, name, value)) }
  }

  alias(): string {
    return `alias/${this.#integer(8)}`
  }

  days(): number {
    return this.#pick([5, 6, 7, 8, 14, 30, 200, 365, 366, 367])
  }

  tagName(): string {
    return `t${this.#integer(4)}`
  }

  flip(): boolean {
    return this.#chance(0.5)
  }

  async #create(): Promise<void> {
    const isExternal = this.#chance(0.15)
    const id = await this.client.create(isExternal ? { 'cmk-origin': 'EXTERNAL' } : { 'cmk-key-spec': 'Aliyun_AES_256' })
    this.account.add(id, isExternal)
  }

  #pass(): void {
    const seconds = this.#pick([1, 3_600, 86_399, 86_400, 86_401, 5 * 86_400, 20 * 86_400])
    this.lab.nowMs += seconds * 1000
    this.account.now += seconds
  }

  async #schedulerRuns(): Promise<void> {
    await this.lab.scheduler.run()
    for (const key of this.account.keys.filter((each) => this.account.isRotationDue(each))) {
      this.account.rotated(key, (await this.client.encrypt(`key/${key.id}`, data)).uniqueIdentifier)
    }
  }

  async #compare(key: Key, step: number): Promise<void> {
    const described = await this.client.describe(key.id)
    const own = Object.fromEntries(Object.entries(described).filter(([name]) => name.startsWith('cmk-tag-')))
    const state = this.account.stateOf(key)
    expect({ ...described, tags: own }, `step ${step}`).toMatchObject({
      'cmk-id': key.id,
      'cmk-state': state,
      'cmk-enabled': state === 'Enabled',
      'cmk-deletion-protection': key.isProtected,
      'cmk-rotation-state': rotationState(key, state),
      'cmk-rotation-last-date': key.lastRotation,
      'tags': Object.fromEntries([...key.tags].map(([name, value]) => [`cmk-tag-${name}`, value])),
    })
    expect(Object.keys(own)).toHaveLength(key.tags.size)
    expect(described['cmk-description']).toBe(key.description)
    expect(described['cmk-delete-date']).toBe(key.deleteAt)
    const primary = await this.client.describe(`key/${key.id}`)
    expect([primary['cmk-primary'], primary['cmk-version']]).toEqual([true, key.versions.length])
    for (const name of this.account.aliasesOf(key)) {
      const target = await outcome(this.client.describe(name))
      expect(target, `step ${step}: ${name}`).toBe(state === 'Deleted' ? 'ObjectNotFound' : 'Success')
    }
  }

  #address(key: Key): string {
    const aliases = this.account.stateOf(key) === 'Deleted' ? [] : this.account.aliasesOf(key)
    return this.#pick([`key/${key.id}`, `acs:kms:local:alpha:key/${key.id}`, key.versions.at(-1)!, ...aliases])
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.#integer(items.length)]!
  }

  #integer(below: number): number {
    return Math.floor(this.#random() * below)
  }

  #chance(probability: number): boolean {
    return this.#random() < probability
  }
}

function rotationState({ automatic }: Key, state: string): string {
  if (!automatic || state === 'Deleted') return 'Disabled'
  return state === 'Enabled' ? 'Enabled' : 'Suspended'
}

interface Attempt {
  readonly expected: string
  readonly actual: string
}

const data = Buffer.from('some data')

const actions: readonly (readonly [string, (walk: Walk, key: Key) => Promise<Attempt>])[] = [
  ['encrypt', (walk, key) => walk.encrypt(key)],
  ['encrypt', (walk, key) => walk.encrypt(key)],
  ['decrypt', (walk) => walk.decrypt()],
  ['decrypt', (walk) => walk.decrypt()],
  ['encrypt with the first version', (walk, key) => walk.encryptOld(key)],
  ['rotate', (walk, key) => walk.rotate(key)],
  ['enable', (walk, key) => walk.set(key, 'cmk-enabled', true, walk.account.enable(key))],
  ['enable', (walk, key) => walk.set(key, 'cmk-enabled', true, walk.account.enable(key))],
  ['disable', (walk, key) => walk.set(key, 'cmk-enabled', false, walk.account.disable(key))],
  ['archive', (walk, key) => walk.set(key, 'cmk-archived', true, walk.account.archive(key))],
  ['cancel archive', (walk, key) => walk.set(key, 'cmk-archived', false, walk.account.unarchive(key))],
  ['schedule deletion', (walk, key) => {
    const days = walk.days()
    return walk.set(key, 'cmk-deletion-window', days, walk.account.schedule(key, days))
  }],
  ['cancel deletion', (walk, key) => walk.delete(key, 'cmk-deletion-window', undefined, walk.account.cancel(key))],
  ['protect', (walk, key) => {
    const isProtected = walk.flip()
    return walk.set(key, 'cmk-deletion-protection', isProtected, walk.account.protect(key, isProtected))
  }],
  ['rotation interval', (walk, key) => {
    const days = walk.days()
    return walk.set(key, 'cmk-rotation-interval', `${days}d`, walk.account.setInterval(key, days))
  }],
  ['automatic rotation', (walk, key) => {
    const automatic = walk.flip()
    return walk.set(key, 'cmk-rotation-automatic', automatic, walk.account.setAutomatic(key, automatic))
  }],
  ['create alias', (walk, key) => {
    const name = walk.alias()
    return walk.add(key, 'cmk-alias', name, walk.account.createAlias(key, name))
  }],
  ['move alias', (walk, key) => {
    const name = walk.alias()
    return walk.set(key, 'cmk-alias-move', name, walk.account.moveAlias(key, name))
  }],
  ['delete alias', (walk, key) => {
    const name = walk.alias()
    return walk.delete(key, 'cmk-alias', name, walk.account.deleteAlias(key, name))
  }],
  ['describe', (walk, key) => {
    const text = walk.alias()
    return walk.set(key, 'cmk-description', text, walk.account.describeAs(key, text))
  }],
  ['tag', (walk, key) => {
    const name = walk.tagName()
    return walk.set(key, `cmk-tag-${name}`, 'x', walk.account.tag(key, name, 'x'))
  }],
  ['untag', (walk, key) => {
    const name = walk.tagName()
    return walk.delete(key, `cmk-tag-${name}`, undefined, walk.account.untag(key, name))
  }],
]

/** mulberry32: the same walk for the same seed, on every machine. */
function generator(from: number): () => number {
  let state = from
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
