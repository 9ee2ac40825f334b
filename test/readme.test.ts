import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { withSections } from '../spec/readme.ts'
import { ensurePackages } from './support/debian.ts'
import { startServer } from './support/server.ts'
import type { RunningServer } from './support/server.ts'

const root = join(import.meta.dirname, '..')
const readme = readFileSync(join(root, 'README.md'), 'utf8')

let server: RunningServer
beforeAll(async () => {
  server = await startServer()
}, 60_000)
afterAll(() => server.stop())

test('the tables are those of the code: `node spec/readme.ts` writes them', () => {
  expect(withSections(readme)).toBe(readme)
  expect(withSections(readme.replace('| 1.1 |', '| 1.0 |'))).toBe(readme)
})

test('every file and folder that it names is there', () => {
  const named = [...readme.matchAll(/`((?:src|spec|fixtures|test|\.ci)(?:\/[\w./-]+)?)`|\]\(([\w./-]+)\)/g)]
    .map(([, path, link]) => path ?? link ?? '')
  expect(named.length).toBeGreaterThan(10)
  expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([])
})

test('the first session with the command works as it stands', () => {
  const script = block('sh', 'npx keyward create --name demo').replaceAll('npx keyward', 'keyward')
  const keyward = `keyward() { "${process.execPath}" "${join(root, 'src/cli/keyward.mjs')}" "$@"; }`
  const environment = { KEYWARD_PORT: String(server.port), KEYWARD_CERTS_DIR: dirname(server.certificates.ca) }
  const result = spawnSync('/bin/sh', ['-e', '-c', `${keyward}\n${script}`], {
    cwd: server.directory, encoding: 'utf8', env: { ...process.env, ...environment },
  })
  expect(result).toMatchObject({ status: 0, stderr: '' })
  expect(result.stdout).toMatch(/demo +SymmetricKey[^]*hello[^]*deactivated[^]*destroyed[^]*Exit codes/)
})

test('the first session with PyKMIP works as it stands', async (context) => {
  const missing = await ensurePackages(['python3-pykmip'])
  if (missing !== undefined) return context.skip(missing)
  const script = block('python', 'ProxyKmipClient').replace('port=5696', `port=${server.port}`)
  const result = spawnSync('/usr/bin/python3', ['-c', script], { cwd: server.directory, encoding: 'utf8' })
  expect(result.stdout, result.stderr).toBe('b\'hello\'\n')
})

/** The one fenced block of a language that holds the words. */
function block(language: string, words: string): string {
  const blocks = [...readme.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].filter(([, name, text]) => (
    name === language && text?.includes(words) === true))
  expect(blocks).toHaveLength(1)
  return blocks[0]![2]!
}
