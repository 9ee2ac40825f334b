import { expect, test } from 'vitest'
import { UsageError } from '../../src/cli/command.ts'
import { parseDate } from '../../src/cli/date.ts'

test.each([
  ['2028-02-29', new Date(2028, 1, 29).getTime()],
  ['2030-01-31T12:00:00Z', Date.UTC(2030, 0, 31, 12)],
  ['2030-01-31 12:00+02:00', Date.UTC(2030, 0, 31, 10)],
])('%s is a date', (text, moment) => {
  expect(parseDate('--expires', text)).toBe(moment / 1_000)
})

test.each([
  '2027-02-29', '2026-02-31T00:00:00Z', '2026-04-31', '2026-13-01', '2026-00-10', '2026-01-01T25:00:00Z', 'tomorrow', '',
])('"%s" is none', (text) => {
  expect(() => parseDate('--expires', text)).toThrow(UsageError)
})
