import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { ensurePackages } from '../support/debian.ts'
import { ensureMongoDriver } from '../support/mongo.ts'
import { startServer } from '../support/server.ts'
import type { RunningServer } from '../support/server.ts'

/** Real clients, unmodified, against a real server. Each of their checks is a test of its own. */

interface Check { readonly name: string, readonly ok: boolean, readonly detail: string }

interface Client {
  readonly name: string
  /** Makes the client runnable, or says why it cannot be. */
  readonly ensure: () => Promise<string | undefined>
  readonly command: string
  readonly script: string
  readonly more?: (server: RunningServer) => readonly string[]
}

interface Outcome { readonly skipped?: string, readonly checks: readonly Check[], readonly end: string }

const python = '/usr/bin/python3'

/** The slowest takes about ten seconds on an idle machine. */
const clientMsMax = 180_000

const clients: readonly Client[] = [
  ...['1.0', '1.2', '1.4', '2.0'].map((version) => ({
    name: `PyKMIP at ${version}`,
    ensure: () => ensurePackages(['python3-pykmip']),
    command: python,
    script: 'pykmip.py',
    more: ({ certificates: { bob } }: RunningServer) => [
      '--kmip', version, '--other-cert', bob.cert, '--other-key', bob.key,
    ],
  })),
  {
    name: 'OpenStack Swift',
    ensure: () => ensurePackages(['python3-swift', 'python3-pykmip']),
    command: python,
    script: 'swift_keymaster.py',
  },
  {
    name: 'OpenStack Barbican',
    ensure: () => ensurePackages(['python3-barbican', 'python3-pykmip']),
    command: python,
    script: 'barbican_store.py',
  },
  { name: 'MongoDB driver', ensure: ensureMongoDriver, command: process.execPath, script: 'mongo.mjs' },
]

const server = await startServer()
const outcomes = new Map<string, Outcome>()
for (const client of clients) outcomes.set(client.name, await drive(client, server))
await server.stop()

describe.each(clients)('$name', ({ name }) => {
  const { skipped, checks, end } = outcomes.get(name)!

  test.skipIf(skipped !== undefined)(`runs to its end${skipped === undefined ? '' : ` (skipped: ${skipped})`}`, () => {
    expect(checks.length, end).toBeGreaterThan(0)
    expect(end).toBe(checks.every(({ ok }) => ok) ? 'ended with 0' : 'ended with 1')
  })

  for (const { name: check, ok, detail } of checks) {
    test(check, () => expect(ok, detail).toBe(true))
  }
})

async function drive(client: Client, { host, port, certificates }: RunningServer): Promise<Outcome> {
  const skipped = await client.ensure()
  if (skipped !== undefined) return { skipped, checks: [], end: '' }
  const words = [
    fileURLToPath(new URL(client.script, import.meta.url)),
    '--host', host, '--port', String(port), '--ca', certificates.ca,
    '--cert', certificates.alice.cert, '--key', certificates.alice.key, ...client.more?.(server) ?? [],
  ]
  return new Promise((resolve) => {
    execFile(client.command, words, { timeout: clientMsMax, maxBuffer: 0x400_0000 }, (error, stdout, stderr) => {
      const checks = stdout.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Check)
      const code = error === null ? 0 : error.code ?? error.signal
      const told = error === null || error.code === 1 && checks.some(({ ok }) => !ok)
      resolve({ checks, end: `ended with ${code}${told ? '' : `: ${stderr.slice(-2000)}`}` })
    })
  })
}
