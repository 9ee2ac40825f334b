import { describe, expect, test } from 'vitest'
import { RevocationReasonCode, State } from '../../src/kmip/generated/enums.ts'
import { recordIdOf } from '../../src/operation/object-record.ts'
import { Lab, outcome } from '../support/cmk.ts'

describe('the window', () => {
  test('ends in the deletion of all versions at its second, with and without the scheduler', async () => {
    for (const isScheduled of [false, true]) {
      const lab = new Lab()
      const alice = lab.as('alice')
      const first = await alice.create({ 'cmk-alias': 'alias/app', 'cmk-description': 'for the ledger' })
      const sealed = await alice.encrypt(first, data)
      await alice.set(first, 'cmk-rotate', true)
      const { uniqueIdentifier: second } = await alice.encrypt('alias/app', data)
      await alice.set(first, 'cmk-deletion-window', 7)
      const date = lab.now + 7 * 86_400
      expect(await alice.describe(first)).toMatchObject({
        'cmk-state': 'PendingDeletion', 'cmk-delete-date': date, 'cmk-deletion-window': 7,
      })
      lab.nowMs = (date - 1) * 1000
      expect(await lab.scheduler.run()).toBe(0)
      expect(await alice.describe(first)).toMatchObject({ 'cmk-state': 'PendingDeletion', 'cmk-deletion-window': 1 })
      lab.nowMs = date * 1000
      if (isScheduled) expect(await lab.scheduler.run()).toBe(1)
      for (const id of [first, second]) {
        expect(await outcome(alice.decrypt(id, sealed))).toBe('ObjectDestroyed')
        expect(await outcome(alice.get(id))).toBe('ObjectDestroyed')
        expect(await outcome(alice.delete(id, 'cmk-deletion-window'))).toBe('ObjectDestroyed')
        expect(await alice.attributes(id)).toMatchObject({ state: State.Destroyed, destroyDate: date, deactivationDate: date })
        expect(await alice.describe(id)).toMatchObject({ 'cmk-state': 'Deleted', 'cmk-description': 'for the ledger' })
      }
      expect(await outcome(alice.encrypt('alias/app', data))).toBe('ObjectNotFound')
      expect(await outcome(alice.create({ 'cmk-alias': 'alias/app' }))).toBe('Success')
      expect(await lab.scheduler.run()).toBe(isScheduled ? 0 : 1)
      expect((await alice.encrypt('alias/app', data)).uniqueIdentifier).not.toBe(second)
      lab.passDays(1_000)
      expect(await lab.scheduler.run()).toBe(0)
      expect((await alice.attributes(first)).destroyDate).toBe(date)
    }
  })

  test('nothing of the material is in the store after it', async () => {
    const lab = new Lab()
    const alice = lab.as('alice')
    const id = await alice.create({ 'cmk-alias': 'alias/app' })
    const size = async () => (await lab.services.store.read(recordIdOf('alpha', id)))!.data.length
    const before = await size()
    await alice.set(id, 'cmk-deletion-window', 7)
    lab.passDays(7)
    await lab.scheduler.run()
    expect(await size()).toBeLessThan(before)
    const { decodeRecord } = await import('../../src/model/record.ts')
    const record = (await lab.services.store.read(recordIdOf('alpha', id)))!
    expect(decodeRecord(id, record.revision, Buffer.from(record.data)).value).toBeUndefined()
  })

  test('is cancelled: the CMK is Enabled again, also when it was Disabled', async () => {
    const lab = new Lab()
    const alice = lab.as('alice')
    const id = await alice.create({ 'cmk-enabled': false })
    expect((await alice.describe(id))['cmk-state']).toBe('Disabled')
    await alice.set(id, 'cmk-deletion-window', 30)
    lab.passDays(29)
    await alice.delete(id, 'cmk-deletion-window')
    expect(await alice.describe(id)).toMatchObject({ 'cmk-state': 'Enabled', 'cmk-enabled': true })
    expect((await alice.describe(id))['cmk-delete-date']).toBeUndefined()
    lab.passDays(100)
    expect(await outcome(alice.encrypt(id, data))).toBe('Success')
  })

  test('of a CMK that waits for its material leads back to that', async () => {
    const alice = new Lab().as('alice')
    const id = await alice.create({ 'cmk-origin': 'EXTERNAL' })
    await alice.set(id, 'cmk-deletion-window', 7)
    await alice.delete(id, 'cmk-deletion-window')
    expect((await alice.describe(id))['cmk-state']).toBe('PendingImport')
  })

  test('does not open for a protected CMK, whatever the client sends', async () => {
    const lab = new Lab({ destroyAtOnce: ['alpha'] })
    const alice = lab.as('alice')
    const id = await alice.create({ 'cmk-deletion-protection': true, 'cmk-deletion-protection-description': 'the ledger' })
    for (const attempt of [() => alice.set(id, 'cmk-deletion-window', 7), () => alice.destroy(id)]) {
      expect(await outcome(attempt())).toBe('PermissionDenied')
    }
    expect((await alice.describe(id))['cmk-deletion-protection-description']).toBe('the ledger')
    await alice.set(id, 'cmk-deletion-protection', false)
    expect((await alice.describe(id))['cmk-deletion-protection-description']).toBeUndefined()
    expect(await outcome(alice.set(id, 'cmk-deletion-protection-description', 'why'))).toBe('InvalidField')
    expect(await outcome(alice.set(id, 'cmk-deletion-window', 7))).toBe('Success')
  })
})

