import { expect, test } from 'vitest'
import { shortList } from '../../src/cli/output.ts'

test.for<[string[], string]>([
  [[], ''],
  [['one'], 'one'],
  [['one', 'two'], 'one, two'],
  [['n'.repeat(40)], 'n'.repeat(40)],
  [['n'.repeat(41)], `${'n'.repeat(39)}…`],
  [['n'.repeat(40), 'two'], `${'n'.repeat(40)} +1`],
  [['first-name', 'second-name', 'third-name', 'fourth-name', 'fifth-name'], 'first-name, second-name, third-name +2'],
  [Array.from({ length: 1_000 }, (_, number) => `name-${number}`), 'name-0, name-1, name-2, name-3, name-4 +995'],
])('a column takes the first of a list: %j', ([values, text]) => {
  expect(shortList(values)).toBe(text)
})
