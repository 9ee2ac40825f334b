import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { RevisionConflict } from '../../src/store/store.ts'
import type { Store } from '../../src/store/store.ts'
import { put, textOf } from './record.ts'

/** One store's place: what is opened from it again finds what was there, if it is durable. */
export interface StorePlace {
  readonly durable: boolean
  open(): Promise<Store>
  /** Called after all stores of the place are closed. */
  remove(): Promise<void>
}

/** What every store must do. `makePlace` makes an empty place. */
export function storeSuite(name: string, makePlace: () => Promise<StorePlace>): void {
  describe(`store contract: ${name}`, () => {
    let place: StorePlace
    let store: Store
    beforeEach(async () => {
      place = await makePlace()
      store = await place.open()
    })
    afterEach(async () => {
      await store.close()
      await place.remove()
    })

    recordCases(() => store)
    scanCases(() => store)
    leaseCases(() => store)

    test('what was applied is there after a reopen', async context => {
      if (!place.durable) context.skip('this store forgets')
      await store.apply([put('a', 0, 'one', ['k']), put('b', 0, 'two', ['k'])])
      await store.apply([put('a', 1, 'three', ['j'])])
      const fence = await store.lease('l', 'me', 1)
      await store.close()
      store = await place.open()
      expect(await textOf(store, 'a')).toBe('2 three')
      expect(await textOf(store, 'b')).toBe('1 two')
      expect(await store.scan('k', { limit: 10 })).toEqual(['b'])
      expect(await store.scan('j', { limit: 10 })).toEqual(['a'])
      await sleep(5)
      expect(await store.lease('l', 'another', 1)).toBeGreaterThan(fence as number)
    })
  })
}