describe('plain KMIP', () => {
  test('Revoke and Destroy of a version lead into the window, and back out of it', async () => {
    const lab = new Lab({ destroyWindowDays: 10 })
    const alice = lab.as('alice', 102)
    const id = await alice.create({ 'cmk-alias': 'alias/app' })
    const sealed = await alice.encrypt(id, data, cbc)
    await alice.revoke(id, RevocationReasonCode.CessationOfOperation)
    expect((await alice.describe(id))['cmk-state']).toBe('Disabled')
    await alice.destroy(id)
    expect(await alice.describe(id)).toMatchObject({ 'cmk-state': 'PendingDeletion', 'cmk-delete-date': lab.now + 864_000 })
    expect(await outcome(alice.destroy(id))).toBe('PermissionDenied')
    await alice.delete(id, 'cmk-deletion-window')
    expect((await alice.decrypt(id, sealed, cbc)).data).toEqual(data)
    await alice.destroy(id)
    lab.passDays(10)
    expect((await alice.attributes(id)).state).toBe(State.Destroyed)
  })

  test('Destroy is at once where the account is set so', async () => {
    const lab = new Lab({ destroyAtOnce: ['beta'] })
    const [alice, carol] = [lab.as('alice'), lab.as('carol', 201, 'beta')]
    const patient = await alice.create({ 'cmk-alias': 'alias/app' })
    const hasty = await carol.create({ 'cmk-alias': 'alias/app' })
    await alice.destroy(patient)
    await carol.destroy(hasty)
    expect((await alice.describe(patient))['cmk-state']).toBe('PendingDeletion')
    expect((await carol.describe(hasty))['cmk-state']).toBe('Deleted')
    expect(await outcome(carol.create({ 'cmk-alias': 'alias/app' }))).toBe('Success')
  })

  test('a compromise is final for the version, and the CMK goes on with a new one', async () => {
    const alice = new Lab().as('alice')
    const id = await alice.create({ 'cmk-alias': 'alias/app' })
    const sealed = await alice.encrypt(id, data)
    await alice.revoke(id, RevocationReasonCode.KeyCompromise)
    expect((await alice.attributes(id)).state).toBe(State.Compromised)
    expect(await outcome(alice.encrypt('alias/app', data))).toBe('WrongKeyLifecycleState')
    await alice.set('alias/app', 'cmk-rotate', true)
    expect((await alice.attributes('alias/app')).state).toBe(State.Active)
    expect(await outcome(alice.encrypt('alias/app', data))).toBe('Success')
    expect(await outcome(alice.decrypt('alias/app', sealed))).toBe('CryptographicFailure')
  })

  test('the dates, the mask and the parameters of a version are not a client\'s to change', async () => {
    const alice = new Lab().as('alice')
    const id = await alice.create({ 'cmk-alias': 'alias/app' })
    const changes = [
      { name: 'deactivationDate', value: 1 }, { name: 'protectStopDate', value: 1 }, { name: 'processStartDate', value: 1 },
      { name: 'activationDate', value: 1 }, { name: 'cryptographicUsageMask', value: 1 }, { name: 'sensitive', value: false },
      { name: 'extractable', value: true }, { name: 'rotateGeneration', value: 7 },
    ] as const
    for (const change of changes) expect(await outcome(alice.setOwn(id, change)), change.name).toMatch(/ReadOnly/)
    for (const name of ['cmk-state', 'cmk-delete-date', 'cmk-key-spec', 'cmk-usage', 'cmk-origin', 'cmk-class']) {
      const value = name === 'cmk-delete-date' ? '2026-01-01T00:00:00Z' : 'x'
      expect(await outcome(alice.set(id, name, value))).toBe('ReadOnlyAttribute')
      expect(await outcome(alice.delete(id, name))).toBe('AttributeReadOnly')
    }
    expect(await outcome(alice.set(id, 'cmk-colour', 'red'))).toBe('InvalidAttribute')
  })

  test('plain keys know nothing of CMKs', async () => {
    const alice = new Lab().as('alice')
    const id = await alice.createPlain()
    expect(await alice.describe(id)).toEqual({})
    expect(await outcome(alice.set(id, 'cmk-enabled', false))).toBe('InvalidAttribute')
    expect(await outcome(alice.encrypt(`key/${id}`, data))).toBe('ObjectNotFound')
    expect(await outcome(alice.get(id))).toBe('Success')
  })
})

