import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Client } from '../../src/client/client.ts'
import { KmipError } from '../../src/kmip/error.ts'
import { RevocationReasonCode, State } from '../../src/kmip/generated/enums.ts'
import { createAes, material, openClient, shapes } from '../support/client.ts'
import { seed } from '../support/seed.ts'
import { startServer } from '../support/server.ts'
import type { RunningServer } from '../support/server.ts'

/** What the clients know of an object: the last state that the server has acknowledged, and the one asked for. */
interface Known {
  acknowledged: number
  asked: number
  material: string | undefined
}

describe('kill -9 under a mixed load of 16 clients', () => {
  it('loses nothing that was acknowledged, in 20 rounds over 100,000 objects, and starts within 5 s', async () => {
    const { lost, objects, slowestStartMs } = await rounds(20, 100_000, {})
    expect(objects).toBeGreaterThan(1_000)
    expect(lost).toEqual([])
    expect(slowestStartMs).toBeLessThan(5_000)
  }, 300_000)

  it('control: acknowledged before the commit, something is lost', async () => {
    const { lost } = await rounds(4, 0, { KEYWARD_TEST_ACKNOWLEDGE: 'before-commit' })
    expect(lost.length).toBeGreaterThan(0)
  }, 120_000)
})

async function rounds(count: number, seeded: number, environment: Record<string, string>) {
  const home = mkdtempSync(join(tmpdir(), 'keyward-kill-'))
  const known = new Map<string, Known>()
  const lost: string[] = []
  let slowestStartMs = 0
  try {
    if (seeded > 0) await seed(join(home, 'data'), 0, seeded, 'alpha')
    for (let round = 0; round <= count; round += 1) {
      const began = performance.now()
      const server = await startServer({ KEYWARD_LOG_LEVEL: 'error', ...environment }, home)
      slowestStartMs = Math.max(slowestStartMs, performance.now() - began)
      lost.push(...await verify(server, known))
      if (round === count) {
        await server.kill()
        break
      }
      const clients = Promise.all(Array.from({ length: 16 }, () => work(server, known)))
      await new Promise((resolve) => setTimeout(resolve, 200 + Math.random() * 1_000))
      await server.kill()
      await clients
    }
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
  return { lost, objects: known.size, slowestStartMs }
}

/** Creates, reads and moves objects through their lives until the server is gone. */
async function work(server: RunningServer, known: Map<string, Known>): Promise<void> {
  const mine: string[] = []
  let client: Client | undefined
  try {
    client = await openClient(server)
    for (;;) {
      const dice = Math.random()
      const uniqueIdentifier = mine[Math.floor(Math.random() * mine.length)]
      if (uniqueIdentifier === undefined || dice < 0.2) mine.push(await create(client, known))
      else if (dice < 0.3) await advance(client, uniqueIdentifier, known.get(uniqueIdentifier)!)
      else await read(client, uniqueIdentifier, known.get(uniqueIdentifier)!)
    }
  } catch (error) {
    if (error instanceof KmipError) throw error
  } finally {
    client?.close()
  }
}

async function create(client: Client, known: Map<string, Known>): Promise<string> {
  const uniqueIdentifier = await createAes(client)
  known.set(uniqueIdentifier, { acknowledged: State.PreActive, asked: State.PreActive, material: undefined })
  return uniqueIdentifier
}

async function advance(client: Client, uniqueIdentifier: string, object: Known): Promise<void> {
  const next = { [State.PreActive]: State.Active, [State.Active]: State.Deactivated, [State.Deactivated]: State.Destroyed }
  const target = (next as Record<number, number>)[object.acknowledged]
  if (target === undefined) return
  object.asked = target
  if (target === State.Active) await client.request(shapes.activate, { uniqueIdentifier })
  if (target === State.Deactivated) {
    const revocationReason = { revocationReasonCode: RevocationReasonCode.CessationOfOperation }
    await client.request(shapes.revoke, { uniqueIdentifier, revocationReason })
  }
  if (target === State.Destroyed) await client.request(shapes.destroy, { uniqueIdentifier })
  object.acknowledged = target
}

async function read(client: Client, uniqueIdentifier: string, object: Known): Promise<void> {
  if (object.asked !== State.Destroyed) object.material ??= await material(client, uniqueIdentifier)
}

/** The objects that are not as they were acknowledged. */
async function verify(server: RunningServer, known: ReadonlyMap<string, Known>): Promise<string[]> {
  const client = await openClient(server)
  const problems: string[] = []
  await Promise.all([...known].map(async ([uniqueIdentifier, object]) => {
    try {
      const { attributes } = await client.request(shapes.getAttributes, {
        uniqueIdentifier, attributeReference: [{ name: 'state' }],
      })
      const state = attributes?.state
      if (state !== object.acknowledged && state !== object.asked) problems.push(`${uniqueIdentifier}: state ${state}`)
      else if (state !== State.Destroyed && object.material !== undefined) {
        if (await material(client, uniqueIdentifier) !== object.material) problems.push(`${uniqueIdentifier}: material`)
      }
      object.acknowledged = state ?? object.acknowledged
    } catch (error) {
      problems.push(`${uniqueIdentifier}: ${(error as Error).message}`)
    }
  }))
  client.close()
  return problems
}
