import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import packageJson from '../package.json' with { type: 'json' }

test.for([
  ['conformance', '--nope'], ['bench', '--nope'], ['bench:hsm', '--nope'], ['fuzz', '--nope'], ['clients:ceph', '--nope'],
  ['bench', '--seconds', 'soon'], ['bench:hsm', '--rounds', '0'], ['fuzz', '--minutes'], ['fuzz', '--seed', '1.5'],
] as const)('npm run %s -- %s says in a line what is wrong', ([script, option, ...value]) => {
  const file = /\S+\.ts$/.exec(packageJson.scripts[script])![0]
  const { status, stdout, stderr } = spawnSync(
    process.execPath, [join(import.meta.dirname, '..', file), option, ...value], { encoding: 'utf8', timeout: 20_000 },
  )
  expect([status, stdout]).toEqual([2, ''])
  const [line, ...usage] = stderr.split('\n')
  expect(line!.startsWith(`${script}: `) && line!.includes(option)).toBe(true)
  expect(usage.join('\n')).not.toMatch(/^ +at /m)
})
