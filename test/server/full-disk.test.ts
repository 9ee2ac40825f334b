import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { KmipError } from '../../src/kmip/error.ts'
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
    const server = await startServer({ KEYWARD_DATA_DIR: join(disk, 'data') })
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
    await createAes(client)
    await server.kill()
    const again = await startServer({ KEYWARD_DATA_DIR: join(disk, 'data') })
    const later = await openClient(again)
    for (const [identifier, bytes] of made) expect(await material(later, identifier)).toBe(bytes)
    later.close()
    await again.stop()
  }, 120_000)
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
