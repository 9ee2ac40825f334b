import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** File paths of a client's certificate and its key. */
export interface ClientFiles { readonly cert: string, readonly key: string }

export interface RunningServer {
  readonly host: string
  readonly port: number
  /** Of HTTPS; 0 where there is none. */
  readonly httpsPort: number
  /** File paths; alice and bob are in two accounts. */
  readonly certificates: { readonly ca: string, readonly alice: ClientFiles, readonly bob: ClientFiles }
  readonly directory: string
  readonly pid: number
  /** What it has written so far, both streams. */
  log(): string
  /** SIGTERM, wait, and remove its directory. @throws if it ends otherwise than by itself and well */
  stop(): Promise<void>
  /** SIGKILL; its directory stays. */
  kill(): Promise<void>
}

/**
 * Starts Keyward on a free port, in a directory of its own, with its throw-away PKI.
 *
 * @param environment further settings, over ours
 * @param directory of an earlier server that was killed
 * @param log a file descriptor for its standard error, which is then no part of `log()`
 * @throws with what the server wrote, when it ends or says nothing before it is ready
 */
export async function startServer(
  environment: Readonly<Record<string, string>> = {}, directory?: string, log: number | 'pipe' = 'pipe',
): Promise<RunningServer> {
  const home = directory ?? await mkdtemp(join(tmpdir(), 'keyward-test-'))
  const child = spawn(process.execPath, [main], {
    cwd: home,
    stdio: ['ignore', 'pipe', log],
    env: {
      ...process.env,
      KEYWARD_PORT: '0',
      KEYWARD_DATA_DIR: join(home, 'data'),
      KEYWARD_CERTS_DIR: join(home, 'certs'),
      ...environment,
    },
  })
  running.add(child)
  child.once('exit', () => running.delete(child))
  const output: string[] = []
  const { host, port } = await readiness(child, output).catch(async (error: unknown) => {
    if (directory === undefined) await rm(home, { recursive: true, force: true })
    throw error
  })
  const files = (name: string): ClientFiles => ({
    cert: join(home, 'certs', `${name}.pem`), key: join(home, 'certs', `${name}.key`),
  })
  const httpsPort = Number(/^TTLV, XML and JSON over HTTPS: https:.*:(\d+)\/kmip$/m.exec(output.join(''))?.[1] ?? 0)
  return {
    host, port, httpsPort, directory: home, pid: child.pid!,
    certificates: { ca: join(home, 'certs/ca.pem'), alice: files('alice'), bob: files('bob') },
    log: () => output.join(''),
    async stop() {
      const isThere = child.exitCode === null && child.signalCode === null
      await end(child, 'SIGTERM')
      if (isThere && child.exitCode !== 0) throw new Error(`SIGTERM ended the server by ${child.exitCode ?? child.signalCode}`)
      await rm(home, { recursive: true, force: true })
    },
    kill: () => end(child, 'SIGKILL'),
  }
}

async function readiness(child: ChildProcess, output: string[]): Promise<{ host: string, port: number }> {
  const timer = setTimeout(() => child.kill('SIGKILL'), readyMsMax)
  try {
    return await new Promise((resolve, reject) => {
      const take = (chunk: Buffer): void => {
        output.push(chunk.toString())
        const match = /^keyward ready\b.*?(\S+):(\d+)/m.exec(output.join(''))
        if (match !== null) resolve({ host: match[1]!, port: Number(match[2]) })
      }
      child.stdout!.on('data', take)
      child.stderr?.on('data', take)
      child.once('error', reject)
      child.once('exit', (code, signal) => {
        reject(new Error(`the server ended (${code ?? signal}) before it was ready:\n${output.join('')}`))
      })
    })
  } finally {
    clearTimeout(timer)
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill(signal)
  const timer = setTimeout(() => child.kill('SIGKILL'), drainMsMax)
  await ended
  clearTimeout(timer)
}

const running = new Set<ChildProcess>()
// vitest ends its workers so, and what a test that failed has left running would go on for ever.
process.once('SIGTERM', () => {
  for (const child of running) child.kill('SIGKILL')
  process.kill(process.pid, 'SIGTERM')
})

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** The first start makes keys and certificates; on a loaded machine that takes seconds. */
const readyMsMax = 30_000
const drainMsMax = 15_000
