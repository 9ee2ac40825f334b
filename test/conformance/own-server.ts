import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { issueClientCertificate, makePki } from '../../src/server/pki.ts'
import type { Curve } from '../../src/server/pki.ts'
import { clientProfiles } from './presupposed.ts'
import type { Endpoint } from './transport.ts'

export interface OwnServer {
  /** @param client alice or bob, or the name of a client profile: each in another account */
  endpointOf(client: string): Endpoint
  stop(): Promise<void>
}

export interface OwnServerOptions {
  /** Of the certificates. */
  readonly curve?: Curve
  readonly randomNumberGenerator?: 'ansi-x9.31'
}

/**
 * Starts our own server on free ports, with a data directory and certificates that are thrown away.
 *
 * @throws Error when it is not ready in time, with what it has written
 */
export async function startOwnServer(
  { curve = 'P-256', randomNumberGenerator }: OwnServerOptions = {},
): Promise<OwnServer> {
  const directory = mkdtempSync(join(tmpdir(), 'keyward-conformance-'))
  const certificates = join(directory, 'certs')
  await makePki(certificates, Date.now(), { curve })
  for (const name of profileClients) {
    await issueClientCertificate({ directory: certificates, name, account: name, days: 1, nowMs: Date.now() })
  }
  const configuration = { clientProfiles: withClients(), ...(randomNumberGenerator && { randomNumberGenerator }) }
  writeFileSync(join(directory, 'keyward.json'), JSON.stringify(configuration))
  const main = new URL('../../src/main.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [main], {
    cwd: directory,
    env: {
      ...process.env, KEYWARD_HOST: '127.0.0.1', KEYWARD_PORT: '0', KEYWARD_HTTPS_PORT: '0',
      KEYWARD_DATA_DIR: join(directory, 'data'), KEYWARD_CERTS_DIR: certificates, KEYWARD_LOG_LEVEL: 'error',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const stop = async () => {
    child.kill('SIGTERM')
    await exited
    rmSync(directory, { recursive: true, force: true })
  }
  try {
    const ready = await readyText(child.stdout, child.stderr, exited)
    const port = Number(/^keyward ready.*:(\d+)/m.exec(ready)?.[1])
    const httpsPort = Number(/https:.*:(\d+)\/kmip/.exec(ready)?.[1])
    const server = { port, httpsPort, host: '127.0.0.1' }
    return { endpointOf: (client) => endpointFor(client, server, certificates), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** One of the clients of a directory made by `makePki`, or added to it. */
export function endpointFor(
  client: string, server: Pick<Endpoint, 'host' | 'port' | 'httpsPort'>, certificates: string,
): Endpoint {
  const read = (name: string) => readFileSync(join(certificates, name))
  return { ...server, ca: read('ca.pem'), cert: read(`${client}.pem`), key: read(`${client}.key`) }
}

function withClients(): Record<string, object> {
  return Object.fromEntries(Object.entries(clientProfiles).map(([name, settings]) => (
    [name, { clients: [name], ...settings }])))
}

const profileClients = Object.keys(clientProfiles)

/** Everything that the server has written, once it is ready. */
function readyText(
  stdout: NodeJS.ReadableStream, stderr: NodeJS.ReadableStream, exited: Promise<void>,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const written: string[] = []
    const fail = (why: string) => reject(new Error(`the server ${why}\n${written.join('\n')}`))
    const timer = setTimeout(() => fail('is not ready in 30 s'), 30_000)
    void exited.then(() => fail('has stopped'))
    // The streams are read to the end, so that the server never waits for us.
    createInterface(stderr).on('line', (line) => written.push(line))
    createInterface(stdout).on('line', (line) => {
      written.push(line)
      if (!line.startsWith('keyward ready')) return
      clearTimeout(timer)
      resolve(written.join('\n'))
    })
  })
}
