import { spawnSync } from 'node:child_process'
import { copyFileSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { keywardAttributes, tagPrefix } from '../src/kmip/keyward-attribute.ts'
import { startServer } from './support/server.ts'
import type { RunningServer } from './support/server.ts'

const root = join(import.meta.dirname, '..')
const readme = readFileSync(join(root, 'README.md'), 'utf8')

let server: RunningServer
beforeAll(async () => {
  server = await startServer()
}, 60_000)
afterAll(() => server.stop())

test('the life of a CMK works as the README tells it', () => {
  const [, script = ''] = /^```bash\n([^]*?npx keyward key create[^]*?)^```$/m.exec(readme) ?? []
  const keyward = `keyward() { "${process.execPath}" "${join(root, 'src/cli/keyward.mjs')}" "$@"; }`
  copyFileSync(join(root, 'README.md'), join(server.directory, 'README.md'))
  const result = spawnSync('/bin/sh', ['-e', '-c', `${keyward}\n${script.replaceAll('npx keyward', 'keyward')}`], {
    cwd: server.directory, encoding: 'utf8',
    env: { ...process.env, KEYWARD_PORT: String(server.port), KEYWARD_CERTS_DIR: dirname(server.certificates.ca) },
  })
  expect(result.status, result.stderr).toBe(0)
  expect(result.stderr.match(/try: keyward key .*/g)).toEqual([
    expect.stringContaining('key enable'), 'try: keyward key protect --off alias/archive',
  ])
  expect(result.stdout).toMatch(/card 4711[^]*card 4711[^]*PendingDeletion[^]*PendingImport[^]*BEGIN PUBLIC KEY/)
  expect(readFileSync(join(server.directory, 'README.again'))).toEqual(readFileSync(join(root, 'README.md')))
}, 120_000)

test('the attributes that it names are those of the code', () => {
  const [, section = ''] = /^## The life of a customer master key\n([^]*?)^## /m.exec(readme) ?? []
  const named = [...section.matchAll(/`(cmk-[a-z-]+[a-z])/g)].map(([, name]) => name!)
  expect(named.length).toBeGreaterThan(15)
  const unknown = named.filter((name) => !Object.hasOwn(keywardAttributes, name) && `${name}-` !== tagPrefix)
  expect(unknown).toEqual([])
})