describe('listing', () => {
  test('CMKs by state, spec, class, tag and alias, page by page', async () => {
    const lab = new Lab()
    const alice = lab.as('alice')
    const ids: string[] = []
    for (let count = 0; count < 12; count += 1) {
      ids.push(await alice.create({ 'cmk-tag-parity': count % 2 === 0 ? 'even' : 'odd', 'cmk-alias': `alias/${count}` }))
    }
    await alice.create({ 'cmk-key-spec': 'Aliyun_SM4' })
    await alice.createPair({ 'cmk-key-spec': 'EC_P256' })
    await alice.createPlain()
    await alice.set(ids[0]!, 'cmk-enabled', false)
    await alice.set(ids[1]!, 'cmk-deletion-window', 7)
    await alice.set(ids[2]!, 'cmk-rotate', true)
    expect(await alice.locate({ 'cmk-primary': true })).toHaveLength(14)
    expect(await alice.locate({ 'cmk-primary': true, 'cmk-state': 'Disabled' })).toEqual([ids[0]])
    expect(await alice.locate({ 'cmk-state': 'PendingDeletion' })).toEqual([ids[1]])
    expect(await alice.locate({ 'cmk-primary': true, 'cmk-tag-parity': 'odd' })).toHaveLength(6)
    expect(await alice.locate({ 'cmk-primary': true, 'cmk-key-spec': 'Aliyun_SM4' })).toHaveLength(1)
    expect(await alice.locate({ 'cmk-id': ids[2]! })).toHaveLength(2)
    expect(await alice.locate({ 'cmk-alias': 'alias/5' })).toEqual([ids[5]])
    const pages = [0, 5, 10].map((offsetItems) => alice.locate({ 'cmk-primary': true }, { offsetItems, maximumItems: 5 }))
    const found = (await Promise.all(pages)).flat()
    expect(found).toHaveLength(14)
    expect(new Set(found).size).toBe(14)
    expect(await lab.as('carol', 201, 'beta').locate({ 'cmk-primary': true })).toEqual([])
    lab.passDays(7)
    expect(await alice.locate({ 'cmk-state': 'PendingDeletion' })).toEqual([])
  })
})

const data = Buffer.from('some data to protect')
/** In 1.2 there are no fields for additional data and tag: CBC it is. */
const cbc = { cryptographicParameters: { blockCipherMode: 1, paddingMethod: 3 } }