function recordCases(store: () => Store): void {
  test('a record that was never there', async () => {
    expect(await store().revision('a')).toBe(0)
    expect(await store().read('a')).toBeUndefined()
  })

  test('revisions count changes, and start again after a delete', async () => {
    await store().apply([put('a', 0, 'one')])
    await store().apply([put('a', 1, 'two')])
    await store().apply([put('a', 2, '')])
    expect(await store().read('a')).toEqual({ id: 'a', revision: 3, data: expect.objectContaining({ length: 0 }) })
    await store().apply([{ id: 'a', expected: 3, data: undefined, keys: [] }])
    expect(await store().revision('a')).toBe(0)
    expect(await store().read('a')).toBeUndefined()
    await store().apply([put('a', 0, 'again')])
    expect(await textOf(store(), 'a')).toBe('1 again')
  })

  test('a conflict names the record and changes nothing', async () => {
    await store().apply([put('a', 0, 'one', ['k'])])
    for (const expected of [0, 2, 7]) {
      const apply = store().apply([put('b', 0, 'new', ['k']), put('a', expected, 'two', ['j'])])
      await expect(apply).rejects.toThrow(RevisionConflict)
      await expect(apply).rejects.toMatchObject({ id: 'a' })
    }
    expect(await textOf(store(), 'a')).toBe('1 one')
    expect(await store().revision('b')).toBe(0)
    expect(await store().scan('k', { limit: 10 })).toEqual(['a'])
    expect(await store().scan('j', { limit: 10 })).toEqual([])
  })

  test('a delete expects a revision like any change', async () => {
    await store().apply([put('a', 0, 'one')])
    await expect(store().apply([{ id: 'a', expected: 0, data: undefined, keys: [] }])).rejects.toThrow(RevisionConflict)
    await expect(store().apply([{ id: 'b', expected: 1, data: undefined, keys: [] }])).rejects.toThrow(RevisionConflict)
    await store().apply([{ id: 'b', expected: 0, data: undefined, keys: ['k'] }])
    expect(await store().revision('b')).toBe(0)
    expect(await store().scan('k', { limit: 10 })).toEqual([])
  })

  test('of many appliers at one revision exactly one wins', async () => {
    for (let revision = 0; revision < 5; revision++) {
      const tries = Array.from({ length: 20 }, (_, i) => store().apply([put('a', revision, `${i}`)]))
      const results = await Promise.allSettled(tries)
      const winners = results.flatMap(({ status }, i) => (status === 'fulfilled' ? [i] : []))
      expect(winners).toHaveLength(1)
      expect(await textOf(store(), 'a')).toBe(`${revision + 1} ${winners[0]}`)
      for (const result of results) {
        if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(RevisionConflict)
      }
    }
  })

  test('appliers that retry lose no increment', async () => {
    await store().apply([put('a', 0, '0'), put('b', 0, '0')])
    await Promise.all(Array.from({ length: 16 }, async () => {
      for (let i = 0; i < 10; i++) await increment(store(), ['a', 'b'])
    }))
    expect(await textOf(store(), 'a')).toBe('161 160')
    expect(await textOf(store(), 'b')).toBe('161 160')
  })

  test('bytes are copied in and out, and big records are whole', async () => {
    for (const length of [1, 4_000, 40_000, 5_000_000]) {
      const id = `big-${length}`
      const data = Uint8Array.from({ length }, (_, i) => (i * 31) % 251)
      const applied = store().apply([{ id, expected: 0, data: data.slice(), keys: ['k'] }])
      await applied
      const first = (await store().read(id))?.data as Uint8Array
      expect(Buffer.compare(first, data)).toBe(0)
      first.fill(0)
      const second = (await store().read(id))?.data as Uint8Array
      await store().read('big-1')
      expect(Buffer.compare(second, data)).toBe(0)
    }
  })

  test('the caller may reuse the bytes once apply has resolved', async () => {
    const data = Buffer.from('before')
    await store().apply([{ id: 'a', expected: 0, data, keys: [] }])
    data.write('after!')
    expect(await textOf(store(), 'a')).toBe('1 before')
  })

  test.each(['', 'x'.repeat(201), 'tab\t', 'nul\0', 'ü', '\x7f'])('an id out of bounds is refused: %j', async id => {
    await expect(store().apply([put(id, 0, 'one')])).rejects.toThrow(RangeError)
    expect(await store().revision(id)).toBe(0)
    expect(await store().read(id)).toBeUndefined()
  })

  test.each(['', 'x'.repeat(65), 'a b', 'nul\0', 'ü'])('an index key out of bounds is refused: %j', async key => {
    await expect(store().apply([put('ok', 0, 'one'), put('a', 0, 'one', [key])])).rejects.toThrow(RangeError)
    expect(await store().revision('ok')).toBe(0)
  })

  test('a record twice in one apply, or at no possible revision, is refused', async () => {
    await expect(store().apply([put('a', 0, 'one'), put('a', 1, 'two')])).rejects.toThrow(RangeError)
    for (const expected of [-1, 0.5, Number.NaN, 2 ** 53]) {
      await expect(store().apply([put('a', expected, 'one')])).rejects.toThrow(RangeError)
    }
    expect(await store().revision('a')).toBe(0)
  })

  test('ids and index keys at their bounds work', async () => {
    const ids = ['~', ' ', 'x'.repeat(200), `${'x'.repeat(199)}~`]
    const key = '~'.repeat(64)
    await store().apply(ids.map(id => put(id, 0, 'one', [key, key])))
    expect(await store().scan(key, { limit: 10 })).toEqual(ids.toSorted())
  })

  test('a batch of many records is one change', async () => {
    const changes = Array.from({ length: 500 }, (_, i) => put(idAt(i), 0, `${i}`, ['k', `k${i % 7}`]))
    await store().apply(changes)
    const again = changes.map(change => ({ ...change, expected: 1 }))
    await expect(store().apply([...again, put('x', 1, '')])).rejects.toThrow(RevisionConflict)
    expect(await store().revision(idAt(0))).toBe(1)
    expect(await store().scan('k3', { limit: 1_000 })).toHaveLength(71)
  })
}

