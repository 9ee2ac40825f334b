import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync, chmodSync, chownSync, closeSync, cpSync, mkdirSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync,
  statSync, symlinkSync, writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makePki } from '../../src/server/pki.ts'
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

const daysMs = 86_400_000

interface Case {
  name: string
  spoil?: (home: string) => void | Promise<void>
  environment?: () => Record<string, string>
  says: RegExp
}

const cases: Case[] = [
  { name: 'a port that is none', environment: () => ({ KEYWARD_PORT: '70000' }), says: /KEYWARD_PORT.*70000/ },
  { name: 'an unknown setting', spoil: (home) => writeFileSync(join(home, 'keyward.json'), '{"prot": 1}'), says: /prot/ },
  { name: 'a wrong value in the file, whatever the environment says', spoil: (home) => {
    writeFileSync(join(home, 'keyward.json'), '{"port": "x"}')
  }, environment: () => ({ KEYWARD_PORT: '0' }), says: /port: must be/ },
  { name: 'a configuration that is not JSON', spoil: (home) => {
    writeFileSync(join(home, 'keyward.json'), '{')
  }, says: /keyward\.json/ },
  { name: 'a port in use', environment: () => ({ KEYWARD_PORT: String(occupied.port) }), says: /EADDRINUSE.*KEYWARD_PORT/ },
  { name: 'a data directory in use', environment: () => ({
    KEYWARD_DATA_DIR: join(occupied.directory, 'data'),
  }), says: /in use/ },
  { name: 'a data directory that is a file', spoil: (home) => {
    rmSync(join(home, 'data'), { recursive: true })
    writeFileSync(join(home, 'data'), '')
  }, says: /data/ },
  { name: 'a data directory that is a link to nowhere', spoil: (home) => {
    rmSync(join(home, 'data'), { recursive: true })
    symlinkSync('nowhere', join(home, 'data'))
  }, says: /data directory \S+\/data cannot be made/ },
  { name: 'a data directory where none can be made', environment: () => ({
    KEYWARD_DATA_DIR: '/proc/none/data',
  }), says: /data directory \/proc\/none\/data cannot be made/ },
  { name: 'a data directory below a device', environment: () => ({
    KEYWARD_DATA_DIR: '/dev/null/data',
  }), says: /data directory \/dev\/null\/data cannot be made/ },
  { name: 'a certificates directory where none can be made', environment: () => ({
    KEYWARD_CERTS_DIR: '/proc/none/certs',
  }), says: /certificates directory \/proc\/none\/certs cannot be made/ },
  { name: 'a certificates directory that takes no files', environment: () => ({
    KEYWARD_CERTS_DIR: '/proc/self',
  }), says: /certificates directory \/proc\/self/ },
  { name: 'a certificates directory that is a file', spoil: (home) => {
    rmSync(join(home, 'certs'), { recursive: true })
    writeFileSync(join(home, 'certs'), '')
  }, says: /certificates directory \S+\/certs cannot be made/ },
  { name: 'a certificate that is a link to nowhere', spoil: (home) => {
    rmSync(join(home, 'certs/server.pem'))
    symlinkSync('nowhere', join(home, 'certs/server.pem'))
  }, says: /server\.pem/ },
  { name: 'a root key that is a link to nowhere', spoil: (home) => {
    rmSync(join(home, 'data/root.key'))
    symlinkSync('nowhere', join(home, 'data/root.key'))
  }, says: /root key/ },
  { name: 'a misspelt variable', environment: () => ({ KEYWARD_PROT: '5696' }), says: /KEYWARD_PROT/ },
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
  { name: 'a server key that is missing, with an authority of somebody else', spoil: (home) => {
    for (const file of ['ca.key', 'server.key']) rmSync(join(home, 'certs', file))
    for (const file of ['alice', 'bob']) rmSync(join(home, `certs/${file}.pem`))
  }, says: /certs has no server\.key, and none can be made: .*ca\.key is missing/ },
  { name: 'a server key of another certificate', spoil: (home) =>
    cpSync(join(home, 'certs/alice.key'), join(home, 'certs/server.key'), { force: true }), says: /server\.key/ },
  { name: 'an authority that is no certificate', spoil: (home) => {
    rmSync(join(home, 'certs/ca.pem'))
    writeFileSync(join(home, 'certs/ca.pem'), 'nonsense')
  }, says: /ca\.pem/ },
  { name: 'a client\'s certificate among the authorities', spoil: (home) => {
    appendFileSync(join(home, 'certs/ca.pem'), readFileSync(join(home, 'certs/alice.pem')))
  }, says: /ca\.pem holds the certificate of O=alpha, CN=alice, which is no authority/ },
  { name: 'a server certificate that has expired', spoil: (home) => {
    rmSync(join(home, 'certs'), { recursive: true })
    return makePki(join(home, 'certs'), Date.now() - 1_000 * daysMs)
  }, says: /server\.pem expired on/ },
  { name: 'certificates of later, as for a clock that begins in 1970', spoil: (home) => {
    rmSync(join(home, 'certs'), { recursive: true })
    return makePki(join(home, 'certs'), Date.now() + daysMs)
  }, says: /server\.pem is not valid before/ },
  { name: 'a store that is not one', spoil: (home) => {
    for (const file of readdirSync(join(home, 'data/store'))) {
      if (file.endsWith('.mdb')) writeFileSync(join(home, 'data/store', file), 'nonsense'.repeat(2_000))
    }
  }, says: /store|data/ },
  ...([
    ['a certificate that is missing', { certificate: 'nobody.pem' }, /ekm\.certificate: \S+nobody\.pem cannot be read/],
    ['a certificate that is none', { certificate: 'data/root.key' }, /externals\.ekm: \S+root\.key, .* are not a certificate/],
    ['an authority that is none', { authority: 'data/root.key' }, /externals\.ekm: .* are not a certificate/],
    ['a version that nobody has', { version: '3.0' }, /externals: .*version of KMIP/],
  ] as const).map(([name, settings, says]) => ({ name: `a key manager with ${name}`, says, spoil: (home: string) => {
    const files = { certificate: 'certs/alice.pem', key: 'certs/alice.key', authority: 'certs/ca.pem' }
    const ekm = { host: 'localhost', ...files, ...settings }
    writeFileSync(join(home, 'keyward.json'), JSON.stringify({ externals: { ekm } }))
  } })),
]

