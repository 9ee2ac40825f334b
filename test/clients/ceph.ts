import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { ensurePackages } from '../support/debian.ts'
import { startServer } from '../support/server.ts'

const usage = `usage: npm run clients:ceph [-- --host H --port P --ca FILE --cert FILE --key FILE]

Ceph's object gateway, unmodified, with server-side encryption under keys of a KMIP server: a cluster of one
monitor, one manager and one object store in memory, in a temporary directory, without systemd. Without options
against a Keyward of its own, with them against any KMIP server.

Prints one JSON line per check. Exit code 1: one failed; 2: it could not be run; 77: Ceph cannot be installed.
`

/** @returns the exit code */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean' }, host: { type: 'string' }, port: { type: 'string' },
      ca: { type: 'string' }, cert: { type: 'string' }, key: { type: 'string' },
    },
  })
  if (values.help === true) {
    process.stdout.write(usage)
    return 0
  }
  const reason = await ensurePackages(packages)
  if (reason !== undefined) {
    process.stderr.write(`skipped: ${reason}\n`)
    return 77
  }
  const { host = '', port = '', ca = '', cert = '', key = '' } = values
  if (host !== '') return runGateway({ host, port, ca, cert, key })
  const server = await startServer()
  const { ca: ownCa, alice } = server.certificates
  try {
    return await runGateway({ host: server.host, port: String(server.port), ca: ownCa, ...alice })
  } finally {
    await server.stop()
  }
}

interface Kmip {
  readonly host: string
  readonly port: string
  readonly ca: string
  readonly cert: string
  readonly key: string
}

async function runGateway(kmip: Kmip): Promise<number> {
  const home = await mkdtemp(join(tmpdir(), 'keyward-ceph-'))
  const daemons: ChildProcess[] = []
  const interrupted = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort())
  const deadline = AbortSignal.any([interrupted.signal, AbortSignal.timeout(clusterMsMax)])
  try {
    const endpoint = await startCluster(home, kmip, daemons, deadline)
    const words = [
      fileURLToPath(new URL('ceph_s3.py', import.meta.url)), '--endpoint', endpoint, '--template', keyTemplate,
      ...Object.entries(kmip).flatMap(([name, value]) => [`--${name}`, value]),
    ]
    const client = spawn('/usr/bin/python3', words, { stdio: 'inherit', signal: deadline })
    const [code] = await once(client, 'exit') as [number | null]
    if (code !== 0) process.stderr.write(await logTail(home))
    return code ?? 1
  } catch (error) {
    process.stderr.write(`${String(error)}\n${await logTail(home)}`)
    return 1
  } finally {
    await Promise.all(daemons.reverse().map(stop))
    await rm(home, { recursive: true, force: true })
  }
}

/** @returns the gateway's URL, when it answers */
async function startCluster(
  home: string, kmip: Kmip, daemons: ChildProcess[], signal: AbortSignal,
): Promise<string> {
  for (const folder of ['mon', 'mgr', 'osd', 'rgw', 'log', 'run']) await mkdir(join(home, folder))
  const [monitorPort, gatewayPort] = [await freePort(), await freePort()]
  const fsid = randomUUID()
  const config = join(home, 'ceph.conf')
  await writeFile(config, configuration(home, kmip, { fsid, monitorPort, gatewayPort }))
  const env = { ...process.env, CEPH_CONF: config }
  const run = async (command: string, ...words: string[]): Promise<string> =>
    (await promisify(execFile)(command, words, { env, signal, timeout: commandMsMax })).stdout
  // Of a monitor that has just started, a command may be refused (EPERM) or never be answered.
  const insist = async (command: string, ...words: string[]): Promise<string> => {
    for (;;) {
      const result = await run(command, ...words).catch((error: unknown) => error as Failure)
      if (typeof result === 'string') return result
      if (/exists/.test(result.stderr ?? '')) return ''
      signal.throwIfAborted()
      process.stderr.write(`again: ${result.message}\n`)
      await sleep(1_000, undefined, { signal })
    }
  }
  const start = (command: string, ...words: string[]): void => {
    const log = openSync(join(home, 'log', `${command}.out`), 'a')
    daemons.push(spawn(command, [...words, '-f'], { env, stdio: ['ignore', log, log] }))
    closeSync(log)
  }
  const map = join(home, 'monmap')
  // Plain --add would register the second message protocol too, and clients would hang on it.
  await run('monmaptool', '--create', '--fsid', fsid, '--addv', 'a', `[v1:127.0.0.1:${monitorPort}]`, map)
  await run('ceph-mon', '--mkfs', '-i', 'a', '--monmap', map)
  start('ceph-mon', '-i', 'a')
  const osd = randomUUID()
  await insist('ceph', 'osd', 'new', osd)
  await run('ceph-osd', '-i', '0', '--mkfs', '--osd-uuid', osd)
  start('ceph-osd', '-i', '0')
  start('ceph-mgr', '-i', 'x')
  // Pools that are asked for earlier may never become active, and whoever asked would wait for ever.
  while (!isUp(await insist('ceph', 'status', '--format', 'json'))) await sleep(500, undefined, { signal })
  const account = ['--uid=test', '--display-name=test', '--access-key=AKTEST', '--secret=SKTEST']
  await insist('radosgw-admin', 'user', 'create', ...account)
  start('radosgw', '-n', 'client.rgw')
  const endpoint = `http://127.0.0.1:${gatewayPort}`
  while (!await fetch(endpoint, { signal }).then(({ ok }) => ok, () => false)) await sleep(500, undefined, { signal })
  return endpoint
}

