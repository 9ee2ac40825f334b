import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { findCycles, rules } from './tidy/rules.ts'
import { filesIn, loadSources, parseSource, root } from './tidy/source.ts'

const sources = loadSources()

describe.each(rules)('$name', rule => {
  test('holds everywhere', () => {
    expect(sources.flatMap(rule.check), `instead: ${rule.instead}`).toEqual([])
  })
  test('finds its own sample', () => {
    expect(rule.check(parseSource(rule.sample.path, rule.sample.text))).toHaveLength(1)
  })
})

test('no files import each other in a circle', () => {
  expect(findCycles(sources)).toEqual([])
  const circle = [['a', 'b'], ['b', 'c'], ['c', 'a']]
    .map(([from, to]) => parseSource(`src/${from}.ts`, `import { x } from './${to}.ts'`))
  expect(findCycles(circle)).toEqual(['src/a.ts -> src/b.ts -> src/c.ts -> src/a.ts'])
})

test('every file of the source is read', () => {
  expect(sources.length).toBeGreaterThan(100)
  expect(sources.map(source => source.path)).toContain('test/tidy.test.ts')
})

test('nothing names a machine of ours or where packages come from', () => {
  const inFolders = ['src', 'spec', 'test', 'certs', 'fixtures', '.ci'].flatMap(folder => filesIn(folder, /./))
  const paths = [...inFolders, 'package.json', 'package-lock.json']
  const place = new RegExp([`/${'work'}/(main|shared)`, `registry\\.${'npmjs'}`, `/root/\\.${'py'}env`].join('|'))
  expect(`see /${'work'}/main/src`).toMatch(place)
  expect(paths.filter(path => place.test(readFileSync(join(root, path), 'latin1')))).toEqual([])
})
