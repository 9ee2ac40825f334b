import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startServer } from '../support/server.ts'
import type { RunningServer } from '../support/server.ts'
import { matches, parseScript, run } from './script.ts'
import type { Bindings } from './script.ts'

/** The scripts of CMKs in older versions of the protocol, which the other test runs in the newest. */

let server: RunningServer
const directory = mkdtempSync(join(tmpdir(), 'keyward-cmk-'))

beforeAll(async () => {
  server = await startServer()
}, 60_000)
afterAll(async () => {
  rmSync(directory, { recursive: true })
  await server.stop()
})

const cases = ['1.2', '1.4', '2.0'].flatMap((version) => ['life', 'data'].map((name) => [version, name] as const))

test.each(cases)('%s: the script of %s', async (version, name) => {
  const certs = dirname(server.certificates.ca)
  const environment = { KEYWARD_PORT: String(server.port), KEYWARD_CERTS_DIR: certs }
  // An account of its own: aliases are unique in one.
  const who = `cmk-${version.replace('.', '')}-${name}`
  await run(['certificate', 'issue', who, '--account', who], { environment })
  const script = readFileSync(new URL(`../../fixtures/cli/cmk-${name}.txt`, import.meta.url), 'utf8')
  const tmp = mkdtempSync(join(directory, 'run-'))
  const bindings: Bindings = new Map()
  for (const step of parseScript(script, { tmp, certs })) {
    const words = [...step.words(bindings), '--json', '--as', who, '--kmip-version', version]
    const result = await run(words, { stdin: step.stdin, environment })
    const said = `${step.line}\n${result.stdout}${result.stderr}`
    expect(result.exitCode, said).toBe(step.exitCode)
    expect(matches(JSON.parse(result.stdout || result.stderr), inAnyVersion(step.expected), bindings), said).toBe(true)
  }
}, 60_000)

/** Older versions have fewer reasons, and 1.2 does not count what it located. */
function inAnyVersion(expected: unknown): unknown {
  return JSON.parse(JSON.stringify(expected, (key, value: unknown) => (
    key === 'reason' || key === 'total' ? undefined : value)))
}
