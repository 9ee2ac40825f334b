import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createAes, material, openClient } from '../support/client.ts'
import { volatileDisk } from '../support/disk.ts'
import { startServer } from '../support/server.ts'

/**
 * kill -9 leaves what the operating system has taken, whether or not the disk has it. Here the disk keeps no more than it
 * was made to keep.
 */
describe('the power fails while 8 clients create keys, from the first start of the server on', () => {
  it('nothing that was acknowledged is lost', async () => {
    const { acknowledged, lost } = await keysLost({})
    expect(acknowledged).toBeGreaterThan(20)
    expect(lost).toEqual([])
  }, 60_000)

  it.each(['before-commit', 'before-sync'])('control: acknowledged %s, something is', async (acknowledge) => {
    const { lost } = await keysLost({ KEYWARD_TEST_ACKNOWLEDGE: acknowledge })
    expect(lost.length).toBeGreaterThan(0)
  }, 60_000)
})

async function keysLost(environment: Record<string, string>): Promise<{ acknowledged: number, lost: string[] }> {
  const place = mkdtempSync(join(tmpdir(), 'keyward-power-'))
  const [home, workshop, data, after] = ['home', 'workshop', 'home/data', 'after'].map((name) => join(place, name)) as Four
  try {
    mkdirSync(workshop)
    mkdirSync(data, { recursive: true })
    const disk = volatileDisk(data, workshop, syncMs)
    const server = await startServer({ ...disk.environment, ...environment }, home)
    const keys = new Map<string, string>()
    const clients = Promise.all(Array.from({ length: 8 }, async () => {
      const client = await openClient(server)
      for (;;) {
        const id = await createAes(client)
        keys.set(id, await material(client, id))
      }
    })).catch(() => undefined)
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    await server.kill()
    await clients
    disk.afterPowerLoss(after)
    return { acknowledged: keys.size, lost: await missingOf(keys, home, after) }
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

/** The keys that a server on what is left does not have; all of them, if it does not even start. */
async function missingOf(keys: ReadonlyMap<string, string>, home: string, dataDirectory: string): Promise<string[]> {
  const server = await startServer({ KEYWARD_DATA_DIR: dataDirectory }, home).catch((error: Error) => error)
  if (server instanceof Error) return [server.message]
  const client = await openClient(server)
  const missing: string[] = []
  for (const [id, expected] of keys) {
    if (await material(client, id).catch((error: Error) => error.message) !== expected) missing.push(id)
  }
  client.close()
  await server.kill()
  return missing
}

type Four = [string, string, string, string]
/** Longer than anything else that happens between a commit and its answer. */
const syncMs = 20
