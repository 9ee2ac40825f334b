import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'

const base = mkdtempSync(join(tmpdir(), 'keyward-bootstrap-'))
afterAll(() => rmSync(base, { recursive: true }))

const cli = join(import.meta.dirname, '../../src/cli')

const wanted = {
  '': { name: 'sample' },
  'node_modules/needed': { version: '1.0.0', integrity: 'sha512-a' },
  'node_modules/tool': { version: '1.0.0', integrity: 'sha512-b', dev: true },
  'node_modules/other-system': { version: '1.0.0', integrity: 'sha512-c', optional: true },
}

type Packages = Record<string, object>

/** A project with our bootstrap, and an npm that notes that it was called and installs what the lock says. */
function project(name: string, options: { installed?: Packages, npm?: string, script?: string } = {}): string {
  const root = join(base, name)
  mkdirSync(join(root, 'bin'), { recursive: true })
  cpSync(cli, join(root, 'src/cli'), { recursive: true })
  writeFileSync(join(root, 'package.json'), '{"type":"module"}')
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages: wanted }))
  const echo = 'process.stdout.write(process.argv.slice(2).join() as string)'
  writeFileSync(join(root, 'script.ts'), options.script ?? echo)
  writeFileSync(join(root, 'bin/npm'), `#!/bin/sh\necho "$@" >>npm.called\n${options.npm ?? installs}\n`)
  chmodSync(join(root, 'bin/npm'), 0o755)
  if (options.installed !== undefined) {
    mkdirSync(join(root, 'node_modules'))
    writeFileSync(join(root, 'node_modules/.package-lock.json'), JSON.stringify({ packages: options.installed }))
  }
  return root
}

const installs = 'mkdir -p node_modules && cp package-lock.json node_modules/.package-lock.json'

function run(root: string, ...parameters: string[]) {
  const env = { ...process.env, PATH: [join(root, 'bin'), process.env.PATH].join(delimiter) }
  const command = [join(root, 'src/cli/run.mjs'), ...parameters]
  const result = spawnSync(process.execPath, command, { cwd: base, env, encoding: 'utf8' })
  const called = join(root, 'npm.called')
  return { ...result, npm: existsSync(called) ? readFileSync(called, 'utf8').trim().split('\n') : [] }
}

describe('run.mjs', () => {
  test('installs from the lock on a fresh clone, once, and runs the script with its arguments', () => {
    const root = project('fresh')
    const first = run(root, 'script.ts', 'a', '--b')
    expect(first).toMatchObject({ status: 0, stdout: 'a,--b' })
    expect(first.npm).toEqual([expect.stringMatching(/^ci --ignore-scripts/)])
    expect(run(root, 'script.ts')).toMatchObject({ status: 0, npm: first.npm })
  })

  const { 'node_modules/needed': needed, 'node_modules/tool': tool } = wanted
  const cases: [state: string, installed: Packages, isInstalled: boolean][] = [
    ['all of it', wanted, true],
    ['all but tools and what is of another system', { 'node_modules/needed': needed }, true],
    ['an older version', { 'node_modules/needed': { ...needed, version: '0.9.0' } }, false],
    ['another content', { 'node_modules/needed': { ...needed, integrity: 'sha512-z' } }, false],
    ['too little', { 'node_modules/tool': tool }, false],
  ]
  test.each(cases)('with %s there, it knows whether to install', (state, installed, isInstalled) => {
    const result = run(project(`state ${state}`, { installed }), 'script.ts')
    expect(result.status).toBe(0)
    expect(result.npm).toHaveLength(isInstalled ? 0 : 1)
  })

  test('a failed install is told in one line', () => {
    const result = run(project('failing', { npm: 'exit 7' }), 'script.ts')
    expect(result).toMatchObject({ status: 1, stdout: '' })
    expect(result.stderr.trim().split('\n').at(-1)).toMatch(/^keyward: npm ci failed \(7\)/)
  })

  test('an install that leaves something else behind is not trusted', () => {
    const result = run(project('lying', { npm: 'true' }), 'script.ts')
    expect(result.status).toBe(1)
    expect(result.stderr).toMatch(/not what the lock says/)
  })

  test('a script that is not there is told in one line', () => {
    const result = run(project('no script'), 'missing.ts')
    expect(result).toMatchObject({ status: 1 })
    expect(result.stderr).toMatch(/^keyward: there is no missing\.ts$/m)
  })

  test('two first starts at once install once', async () => {
    const root = project('twice', { npm: `sleep 0.5; ${installs}` })
    const env = { ...process.env, PATH: [join(root, 'bin'), process.env.PATH].join(delimiter) }
    const children = [1, 2].map(() => spawn(process.execPath, [join(root, 'src/cli/run.mjs'), '--install'], { env }))
    const codes = await Promise.all(children.map(async child => (await once(child, 'exit'))[0]))
    expect(codes).toEqual([0, 0])
    expect(readFileSync(join(root, 'npm.called'), 'utf8').trim().split('\n')).toHaveLength(1)
  })

  test('a lock that a killed install left is taken over', () => {
    const root = project('killed')
    mkdirSync(join(root, '.keyward'))
    const { pid } = spawnSync('true')
    writeFileSync(join(root, '.keyward/install.lock'), String(pid))
    expect(run(root, '--install')).toMatchObject({ status: 0 })
  })
})

describe('the child that runs when this Node is too old', () => {
  const parent = (root: string) => {
    const code = 'import(process.argv[1]).then(b => b.spawnForwarding(process.execPath, [process.argv[2]]))'
    const parameters = ['-e', code, join(root, 'src/cli/bootstrap.mjs'), join(root, 'script.ts')]
    return spawn(process.execPath, parameters, { stdio: ['ignore', 'pipe', 'pipe'] })
  }
  const waiting = `
    const timer: NodeJS.Timeout = setInterval(() => {}, 1_000)
    for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(name, () => {
      process.stdout.write(name)
      clearInterval(timer)
      process.exitCode = 5
    })
    process.stdout.write('up')`

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('gets %s, and its exit code is ours', async signal => {
    const child = parent(project(`forward ${signal}`, { script: waiting }))
    let output = ''
    child.stdout.on('data', data => {
      output += String(data)
      if (output === 'up') child.kill(signal)
    })
    const [code] = await once(child, 'close')
    expect([output, code]).toEqual([`up${signal}`, 5])
  })

  test.each([
    ['SIGKILL', 137, /^$/],
    ['SIGBUS', 135, /^keyward: ended by SIGBUS: .*restore the data directory from a backup\n$/],
    ['SIGSEGV', 139, /^keyward: ended by SIGSEGV: .*\n$/],
  ])('killed by %s is 128 and its number, as in a shell, and a fault is told', async (signal, status, says) => {
    const child = parent(project(`killed ${signal}`, { script: `process.kill(process.pid, "${signal}")` }))
    let output = ''
    child.stderr.on('data', data => (output += String(data)))
    expect((await once(child, 'close'))[0]).toBe(status)
    expect(output).toMatch(says)
  })
})
