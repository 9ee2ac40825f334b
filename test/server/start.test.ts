import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServer } from '../support/server.ts'
import type { RunningServer } from '../support/server.ts'

/** A home directory that a server has run in; every case spoils a copy of its own. */
let pristine: string
let occupied: RunningServer

beforeAll(async () => {
  pristine = mkdtempSync(join(tmpdir(), 'keyward-start-'))
  const server = await startServer({}, pristine)
  await server.kill()
  occupied = await startServer()
})
afterAll(async () => {
  await occupied.stop()
  rmSync(pristine, { recursive: true, force: true })
})

interface Case {
  name: string
  spoil?: (home: string) => void
  environment?: () => Record<string, string>
  says: RegExp
}

const cases: Case[] = [
  { name: 'a port that is none', environment: () => ({ KEYWARD_PORT: '70000' }), says: /KEYWARD_PORT.*70000/ },
  { name: 'an unknown setting', spoil: (home) => writeFileSync(join(home, 'keyward.json'), '{"prot": 1}'), says: /prot/ },
  { name: 'a configuration that is not JSON', spoil: (home) => {
    writeFileSync(join(home, 'keyward.json'), '{')
  }, says: /keyward\.json/ },
  { name: 'a port in use', environment: () => ({ KEYWARD_PORT: String(occupied.port) }), says: /EADDRINUSE/ },
  { name: 'a data directory in use', environment: () => ({
    KEYWARD_DATA_DIR: join(occupied.directory, 'data'),
  }), says: /in use/ },
  { name: 'a data directory that is a file', spoil: (home) => {
    rmSync(join(home, 'data'), { recursive: true })
    writeFileSync(join(home, 'data'), '')
  }, says: /data/ },
  { name: 'a root key that is missing', spoil: (home) => rmSync(join(home, 'data/root.key')), says: /root key.*missing/ },
  { name: 'a root key that is another', spoil: (home) =>
    cpSync(join(occupied.directory, 'data/root.key'), join(home, 'data/root.key')), says: /root key/ },
  { name: 'a root key that is damaged', spoil: (home) => {
    chmodSync(join(home, 'data/root.key'), 0o600)
    writeFileSync(join(home, 'data/root.key'), 'nonsense')
  }, says: /root key/ },
  { name: 'a root key that cannot be read', spoil: (home) => {
    rmSync(join(home, 'data/root.key'))
    mkdirSync(join(home, 'data/root.key'))
  }, says: /root key/ },
  { name: 'a root key that others may read', spoil: (home) => {
    chmodSync(join(home, 'data/root.key'), 0o644)
  }, says: /root key/ },
  { name: 'a server key that is missing', spoil: (home) => {
    rmSync(join(home, 'certs/server.key'))
  }, says: /server\.key|server\.pem/ },
  { name: 'a server key of another certificate', spoil: (home) =>
    cpSync(join(home, 'certs/alice.key'), join(home, 'certs/server.key'), { force: true }), says: /server\.key/ },
  { name: 'an authority that is no certificate', spoil: (home) => {
    rmSync(join(home, 'certs/ca.pem'))
    writeFileSync(join(home, 'certs/ca.pem'), 'nonsense')
  }, says: /ca\.pem/ },
  { name: 'a store that is not one', spoil: (home) => {
    for (const file of readdirSync(join(home, 'data/store'))) {
      if (file.endsWith('.mdb')) writeFileSync(join(home, 'data/store', file), 'nonsense'.repeat(2_000))
    }
  }, says: /store|data/ },
]

describe('what stops the start is told in one line, and nothing is made or changed by it', () => {
  it.each(cases)('$name', async ({ spoil, environment, says }) => {
    const home = mkdtempSync(join(tmpdir(), 'keyward-start-'))
    cpSync(pristine, home, { recursive: true })
    spoil?.(home)
    const { code, output } = await run(home, environment?.() ?? {})
    rmSync(home, { recursive: true, force: true })
    expect(output.trimEnd().split('\n')).toHaveLength(1)
    expect(output).toMatch(/^keyward: /)
    expect(output).toMatch(says)
    expect(code).toBe(1)
  })

  it('control: the same directory unspoiled starts', async () => {
    const server = await startServer({}, pristine)
    await server.kill()
  })
})

describe('the first start', () => {
  it('makes a root key that only its owner can read, and a second one keeps it', async () => {
    const file = join(pristine, 'data/root.key')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const before = readFileSync(file, 'utf8')
    const server = await startServer({}, pristine)
    await server.kill()
    expect(readFileSync(file, 'utf8')).toBe(before)
  })
})

async function run(home: string, environment: Record<string, string>): Promise<{ code: number | null, output: string }> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('../../src/main.ts', import.meta.url))], {
    cwd: home,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env, KEYWARD_PORT: '0', KEYWARD_DATA_DIR: join(home, 'data'), KEYWARD_CERTS_DIR: join(home, 'certs'),
      ...environment,
    },
  })
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk))
  const timer = setTimeout(() => child.kill('SIGKILL'), 15_000)
  const [code] = await once(child, 'close') as [number | null]
  clearTimeout(timer)
  return { code, output: Buffer.concat(chunks).toString() }
}
