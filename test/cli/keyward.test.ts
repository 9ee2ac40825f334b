import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { commands } from '../../src/cli/commands.ts'
import { dateText, printable } from '../../src/cli/output.ts'
import { makePki } from '../../src/server/pki.ts'
import { startServer } from '../support/server.ts'
import type { RunningServer } from '../support/server.ts'
import { matches, parseScript, run } from './script.ts'
import type { Bindings } from './script.ts'

let server: RunningServer
let certs: string
const tmp = mkdtempSync(join(tmpdir(), 'keyward-cli-'))

beforeAll(async () => {
  server = await startServer()
  certs = dirname(server.certificates.ca)
  await makePki(join(tmp, 'other'), Date.now())
  copyFileSync(join(tmp, 'other/ca.pem'), join(tmp, 'other-ca.pem'))
}, 60_000)
afterAll(async () => {
  rmSync(tmp, { recursive: true })
  await server.stop()
})

const connection = () => ({ KEYWARD_PORT: String(server.port), KEYWARD_CERTS_DIR: certs })

describe('fixtures/cli', () => {
  const directory = new URL('../../fixtures/cli/', import.meta.url)
  test.each(readdirSync(directory))('%s', async (file) => {
    const bindings: Bindings = new Map()
    for (const step of parseScript(readFileSync(new URL(file, directory), 'utf8'), { tmp, certs })) {
      const result = await run([...step.words(bindings), '--json'], { stdin: step.stdin, environment: connection() })
      const said = `${step.line}\n${result.stdout}${result.stderr}`
      expect(result.exitCode, said).toBe(step.exitCode)
      expect(matches(JSON.parse(result.stdout || result.stderr), step.expected, bindings), said).toBe(true)
    }
  }, 60_000)

  test('what is expected is compared', () => {
    const known: Bindings = new Map([['id', 'a']])
    expect(matches({ id: 'a', more: 1 }, { id: '@id' }, known)).toBe(true)
    expect(matches({ id: 'b' }, { id: '@id' }, known)).toBe(false)
    expect(matches({}, { id: '@id' }, known)).toBe(false)
    expect(matches(['a', 'b'], ['a'], known)).toBe(false)
    expect(matches({ id: 'b' }, { id: 'a' }, known)).toBe(false)
  })
})

