import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { KmipError } from '../../src/kmip/error.ts'
import { LogOutput } from '../../src/main-log.ts'
import { createAes, material, openClient } from '../support/client.ts'
import { startServer } from '../support/server.ts'

const isRoot = process.getuid?.() === 0
let disk: string

beforeAll(() => {
  disk = mkdtempSync(join(tmpdir(), 'keyward-disk-'))
  if (isRoot) execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', disk])
})
afterAll(() => {
  if (isRoot) execFileSync('umount', ['-l', disk])
  rmSync(disk, { recursive: true, force: true })
})

describe('a full disk', () => {
  it.skipIf(!isRoot)('refuses writes, keeps reading, loses nothing, and recovers without a restart (needs mount)', async () => {
    const ballast = join(disk, 'ballast')
    writeFileSync(ballast, Buffer.alloc(12 * 2 ** 20))
    const log = openSync(join(disk, 'log'), 'a')
    const server = await startServer({ KEYWARD_DATA_DIR: join(disk, 'data') }, undefined, log)
    closeSync(log)
    const client = await openClient(server)
    const made = new Map<string, string>()
    const refused = await fill(async () => {
      const identifier = await createAes(client)
      made.set(identifier, await material(client, identifier))
    })
    expect(refused).toBeInstanceOf(KmipError)
    expect(refused).toMatchObject({ reason: 'GeneralFailure' })
    expect(made.size).toBeGreaterThan(100)
    for (const [identifier, bytes] of made) expect(await material(client, identifier)).toBe(bytes)

    rmSync(ballast)
    const last = await createAes(client)
    await expect.poll(() => readFileSync(join(disk, 'log'), 'utf8')).toContain(last)
    await server.kill()
    const again = await startServer({ KEYWARD_DATA_DIR: join(disk, 'data') })
    const later = await openClient(again)
    for (const [identifier, bytes] of made) expect(await material(later, identifier)).toBe(bytes)
    later.close()
    await again.stop()
  }, 120_000)

  it.skipIf(!isRoot)('has the lines of the log as soon as there is room again (needs mount)', async () => {
    const [path, lines] = [join(disk, 'lines'), Array.from({ length: 10_000 }, (_, n) => `${n} ${'x'.repeat(200)}\n`)]
    const log = openSync(path, 'a')
    const output: LogOutput = new LogOutput(log, (count) => output.write(`lost ${count}\n`))
    const ballast = join(disk, 'ballast')
    expect(() => writeFileSync(ballast, Buffer.alloc(17 * 2 ** 20))).toThrow('ENOSPC')
    for (const line of lines) output.write(line)
    await setTimeout(500)
    expect(readFileSync(path).length).toBeLessThan(10_000)
    rmSync(ballast)
    await expect.poll(() => readFileSync(path, 'utf8')).toBe(lines.join(''))
    closeSync(log)
  })

  it('that has no room for the log stops nothing', async () => {
    const full = openSync('/dev/full', 'w')
    const server = await startServer({ KEYWARD_WORKERS: '2' }, undefined, full)
    closeSync(full)
    const client = await openClient(server)
    for (let count = 0; count < 20; count += 1) await material(client, await createAes(client))
    client.close()
    await server.stop()
  })
})

/** Writes until it is refused, and gives the refusal. */
async function fill(write: () => Promise<void>): Promise<unknown> {
  for (let count = 0; count < 100_000; count += 1) {
    try {
      await write()
    } catch (error) {
      return error
    }
  }
  throw new Error('the disk did not fill up')
}