function isUp(status: string): boolean {
  const { osdmap, mgrmap } = JSON.parse(status) as Status
  return osdmap.num_up_osds === 1 && mgrmap.available
}

interface Failure extends Error { readonly stderr?: string }

interface Status { readonly osdmap: { readonly num_up_osds: number }, readonly mgrmap: { readonly available: boolean } }

interface Addresses { readonly fsid: string, readonly monitorPort: number, readonly gatewayPort: number }

function configuration(home: string, kmip: Kmip, { fsid, monitorPort, gatewayPort }: Addresses): string {
  return `[global]
fsid = ${fsid}
mon host = v1:127.0.0.1:${monitorPort}
public addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
osd pool default size = 1
osd pool default min size = 1
osd crush chooseleaf type = 0
osd objectstore = memstore
memstore device bytes = 1073741824
mon allow pool size one = true
mon data avail crit = 1
mon data avail warn = 2
run dir = ${home}/run
admin socket = ${home}/run/$name.asok
log file = ${home}/log/$name.log
[mon.a]
mon data = ${home}/mon
[mgr.x]
mgr data = ${home}/mgr
[osd.0]
osd data = ${home}/osd
[client.rgw]
rgw data = ${home}/rgw
rgw frontends = beast endpoint=127.0.0.1:${gatewayPort}
rgw crypt require ssl = false
rgw crypt s3 kms backend = kmip
rgw crypt kmip addr = ${kmip.host}:${kmip.port}
rgw crypt kmip ca path = ${kmip.ca}
rgw crypt kmip client cert = ${kmip.cert}
rgw crypt kmip client key = ${kmip.key}
rgw crypt kmip username = ceph
rgw crypt kmip password = anything
rgw crypt kmip kms key template = ${keyTemplate}
`
}

/** What the gateway says about KMIP, and its last words: -4 Located Items, -13 a split response, -14 out of step. */
async function logTail(home: string): Promise<string> {
  const lines = (await readFile(join(home, 'log/client.rgw.log'), 'utf8').catch(() => '')).split('\n')
  const relevant = lines.filter((line) => /kmip|decode|ERROR/i.test(line)).slice(-20)
  return `${[...relevant, '...', ...lines.slice(-10)].join('\n')}\n`
}

async function stop(daemon: ChildProcess): Promise<void> {
  if (daemon.exitCode !== null || daemon.signalCode !== null) return
  const ended = once(daemon, 'exit')
  daemon.kill('SIGTERM')
  const timer = setTimeout(() => daemon.kill('SIGKILL'), stopMsMax)
  await ended
  clearTimeout(timer)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

const packages = ['radosgw', 'ceph-mon', 'ceph-osd', 'ceph-mgr', 'ceph-common', 'python3-boto3', 'python3-pykmip']
const keyTemplate = 'ceph-$keyid'

/** A cluster is up in about 20 seconds; a machine shared with others needs several times that. */
const clusterMsMax = 300_000
const commandMsMax = 40_000
const stopMsMax = 10_000

main().then((code) => {
  process.exitCode = code
}, (error: unknown) => {
  process.stderr.write(`clients:ceph: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 2
})