describe('for people', () => {
  const say = (words: string[], io = {}) => run(words, { environment: connection(), ...io })

  test('every command has a help, which costs no connection', async () => {
    const general = await run(['--help'], {})
    expect(general).toMatchObject({ exitCode: 0, stderr: '' })
    const names = Object.entries(commands).flatMap(([name, entry]) => (
      'commands' in entry ? Object.keys(entry.commands).map((member) => `${name} ${member}`) : [name]))
    for (const name of names) {
      expect(general.stdout).toContain(`  ${name} `)
      const help = await run([...name.split(' '), '--help'], {})
      expect(help).toMatchObject({ exitCode: 0, stderr: '' })
      expect(help.stdout).toMatch(new RegExp(`^keyward ${name}: `))
      expect(await run(['help', ...name.split(' ')], {})).toEqual(help)
    }
    expect((await run(['certificate', '--help'], {})).stdout).toContain('certificate issue')
    expect((await run(['--version'], {})).stdout).toMatch(/^keyward \d/)
  })

  test('tables, and dates in local time and in UTC', async () => {
    const created = await say(['create', '--name', 'table', '--activate'])
    expect(created.stdout).toMatch(/^Unique Identifier {2}\S+\nactive\n$/)
    expect((await say(['locate', '--name', 'table'])).stdout).toMatch(
      /^UNIQUE IDENTIFIER +NAME +TYPE +ALGORITHM +BITS +STATE\n\S+ +table +SymmetricKey +AES +256 +Active\n1 found\n$/)
    const names = Array.from({ length: 30 }, (_, number) => ['--name', `many-${number}`]).flat()
    await say(['create', ...names])
    expect((await say(['locate', '--name', 'many-29'])).stdout).toMatch(/many-0, many-1, many-2, many-3, many-4 \+25 +Symm/)
    const shown = await say(['show', 'name:table'])
    expect(shown.stdout).toMatch(/^Activation Date +[\d-]{10} [\d:]{8} ([+-]\d\d:\d\d \([\d-]{10} [\d:]{8} UTC\)|UTC)$/m)
    const refused = await say(['show', 'no-such-key'])
    expect(refused.stderr).toMatch(/^keyward: ObjectNotFound: .+\n$/)
  })

  test('a date is told in the zone of the machine', () => {
    const zone = process.env['TZ']
    try {
      process.env['TZ'] = 'Asia/Kolkata'
      expect(dateText(1_700_000_000)).toBe('2023-11-15 03:43:20 +05:30 (2023-11-14 22:13:20 UTC)')
      process.env['TZ'] = 'America/St_Johns'
      expect(dateText(1_700_000_000)).toBe('2023-11-14 18:43:20 -03:30 (2023-11-14 22:13:20 UTC)')
      process.env['TZ'] = 'UTC'
      expect(dateText(1_700_000_000)).toBe('2023-11-14 22:13:20 UTC')
    } finally {
      if (zone === undefined) delete process.env['TZ']
      else process.env['TZ'] = zone
    }
  })

  test('names of others do nothing to the terminal', () => {
    expect(printable('a\u001b[2J\u202eb\nc')).toBe('a\\u{1b}[2J\\u{202e}b\\u{a}c')
  })

  test('a secret is printed on a terminal only when asked for; what is no secret always is', async () => {
    await say(['register', '-', '--type', 'secret', '--name', 'hush'], { stdin: 'hush-hush' })
    const terminal = { isTerminal: true }
    const refused = await say(['get', 'name:hush'], terminal)
    expect(refused).toMatchObject({ exitCode: 2, stdout: '' })
    expect(await say(['get', 'name:hush', '--json'], terminal)).toMatchObject({ exitCode: 2, stdout: '' })
    const hex = `${Buffer.from('hush-hush').toString('hex')}\n`
    expect(await say(['get', 'name:hush', '--show'], terminal)).toMatchObject({ exitCode: 0, stdout: hex })
    expect(await say(['get', 'name:hush'])).toMatchObject({ exitCode: 0, stdout: hex })
    expect(await say(['get', 'name:hush', '--encoding', 'raw'])).toMatchObject({ exitCode: 0, stdout: 'hush-hush' })
    await say(['create', '-a', 'ec', '--name', 'open'])
    const id = (await say(['locate', '--name', 'open', '--type', 'public', '--ids'])).stdout.trim()
    expect((await say(['get', id], terminal)).stdout).toMatch(/^-----BEGIN PUBLIC KEY-----\n/)
  })

  test('on a terminal, data ends its line; where it goes elsewhere, it is as it was', async () => {
    const { stdout } = await say(['key', 'create', '--alias', 'alias/line', '--json'])
    const { ciphertext } = JSON.parse((await say(['encrypt', 'alias/line', '--data', 'x', '--blob', '--json'])).stdout)
    expect(JSON.parse(stdout)).toMatchObject({ state: 'Enabled' })
    const words = ['decrypt', '--blob', ciphertext]
    expect(await say(words, { isTerminal: true })).toMatchObject({ exitCode: 0, stdout: 'x\n' })
    expect(await say(words)).toMatchObject({ exitCode: 0, stdout: 'x' })
  })

  test('a file that cannot be decrypted leaves nothing, however early that shows', async () => {
    writeFileSync(join(tmp, 'garbage'), 'no envelope')
    for (let round = 0; round < 20; round += 1) {
      const words = ['file', 'decrypt', '--in', join(tmp, 'garbage'), '--out', join(tmp, 'nothing')]
      expect(await say(words)).toMatchObject({ exitCode: 2, stderr: expect.not.stringContaining('there already') })
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(['nothing', 'nothing.part'].filter((name) => existsSync(join(tmp, name)))).toEqual([])
  })

  test('a file is written for its owner alone, and never over another', async () => {
    const path = join(tmp, 'key.hex')
    const words = ['get', 'name:table', '--out', path]
    await say(['create', '--name', 'table-2'])
    words[1] = 'name:table-2'
    expect(await say(words)).toMatchObject({ exitCode: 0 })
    expect(statSync(path).mode.toString(8)).toBe('100600')
    const before = readFileSync(path, 'utf8')
    expect(await say(words)).toMatchObject({ exitCode: 2, stderr: `keyward: ${path} is there already\n` })
    expect(readFileSync(path, 'utf8')).toBe(before)
  })

  test('no data is missed on a terminal, where nobody knows that it is waited for', async () => {
    expect(await say(['encrypt', 'x'], { isTerminal: true })).toMatchObject({ exitCode: 2 })
  })
})

describe('the program', () => {
  const bin = new URL('../../src/cli/keyward.mjs', import.meta.url).pathname
  const options = () => ['--port', String(server.port), '--certs', certs]
  const keyward = (...words: string[]) => spawnSync(process.execPath, [bin, ...words], { cwd: tmp, encoding: 'utf8' })

  test('the command that the server prints works from any directory', () => {
    const pasted = /^ +node (.+)$/m.exec(server.log())?.[1]?.split(' ') ?? []
    expect(pasted.slice(-3)).toEqual(['create', '--name', 'first-key'])
    const result = spawnSync(process.execPath, pasted, { cwd: '/', encoding: 'utf8' })
    expect(result).toMatchObject({ status: 0, stderr: '' })
    const found = keyward(...options(), 'locate', '--name', 'first-key')
    expect(found.stdout).toMatch(/ first-key +SymmetricKey +AES +256 +PreActive/)
  })

  test('bytes go through pipes unchanged', () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, value) => value))
    writeFileSync(join(tmp, 'bytes'), bytes)
    keyward(...options(), 'create', '--name', 'pipe', '--activate')
    const message = keyward(...options(), 'encrypt', 'name:pipe', '--in', join(tmp, 'bytes')).stdout
    const plain = spawnSync(process.execPath, [bin, ...options(), 'decrypt'], { cwd: tmp, input: message })
    expect(plain.stdout.equals(bytes)).toBe(true)
  })

  test('an issued certificate is a caller of its account', () => {
    expect(keyward(...options(), 'certificate', 'issue', 'carol', '--account', 'gamma')).toMatchObject({ status: 0 })
    expect(statSync(join(certs, 'carol.key')).mode.toString(8)).toBe('100400')
    expect(keyward(...options(), '--as', 'carol', 'create', '--name', 'of-carol')).toMatchObject({ status: 0 })
    const found = JSON.parse(keyward(...options(), '--as', 'carol', 'locate', '--ids', '--json').stdout)
    expect(found.uniqueIdentifier).toHaveLength(1)
    expect(keyward(...options(), '--as', 'alice', 'show', found.uniqueIdentifier[0])).toMatchObject({ status: 1 })
  })

  test('a reader that goes away is no failure', async () => {
    const child = spawn('/bin/sh', ['-c', `"${process.execPath}" "${bin}" --help | head -n 1; echo done`], { cwd: tmp })
    let output = ''
    child.stdout.on('data', (chunk) => (output += String(chunk)))
    let errors = ''
    child.stderr.on('data', (chunk) => (errors += String(chunk)))
    await once(child, 'close')
    expect([output.split('\n').at(-2), errors]).toEqual(['done', ''])
  })

  test('a disk that is full is told in one line', async () => {
    const child = spawn('/bin/sh', ['-c', `"${process.execPath}" "${bin}" --help >/dev/full`], { cwd: tmp })
    let errors = ''
    child.stderr.on('data', (chunk) => (errors += String(chunk)))
    const [code] = await once(child, 'close')
    expect([code, errors]).toEqual([2, 'keyward: standard output cannot be written (ENOSPC)\n'])
  })

  test('serve is the server', async () => {
    const words = ['--port', '0', '--certs', 'served-certs', 'serve', '--data-dir', 'served']
    const child = spawn(process.execPath, [bin, ...words], {
      cwd: tmp, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, KEYWARD_LOG_LEVEL: 'error' },
    })
    let output = ''
    const ready = new Promise<void>((resolve, reject) => {
      child.once('exit', () => reject(new Error(output)))
      child.stdout.on('data', (chunk) => {
        output += String(chunk)
        if (/^keyward ready/m.test(output)) resolve()
      })
    })
    await ready
    const port = /^keyward ready.*:(\d+)/m.exec(output)?.[1] ?? ''
    expect(keyward('--port', port, '--certs', 'served-certs', 'create', '--json')).toMatchObject({ status: 0 })
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    expect((await ended)[0]).toBe(0)
    expect(readdirSync(join(tmp, 'served'))).toContain('root.key')
  }, 60_000)
})
