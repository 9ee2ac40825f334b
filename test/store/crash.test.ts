import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openLmdbStore } from '../../src/store/lmdb.ts'
import { mapSize, temporaryDirectory } from './place.ts'

let directory: string
beforeEach(async () => {
  directory = await temporaryDirectory()
})
afterEach(() => rm(directory, { recursive: true }))

test('kill -9 of sixteen writers, eight rounds: no acknowledged change is lost', async () => {
  const acknowledged = new Map<string, number>()
  for (let round = 0; round < 8; round++) await writeUntilKilled(round, 'durable', acknowledged)
  expect(acknowledged.size).toBeGreaterThan(1_000)
  expect(await lostOf(acknowledged)).toEqual([])
}, 60_000)

test('negative control: acknowledging before the commit loses changes', async () => {
  const acknowledged = new Map<string, number>()
  for (let round = 0; round < 3; round++) await writeUntilKilled(round, 'before-commit', acknowledged)
  expect((await lostOf(acknowledged)).length).toBeGreaterThan(0)
}, 60_000)

/** Collects each record's last acknowledged revision, 0 for a delete; what was cut off mid-line is not acknowledged. */
async function writeUntilKilled(round: number, mode: string, acknowledged: Map<string, number>): Promise<void> {
  const script = new URL('child/write.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [script, directory, `${round}`, mode], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })
  const closed = once(lines, 'close')
  const opened = once(lines, 'line')
  lines.on('line', line => {
    const [, id, revision] = /^(w\S+) ([012])$/.exec(line) ?? []
    if (id !== undefined) acknowledged.set(id, Number(revision))
  })
  await opened
  await sleep(100 + round * 60)
  child.kill('SIGKILL')
  await closed
}

/**
 * The records that are not as acknowledged, nor one step further (the next change may have been committed and the
 * process killed before it said so), or that an index scan does not find as it should.
 */
async function lostOf(acknowledged: ReadonlyMap<string, number>): Promise<string[]> {
  const store = await openLmdbStore({ directory, mapSize })
  const indexed = new Set<string>()
  for (let writer = 0; writer < 16; writer++) {
    for (const id of await store.scan(`w${writer}`, { limit: 1_000_000 })) indexed.add(id)
  }
  const lost: string[] = []
  for (const [id, revision] of acknowledged) {
    const found = await store.revision(id)
    const isDeletable = Number(id.split('-')[2]) % 3 === 0
    const further = revision === 1 ? 2 : isDeletable ? 0 : 2
    const isAsSaid = found === revision || found === further
    if (!isAsSaid || indexed.has(id) !== found > 0) lost.push(`${id} ${revision} ${found}`)
  }
  await store.close()
  return lost
}