describe('what stops the start is told in one line, and nothing is made or changed by it', () => {
  it.each(cases)('$name', async ({ spoil, environment, says }) => {
    const home = mkdtempSync(join(tmpdir(), 'keyward-start-'))
    cpSync(pristine, home, { recursive: true })
    await spoil?.(home)
    const before = listing(home)
    const { code, output } = await run(home, environment?.() ?? {})
    const after = listing(home)
    rmSync(home, { recursive: true, force: true })
    expect(output.trimEnd().split('\n')).toHaveLength(1)
    expect(output).toMatch(/^keyward: /)
    expect(output).toMatch(says)
    expect(code).toBe(1)
    expect(after).toEqual(before)
  })

  it('a passphrase for a new root key that is not given, with an empty store left', async () => {
    const home = mkdtempSync(join(tmpdir(), 'keyward-start-'))
    const { code, output } = await run(home, { KEYWARD_ROOT_KEY_PROTECTION: 'passphrase' })
    const { length } = readdirSync(join(home, 'data'))
    rmSync(home, { recursive: true, force: true })
    expect(output).toMatch(/^keyward: .*KEYWARD_ROOT_KEY_PASSPHRASE is given\n$/)
    expect(code).toBe(1)
    expect(length).toBe(1)
  })

  it.each([
    ['', 14], ['é', 13],
  ])('a passphrase for a new root key that is short%s; control: one more is taken', async (end, length) => {
    const home = mkdtempSync(join(tmpdir(), 'keyward-start-'))
    const environment = (characters: number) => ({
      KEYWARD_ROOT_KEY_PROTECTION: 'passphrase', KEYWARD_ROOT_KEY_PASSPHRASE: 'x'.repeat(characters) + end,
      KEYWARD_HOST: '192.0.2.1',
    })
    const { code, output } = await run(home, environment(length))
    const control = await run(home, environment(length + 1))
    rmSync(home, { recursive: true, force: true })
    expect(output).toMatch(/^keyward: .*at least 15 characters\n$/)
    expect(code).toBe(1)
    // It gets as far as the port.
    expect(control.output).toMatch(/EADDRNOTAVAIL/)
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

  it('serves where nobody can be told that it is ready', async () => {
    const home = mkdtempSync(join(tmpdir(), 'keyward-start-'))
    const full = openSync('/dev/full', 'w')
    const child = launch(home, {}, ['ignore', full, 'pipe'])
    closeSync(full)
    child.stderr!.on('data', (chunk: Buffer) => {
      if (chunk.includes('nobody is told')) child.kill('SIGTERM')
    })
    expect(await once(child, 'exit')).toEqual([0, null])
    rmSync(home, { recursive: true })
  })

  it('is stopped well as soon as it is ready', async () => {
    const server = await startServer()
    await server.stop()
  })
})

describe('the command that the start prints works when it is pasted into another terminal', () => {
  it.each([['127.0.0.1'], ['::1'], ['0.0.0.0'], ['127.0.0.2']])('of a server on %s', async (host) => {
    const home = join(mkdtempSync(join(tmpdir(), 'keyward-start-')), 'it\'s $HOME')
    mkdirSync(home)
    const server = await startServer({ KEYWARD_HOST: host }, home)
    const command = /^try it.*\n +(.*)$/m.exec(server.log())?.[1] ?? ''
    const environment = Object.entries(process.env).filter(([name]) => !name.startsWith('KEYWARD_'))
    const { stdout } = await exec('sh', ['-c', command], { cwd: '/', env: Object.fromEntries(environment) })
    await server.stop()
    expect(stdout).toMatch(/[0-9a-f]{8}-/)
  })
})

describe.runIf(process.getuid?.() === 0)('as another user than root', () => {
  it.each([
    ['a data directory', 'data', 0o700],
    ['a certificates directory', 'certs', 0o755],
    ['a root key', 'data/root.key', 0o600],
    ['a server key', 'certs/server.key', 0o400],
    ['the authority\'s certificate', 'certs/ca.pem', 0o644],
    ['a store', 'data/store/data.mdb', 0o644],
  ])('%s that may not be read stops the start in one line; control: as it was made it does not', async (_, path, mode) => {
    const home = mkdtempSync(join(tmpdir(), 'keyward-start-'))
    cpSync(pristine, home, { recursive: true })
    for (const name of ['.', ...readdirSync(home, { recursive: true }) as string[]]) chownSync(join(home, name), nobody, nobody)
    chmodSync(join(home, path), 0)
    const { code, output } = await run(home, {}, nobody)
    chmodSync(join(home, path), mode)
    const control = await run(home, { KEYWARD_HOST: '192.0.2.1' }, nobody)
    rmSync(home, { recursive: true, force: true })
    expect(output.trimEnd().split('\n')).toHaveLength(1)
    expect(output).toMatch(/^keyward: .*(EACCES|unable to open|is missing)/)
    expect(output).toContain(path.split('/')[0])
    expect(code).toBe(1)
    // It gets as far as the port.
    expect(control.output).toMatch(/EADDRNOTAVAIL/)
  })
})

/** The names of all that lies in a directory, but for what only says who has the store. */
function listing(home: string): string[] {
  const names = readdirSync(home, { recursive: true }) as string[]
  return names.filter((name) => !/^data\/store\/(owner|lock)/.test(name)).toSorted()
}

async function run(
  home: string, environment: Record<string, string>, user?: number,
): Promise<{ code: number | null, output: string }> {
  const child = launch(home, environment, ['ignore', 'pipe', 'pipe'], user)
  const chunks: Buffer[] = []
  child.stdout!.on('data', (chunk: Buffer) => chunks.push(chunk))
  child.stderr!.on('data', (chunk: Buffer) => chunks.push(chunk))
  const timer = setTimeout(() => child.kill('SIGKILL'), 15_000)
  const [code] = await once(child, 'close') as [number | null]
  clearTimeout(timer)
  return { code, output: Buffer.concat(chunks).toString() }
}

function launch(
  home: string, environment: Record<string, string>, stdio: ('ignore' | 'pipe' | number)[], user?: number,
): ChildProcess {
  return spawn(process.execPath, [fileURLToPath(new URL('../../src/main.ts', import.meta.url))], {
    cwd: home,
    stdio,
    ...(user !== undefined && { uid: user, gid: user }),
    env: {
      ...process.env, KEYWARD_PORT: '0', KEYWARD_DATA_DIR: join(home, 'data'), KEYWARD_CERTS_DIR: join(home, 'certs'),
      ...environment,
    },
  })
}

const exec = promisify(execFile)
/** Somebody who owns nothing else. */
const nobody = 65_534
