import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Endpoint } from './transport.ts'

export interface OwnServer {
  readonly endpoint: Endpoint
  /** Of another account. */
  readonly otherEndpoint: Endpoint
  stop(): Promise<void>
}

/**
 * Starts our own server on a free port, with a data directory that is thrown away.
 *
 * @throws Error when it is not ready in time, with what it has written
 */
export async function startOwnServer(): Promise<OwnServer> {
  const directory = mkdtempSync(join(tmpdir(), 'keyward-conformance-'))
  const certificates = join(directory, 'certs')
  const main = new URL('../../src/main.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [main], {
    cwd: directory,
    env: {
      ...process.env, KEYWARD_HOST: '127.0.0.1', KEYWARD_PORT: '0', KEYWARD_DATA_DIR: join(directory, 'data'),
      KEYWARD_CERTS_DIR: certificates,
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
    const ready = await readyLine(child.stdout, child.stderr, exited)
    const port = Number(/:(\d+)(?!.*:\d)/.exec(ready)?.[1])
    const read = (name: string) => readFileSync(join(certificates, name))
    const server = { host: '127.0.0.1', port, ca: read('ca.pem') }
    return {
      endpoint: { ...server, cert: read('alice.pem'), key: read('alice.key') },
      otherEndpoint: { ...server, cert: read('bob.pem'), key: read('bob.key') },
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

function readyLine(
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
      resolve(line)
    })
  })
}
