import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import fixture from '../../fixtures/cmk/checklist.json' with { type: 'json' }

const root = new URL('../../', import.meta.url).pathname
const rows: readonly { row: number; feature: string; shownBy?: readonly string[]; notHere?: string }[] = fixture.rows

test('the checklist has every row of the facts, once', () => {
  expect(rows.map(({ row }) => row)).toEqual(Array.from({ length: 48 }, (_, at) => at + 1))
})

test.each(rows)('row $row, $feature: shown by what is there, or not here for a reason', ({ shownBy, notHere }) => {
  expect((shownBy === undefined) !== (notHere === undefined)).toBe(true)
  expect(shownBy?.filter((place) => !isThere(place)) ?? []).toEqual([])
})

test('a place that is not there is found out', () => {
  expect(isThere('fixtures/cmk/classes.json: software')).toBe(true)
  expect(['fixtures/cmk/classes.json: no such words', 'fixtures/cmk/none.json: x'].some(isThere)).toBe(false)
})

/** `file: words that stand in it`. */
function isThere(place: string): boolean {
  const [, file = '', words = ''] = /^([^:]+): (.+)$/.exec(place) ?? []
  return existsSync(root + file) && readFileSync(root + file, 'utf8').includes(words)
}
