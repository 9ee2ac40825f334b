import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { generateKeyPairSync, sign } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ConnectionOptions } from 'node:tls'
import { makePki } from '../../src/server/pki.ts'
import { Tag } from '../../src/kmip/generated/tags.ts'
import { decodeItem } from '../../src/ttlv/item.ts'
import type { Item } from '../../src/ttlv/item.ts'
import { argumentsOf } from '../support/arguments.ts'
import { seed } from '../support/seed.ts'
import { exchange, load, loadConnections, open } from './load.ts'
import type { Rate } from './load.ts'
import { requests } from './requests.ts'

/**
 * Requests per second and latencies of a bare mutual-TLS echo, of this server and of PyKMIP's
 * server, side by side in one run on this machine; the ratios are what counts.
 */
const usage = 'npm run bench -- [--seconds 4] [--connections 16] [--objects 1000000] [--pykmip FILE]\n'
const { seconds, connections, objects, pykmip: pykmipServer } = argumentsOf('bench', usage, {
  seconds: 4, connections: 16, objects: 1_000_000, pykmip: '/usr/bin/pykmip-server',
})
const home = mkdtempSync(join(tmpdir(), 'keyward-bench-'))
const certificates = join(home, 'certs')
const children: ChildProcess[] = []
const results = new Map<string, Rate>()
/** Odd, so that one is in the middle. */
const turns = 9

try {
  await makePki(certificates, Date.now())
  const pykmip = await startPykmip()
  await measureOurs(pykmip)
  await measureLocate()
  if (pykmip !== undefined) await measureRestOf(pykmip)
  report()
} finally {
  // With what they have started themselves: PyKMIP's server has a process that outlives it and keeps ours waiting.
  const running = children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)
  for (const { pid } of running) if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  rmSync(home, { recursive: true, force: true })
}

async function measureOurs(pykmip: Pykmip | undefined): Promise<void> {
  const data = join(home, 'data')
  await seed(data, 0, 1_000, 'alpha')
  const [echo, server] = [await startEcho(), await startKeyward(data)]
  const [bare, tls] = [tlsTo(echo.port), tlsTo(server.port)]
  const wire = requests(104)
  const aes = await made(tls, wire.createAes)
  const rsa = await made(tls, wire.createRsa)
  const ec = await made(tls, wire.createEc)
  const loadAwake = (of: ConnectionOptions, { pid }: Started, request: Buffer) => (turn: Turn) =>
    load(of, [request], connections, turn.seconds, { pid, awake: true, ...turn })
  await recordInTurn({
    'echo': loadAwake(bare, echo, wire.get(aes)),
    'Get': loadAwake(tls, server, wire.get(aes)),
    'Encrypt AES-256-GCM 64 B': loadAwake(tls, server, wire.encryptGcm(aes)),
    ...(pykmip !== undefined && {
      'PyKMIP Get': (turn) => loadPykmip(pykmip, pykmip.wire.get(pykmip.aes), turn),
      'PyKMIP Encrypt AES-256-CBC 64 B': (turn) => loadPykmip(pykmip, pykmip.wire.encryptCbc(pykmip.aes), turn),
    }),
  })
  await recordInTurn({
    'Sign RSA-2048': (turn) => load(tls, [wire.signRsa(rsa)], connections, turn.seconds, { pid: server.pid, ...turn }),
    'openssl RSA-2048, same cores': (turn) => signAlone('rsa', turn.seconds),
  })
  await recordInTurn({
    'echo, new connections': (turn) => loadConnections(bare, wire.get(aes), 8, turn.seconds),
    'new connections': (turn) => loadConnections(tls, wire.get(aes), 8, turn.seconds),
  })
  await record('Sign P-256', () => load(tls, [wire.signEc(ec)], connections, seconds, { pid: server.pid }))
  await record('Create', () => load(tls, [wire.createAes], connections, seconds, { pid: server.pid }))
  await echo.stop()
  await server.stop()
}

/** A thousand names, each of which is asked for in the first warm-up. */
async function measureLocate(): Promise<void> {
  const servers = new Map<number, Started>()
  for (const count of new Set([1_000, objects])) servers.set(count, await startWith(count))
  await recordInTurn(Object.fromEntries([...servers].map(([count, server]) => {
    const [tls, wanted] = [tlsTo(server.port), names(requests(104), count)]
    return [locateBy(count), (turn: Turn) => load(tls, wanted, connections, turn.seconds, { pid: server.pid, ...turn })]
  })))
  for (const server of servers.values()) await server.stop()
}

async function startWith(count: number): Promise<Started> {
  const data = join(home, String(count))
  await seed(data, 0, count, 'alpha')
  const began = performance.now()
  const server = await startKeyward(data)
  process.stdout.write(`start with ${count} objects: ${Math.round(performance.now() - began)} ms\n`)
  return server
}

