import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  createReadStream, createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync, statSync, statfsSync,
  truncateSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Progress, barText } from '../../src/cli/progress.ts'
import { startServer } from '../support/server.ts'
import type { RunningServer } from '../support/server.ts'

/** The whole way of a file of 1 GB: the command, a real server, and the memory that the system says was used. */

const fileBytes = 1_000_000_000
/** Of the process, all told: some 80 MB are Node's own and the client's before the first byte. */
const memoryMbMax = 300

let server: RunningServer
const directory = mkdtempSync(join(tmpdir(), 'keyward-large-'))
const place = (name: string) => join(directory, name)

beforeAll(async () => {
  server = await startServer()
  await keyward('key', 'create', '--alias', 'alias/large')
}, 60_000)
afterAll(async () => {
  rmSync(directory, { recursive: true })
  await server.stop()
})

/** It is there three times for a moment. */
const { bavail, bsize } = statfsSync(directory)
const isPossible = existsSync('/proc/self/status') && bavail * bsize > 4 * fileBytes

describe('a file', () => {
  test.skipIf(!isPossible)('of 1 GB is encrypted and decrypted in constant memory', async () => {
    await pipeline(blocks(fileBytes), createWriteStream(place('plain')))
    const encrypting = await keyward('file', 'encrypt', 'alias/large', '--in', place('plain'), '--out', place('sealed'))
    expect(encrypting.peakMb).toBeLessThan(memoryMbMax)
    const chunks = Math.ceil(fileBytes / 1_048_576)
    expect(statSync(place('sealed')).size).toBeGreaterThan(fileBytes + 16 * chunks)
    const decrypting = await keyward('file', 'decrypt', '--in', place('sealed'), '--out', place('again'))
    expect(decrypting.peakMb).toBeLessThan(memoryMbMax)
    expect(await digest(place('again'))).toBe(await digest(place('plain')))
  }, 300_000)

  test('is refused whole when its end is missing, and leaves nothing', async () => {
    await pipeline(blocks(3_000_000), createWriteStream(place('short')))
    await keyward('file', 'encrypt', 'alias/large', '--in', place('short'), '--out', place('cut'))
    truncateSync(place('cut'), statSync(place('cut')).size - 1)
    await expect(keyward('file', 'decrypt', '--in', place('cut'), '--out', place('whole'))).rejects.toThrow('damaged')
    expect([existsSync(place('whole')), existsSync(place('whole.part'))]).toEqual([false, false])
  }, 60_000)
})

describe('the progress bar', () => {
  test.each([
    [0, 1_000, '[                              ]   0 % 0 B of 1.0 kB'],
    [500, 1_000, '[###############               ]  50 % 500 B of 1.0 kB'],
    [1_000_000_000, 1_000_000_000, '[##############################] 100 % 1.0 GB of 1.0 GB'],
    [0, 0, '[##############################] 100 % 0 B of 0 B'],
    [2_500_000, undefined, '2.5 MB'],
  ])('of %i in %s is %j', (done, total, bar) => expect(barText(done, total)).toBe(bar))

  test.each([true, false])('on a terminal (%s) only', async (isTTY) => {
    const written: string[] = []
    let nowMs = 0
    const write = (text: string | Uint8Array) => written.push(Buffer.from(text).toString())
    const io = { stderr: { isTTY, write }, nowMs: () => nowMs }
    const progress = new Progress(io, 4)
    for await (const chunk of progress.watch(slowly())) expect(chunk).toHaveLength(1)
    expect(written.join('')).toBe(isTTY ? [
      '\r[#######                       ]  25 % 1 B of 4 B 5 B/s\u001b[K',
      '\r[###############               ]  50 % 2 B of 4 B 5 B/s\u001b[K',
      '\r[##############################] 100 % 4 B of 4 B 10 B/s\u001b[K\n',
    ].join('') : '')

    async function* slowly(): AsyncGenerator<Buffer> {
      for (const ms of [200, 200, 1, 0]) {
        nowMs += ms
        yield Buffer.alloc(1)
      }
    }
  })
})

/** Runs the command and watches its memory. @throws with what it said, when it fails */
async function keyward(...words: string[]): Promise<{ peakMb: number }> {
  const main = join(import.meta.dirname, '../../src/cli/main.ts')
  const child = spawn(process.execPath, [main, ...words], {
    env: {
      ...process.env, KEYWARD_PORT: String(server.port), KEYWARD_CERTS_DIR: dirname(server.certificates.ca),
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const said: Buffer[] = []
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk))
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  let peakMb = 0
  while (child.exitCode === null && child.signalCode === null) {
    peakMb = Math.max(peakMb, peakOf(child.pid!))
    await sleep(20)
  }
  if (await ended !== 0) throw new Error(Buffer.concat(said).toString())
  return { peakMb }
}

/** The highest resident set so far, which the system keeps. */
function peakOf(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1_024
  } catch {
    return 0
  }
}

function* blocks(bytes: number): Generator<Buffer> {
  const block = Buffer.alloc(1_000_000)
  for (let at = 0; at < bytes; at += block.length) {
    block.writeUInt32BE(at)
    yield Buffer.from(block)
  }
}

async function digest(path: string): Promise<string> {
  const sha = createHash('sha256')
  for await (const chunk of createReadStream(path, { highWaterMark: 1_048_576 })) sha.update(chunk as Buffer)
  return sha.digest('hex')
}