function scanCases(store: () => Store): void {
  test('a scan is in order of ids, whatever the order of writing', async () => {
    for (const id of ['m', 'z', 'a', 'm1', 'm 1', 'M', '0']) await store().apply([put(id, 0, '', ['k'])])
    expect(await store().scan('k', { limit: 100 })).toEqual(['0', 'M', 'a', 'm', 'm 1', 'm1', 'z'])
  })

  test('pages join without gap or repeat', async () => {
    const ids = Array.from({ length: 103 }, (_, i) => idAt(i))
    await store().apply(ids.map(id => put(id, 0, '', ['k'])))
    const seen: string[] = []
    let page = await store().scan('k', { limit: 10 })
    while (page.length > 0) {
      expect(page.length).toBeLessThanOrEqual(10)
      seen.push(...page)
      page = await store().scan('k', { after: seen.at(-1) as string, limit: 10 })
    }
    expect(seen).toEqual(ids)
    expect(await store().scan('k', { limit: 0 })).toEqual([])
    expect(await store().scan('k', { after: 'id-00050x', limit: 1 })).toEqual([idAt(51)])
    expect(await store().scan('k', { after: '~', limit: 1 })).toEqual([])
  })

  test('a descending scan is the ascending one turned round', async () => {
    const ids = Array.from({ length: 53 }, (_, i) => idAt(i))
    await store().apply([...ids.map(id => put(id, 0, '', ['k'])), put('a', 0, '', ['j']), put('b', 0, '', ['kk'])])
    const seen: string[] = []
    let page = await store().scan('k', { limit: 10, descending: true })
    while (page.length > 0) {
      expect(page.length).toBeLessThanOrEqual(10)
      seen.push(...page)
      page = await store().scan('k', { after: seen.at(-1) as string, limit: 10, descending: true })
    }
    expect(seen).toEqual(ids.toReversed())
    expect(await store().scan('k', { limit: 0, descending: true })).toEqual([])
    expect(await store().scan('k', { after: 'id-00050x', limit: 1, descending: true })).toEqual([idAt(50)])
    expect(await store().scan('k', { after: '!', limit: 1, descending: true })).toEqual([])
  })

  test('one key is no prefix of another', async () => {
    for (const [id, key] of [['a', 'k'], ['b', 'kk'], ['c', 'k!'], ['d', 'K']] as const) {
      await store().apply([put(id, 0, '', [key])])
    }
    expect(await store().scan('k', { limit: 10 })).toEqual(['a'])
    expect(await store().scan('kk', { limit: 10 })).toEqual(['b'])
    expect(await store().scan('k!', { limit: 10 })).toEqual(['c'])
    expect(await store().scan('x', { limit: 10 })).toEqual([])
  })

  test('keys that a record has no more are gone, keys that it keeps stay', async () => {
    await store().apply([put('a', 0, '', ['x', 'y', 'y'])])
    await store().apply([put('a', 1, '', ['y', 'z'])])
    expect(await scanEach(store(), ['x', 'y', 'z'])).toEqual([[], ['a'], ['a']])
    await store().apply([put('a', 2, '', [])])
    expect(await scanEach(store(), ['x', 'y', 'z'])).toEqual([[], [], []])
    await store().apply([put('a', 3, '', ['x'])])
    await store().apply([{ id: 'a', expected: 4, data: undefined, keys: ['x'] }])
    expect(await scanEach(store(), ['x', 'y', 'z'])).toEqual([[], [], []])
  })
}

function leaseCases(store: () => Store): void {
  test('a lease has one holder at a time', async () => {
    const first = await store().lease('job', 'me', 60_000)
    expect(first).toBeGreaterThan(0)
    expect(await store().lease('job', 'another', 60_000)).toBeUndefined()
    expect(await store().lease('job', 'me', 60_000)).toBe(first)
    expect(await store().lease('other job', 'another', 60_000)).toBeGreaterThan(0)
  })

  test('the fencing number grows with every change of holder', async () => {
    const fences: number[] = []
    for (const holder of ['me', 'another', 'me', 'third']) {
      fences.push((await store().lease('job', holder, 5)) as number)
      await sleep(15)
    }
    for (const [i, fence] of fences.entries()) if (i > 0) expect(fence).toBeGreaterThan(fences[i - 1] as number)
  })

  test('of many who ask at once one gets it', async () => {
    const asked = Array.from({ length: 20 }, (_, i) => store().lease('job', `holder ${i}`, 60_000))
    expect((await Promise.all(asked)).filter(fence => fence !== undefined)).toHaveLength(1)
  })

  test('a lease without name, holder or time is refused', async () => {
    const bad = [['', 'me', 1], ['job', '', 1], ['job', 'me', 0], ['job', 'me', Number.NaN]] as const
    for (const [name, holder, ms] of bad) {
      await expect(store().lease(name, holder, ms)).rejects.toThrow(RangeError)
    }
  })
}

async function increment(store: Store, ids: readonly string[]): Promise<void> {
  while (true) {
    const records = await Promise.all(ids.map(id => store.read(id)))
    const changes = records.map((record, i) => {
      const value = Number(Buffer.from(record?.data ?? []).toString())
      return put(ids[i] as string, record?.revision ?? 0, `${value + 1}`)
    })
    try {
      await store.apply(changes)
      return
    } catch (error) {
      if (!(error instanceof RevisionConflict)) throw error
    }
  }
}

function scanEach(store: Store, keys: readonly string[]): Promise<string[][]> {
  return Promise.all(keys.map(key => store.scan(key, { limit: 10 })))
}

function idAt(i: number): string {
  return `id-${`${i}`.padStart(5, '0')}`
}