function locateBy(count: number): string {
  return `Locate by Name, ${count.toLocaleString('en')} objects`
}

/** PyKMIP's server with two keys; idle, it takes nothing from what is measured beside it. */
interface Pykmip {
  readonly pid: number
  readonly tls: ConnectionOptions
  readonly wire: ReturnType<typeof requests>
  readonly aes: string
  readonly rsa: string
}

/** @returns undefined where there is none */
async function startPykmip(): Promise<Pykmip | undefined> {
  const port = 15_696 + (process.pid % 1_000)
  const config = join(home, 'pykmip.conf')
  writeFileSync(config, [
    '[server]', 'hostname=127.0.0.1', `port=${port}`, `certificate_path=${certificates}/server.pem`,
    `key_path=${certificates}/server.key`, `ca_path=${certificates}/ca.pem`, 'auth_suite=TLS1.2',
    `policy_path=${home}`, `database_path=${home}/pykmip.db`, '',
  ].join('\n'))
  const child = start(pykmipServer, ['-f', config, '-l', join(home, 'pykmip.log')], {})
  child.once('error', () => process.stdout.write(`no PyKMIP server at ${pykmipServer}: its rates are left out\n`))
  const tls = { ...tlsTo(port), maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES256-SHA384:DEFAULT@SECLEVEL=0' } as const
  for (let tries = 0; ; tries += 1) {
    if (child.exitCode !== null || child.pid === undefined || tries > 100) return undefined
    const socket = await open(tls).catch(() => undefined)
    if (socket !== undefined) break
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  const wire = requests(102)
  const aes = await made(tls, wire.createAes)
  const rsa = await made(tls, wire.createRsa)
  for (const key of [aes, rsa]) await ask(tls, wire.activate(key))
  return { pid: child.pid, tls, wire, aes, rsa }
}

function loadPykmip({ tls, pid }: Pykmip, request: Buffer, turn?: Turn): Promise<Rate> {
  return load(tls, [request], 4, turn?.seconds ?? seconds, { pid, ...turn })
}

async function measureRestOf(pykmip: Pykmip): Promise<void> {
  const { tls, wire, aes, rsa } = pykmip
  await record('PyKMIP Sign RSA-2048', () => loadPykmip(pykmip, wire.signRsa(rsa)))
  await record('PyKMIP Create', () => loadPykmip(pykmip, wire.createAes))
  await record('PyKMIP new connections', () => loadConnections(tls, wire.get(aes), 4, seconds))
}

function report(): void {
  const rate = (name: string) => results.get(name)?.perSecond ?? Number.NaN
  const ratio = (name: string, over: string, target: string) =>
    `${(rate(name) / rate(over)).toFixed(2).padStart(9)}  ${name} / ${over}${target}`
  const cpuRatio = (name: string, over: string) => {
    const [one, other] = [results.get(name)?.cpu?.server, results.get(over)?.cpu?.server]
    const each = ((other ?? Number.NaN) / (one ?? Number.NaN)).toFixed(2)
    return `${each.padStart(9)}  ${name} / ${over}, per second of server CPU`
  }
  const lines = [...results].map(([name, { perSecond, p50Ms, p99Ms, cpu }]) => {
    const each = Math.round(perSecond).toLocaleString('en').padStart(9)
    const client = cpu?.client === undefined ? '' : `, client ${cpu.client.toFixed(1)} us`
    const used = cpu === undefined ? '' : `  CPU ${cpu.server.toFixed(1)} us${client}`
    return `${each}/s  p50 ${p50Ms.toFixed(2)} ms  p99 ${p99Ms.toFixed(2)} ms${used}  ${name}`
  })
  process.stdout.write([
    ...lines, '', 'ratios of this run:',
    ratio('Get', 'echo', ' (target 0.5)'),
    ratio('Encrypt AES-256-GCM 64 B', 'echo', ' (target 0.5)'),
    cpuRatio('Get', 'echo'),
    cpuRatio('Encrypt AES-256-GCM 64 B', 'echo'),
    ratio('Sign RSA-2048', 'openssl RSA-2048, same cores', ' (target 0.7)'),
    ratio(locateBy(objects), locateBy(1_000), ' (must not slow down)'),
    ratio('new connections', 'echo, new connections', ''),
    ratio('Get', 'PyKMIP Get', ' (target 100)'),
    ratio('Encrypt AES-256-GCM 64 B', 'PyKMIP Encrypt AES-256-CBC 64 B', ' (target 100)'),
    ratio('Sign RSA-2048', 'PyKMIP Sign RSA-2048', ''),
    ratio('Create', 'PyKMIP Create', ''),
    '',
  ].join('\n'))
}

async function record(name: string, measure: () => Promise<Rate>): Promise<void> {
  results.set(name, await measure())
  process.stdout.write(`${name}: ${Math.round(results.get(name)!.perSecond)}/s\n`)
}

/**
 * What is compared with each other, in turn: a machine is not equally fast all the time. Of each, the middle rate counts.
 * The turns are short and many, and only the first one warms up for long.
 */
async function recordInTurn(measures: Readonly<Record<string, (turn: Turn) => Promise<Rate>>>): Promise<void> {
  const rates = new Map(Object.keys(measures).map((name) => [name, [] as Rate[]]))
  for (let number = 0; number < turns; number += 1) {
    const turn = { seconds: 3 * seconds / turns, warmUpMs: number === 0 ? 3_000 : 300 }
    for (const [name, measure] of Object.entries(measures)) rates.get(name)!.push(await measure(turn))
  }
  for (const [name, all] of rates) {
    const [middle] = all.toSorted((a, b) => a.perSecond - b.perSecond).slice((turns - 1) / 2)
    await record(name, () => Promise.resolve(middle!))
  }
}

interface Turn {
  readonly seconds: number
  readonly warmUpMs: number
}

/** What OpenSSL signs with the same key size, with as many calls in flight, and nothing else. */
async function signAlone(type: 'rsa', duration: number): Promise<Rate> {
  const { privateKey } = generateKeyPairSync(type, { modulusLength: 2048 })
  const data = Buffer.alloc(64, 7)
  const end = performance.now() + duration * 1000
  let count = 0
  await Promise.all(Array.from({ length: connections }, async () => {
    while (performance.now() < end) {
      await new Promise<void>((resolve, reject) => {
        sign('sha256', data, privateKey, (error) => error === null ? resolve() : reject(error))
      })
      count += 1
    }
  }))
  return { perSecond: count / duration, p50Ms: Number.NaN, p99Ms: Number.NaN }
}

interface Started {
  readonly port: number
  readonly pid: number
  stop(): Promise<void>
}

async function startEcho(): Promise<Started> {
  const child = start(process.execPath, [join(import.meta.dirname, 'echo.ts'), certificates], {})
  const [first] = await once(child.stdout!, 'data') as [Buffer]
  return { port: Number(first.toString()), pid: child.pid!, stop: () => end(child) }
}

async function startKeyward(data: string): Promise<Started> {
  const child = start(process.execPath, [join(import.meta.dirname, '../../src/main.ts')], {
    KEYWARD_PORT: '0', KEYWARD_DATA_DIR: data, KEYWARD_CERTS_DIR: certificates, KEYWARD_LOG_LEVEL: 'warn',
  })
  let output = ''
  for await (const chunk of child.stdout! as AsyncIterable<Buffer>) {
    output += chunk.toString()
    const match = /^keyward ready on .*:(\d+)$/m.exec(output)
    if (match !== null) return { port: Number(match[1]), pid: child.pid!, stop: () => end(child) }
  }
  throw new Error(`the server did not start: ${output}`)
}

function start(command: string, args: string[], environment: Record<string, string>): ChildProcess {
  const child = spawn(command, args, {
    env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'inherit'], detached: true,
  })
  children.push(child)
  return child
}

async function end(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  await exited
}

function tlsTo(port: number): ConnectionOptions {
  const file = (name: string) => readFileSync(join(certificates, name))
  return { host: '127.0.0.1', port, ca: file('ca.pem'), cert: file('alice.pem'), key: file('alice.key') }
}

/** The (private) key that a request makes. */
async function made(tls: ConnectionOptions, request: Buffer): Promise<string> {
  const answer = await ask(tls, request)
  const identifier = find(answer, Tag.PrivateKeyUniqueIdentifier) ?? find(answer, Tag.UniqueIdentifier)
  if (typeof identifier !== 'string') throw new Error(`nothing was made: ${String(find(answer, Tag.ResultMessage))}`)
  return identifier
}

async function ask(tls: ConnectionOptions, request: Buffer): Promise<Item> {
  const socket = await open(tls)
  const answer = decodeItem(await exchange(socket, request))
  socket.destroy()
  return answer
}

function find(item: Item, tag: number): unknown {
  if (item.tag === tag) return item.value
  if (item.type !== 0x01) return undefined
  for (const child of item.value) {
    const found = find(child, tag)
    if (found !== undefined) return found
  }
  return undefined
}

/** Locates of a thousand names spread over all. */
function names(wire: ReturnType<typeof requests>, count: number): Buffer[] {
  return Array.from({ length: 1_000 }, (_, at) => wire.locate(`bench-${Math.floor((at * count) / 1_000)}`))
}
