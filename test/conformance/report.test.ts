import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Case } from './case-file.ts'
import { isGood, tapLines } from './report.ts'
import type { Outcome } from './run-case.ts'

const root = join(import.meta.dirname, '../..')
const published = join(root, '../shared/kmip-profiles')
const skipped = JSON.parse(readFileSync(join(root, 'spec/skipped.json'), 'utf8')) as Record<string, string>

describe('a result', () => {
  const one: Case = {
    path: 'A-1-14.xml', name: 'A-1-14', folder: '1.4/mandatory', version: '1.4', profile: 'A', steps: [],
  }
  const passed = { passed: true, steps: 1 }
  const failed = { passed: false, steps: 0, failure: { step: 0, operation: 'Get', error: 'no answer' } }

  it.each<{ of: string, outcome: Outcome, skipped?: string, good: boolean, line: RegExp }>([
    { of: 'a case that passed', outcome: passed, good: true, line: /^ok 1 - / },
    { of: 'a case that failed', outcome: failed, good: false, line: /^not ok 1 - [^#]*\n/ },
    { of: 'a skipped case that failed', outcome: failed, skipped: 'why', good: true, line: /# TODO why$/ },
    { of: 'a skipped case that passed', outcome: passed, skipped: 'why', good: false, line: /^not ok 1 - [^#]*\n/ },
  ])('$of', ({ outcome, skipped: reason, good, line }) => {
    const result = { case: one, outcome, ...(reason !== undefined && { skipped: reason }) }
    expect(isGood(result)).toBe(good)
    expect(tapLines(result, 1)).toMatch(line)
  })
})

describe('the skipped cases', () => {
  it('have a reason each', () => {
    for (const [name, reason] of Object.entries(skipped)) expect(reason.split(' ').length, name).toBeGreaterThan(10)
  })

  it.skipIf(!existsSync(published))('are published ones', () => {
    const names = new Set(globSync('*/*/*.xml', { cwd: published }).map((path) => basename(path, '.xml')))
    expect(Object.keys(skipped).filter((name) => !names.has(name))).toEqual([])
  })
})
