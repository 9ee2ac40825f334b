import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { StartError } from '../../src/store/error.ts'
import { commitCounter, openLmdbStore } from '../../src/store/lmdb.ts'
import { mapSize, temporaryDirectory } from './place.ts'
import { put, textOf } from './record.ts'

let directory: string
beforeEach(async () => {
  directory = await temporaryDirectory()
})
afterEach(() => rm(directory, { recursive: true }))

describe('one process owns the directory', () => {
  test('a second process is refused, and let in at once after kill -9 of the first', async () => {
    const owner = hold(directory)
    expect(await firstLine(owner)).toBe('open')
    const refused = openLmdbStore({ directory, mapSize })
    await expect(refused).rejects.toThrow(StartError)
    await expect(refused).rejects.toThrow(`data directory ${directory} is in use by another process (pid ${owner.pid})`)
    await kill(owner)
    const store = await openLmdbStore({ directory, mapSize })
    const late = hold(directory)
    expect(await firstLine(late)).toMatch(/^StartError: .* is in use by another process \(pid \d+\)$/)
    await store.close()
    const after = hold(directory)
    expect(await firstLine(after)).toBe('open')
    await kill(after)
  })

  test('threads that start at once on a new directory agree on its owner and its keys', async () => {
    const started = new SharedArrayBuffer(4)
    const threads = Array.from({ length: 4 }, (_, name) => {
      return new Worker(new URL('child/start.ts', import.meta.url), { workerData: { directory, name, of: 4, started } })
    })
    const read = await Promise.all(threads.map(async thread => ((await once(thread, 'message')) as [string[]])[0]))
    for (const texts of read) expect(texts).toEqual(['1 0', '1 1', '1 2', '1 3'])
    await Promise.all(threads.map(thread => thread.terminate()))
  })

  test.each([
    ['count their commits together', true],
    ['do not', false],
  ])('threads of the owner that %s are let in, see every acknowledged change, and keep the directory', async (_, counts) => {
    const store = await openLmdbStore({ directory, mapSize: 2 ** 30 })
    const acknowledged = new Int32Array(new SharedArrayBuffer(4))
    const commits = counts ? commitCounter() : undefined
    const threads = [150, 150, 0].map(times => startThread({ directory, times, until: 300, acknowledged, commits }))
    expect(await Promise.all(threads.map(staleReads))).toEqual([0, 0, 0])
    expect(await store.revision('counter')).toBe(300)
    await Promise.all(threads.map(thread => thread.terminate()))
    const intruder = hold(directory)
    expect(await firstLine(intruder)).toMatch(/^StartError: /)
    await store.apply([put('a', 0, 'one')])
    expect(await textOf(store, 'a')).toBe('1 one')
    await store.close()
  })

  test('control: a thread that does not hear of the others\' commits reads what is stale', async () => {
    const acknowledged = new Int32Array(new SharedArrayBuffer(4))
    const threads = [50, 0].map(times =>
      startThread({ directory, times, until: 50, acknowledged, commits: commitCounter() }))
    expect((await Promise.all(threads.map(staleReads)))[1]).toBeGreaterThan(0)
    await Promise.all(threads.map(thread => thread.terminate()))
  })
})

describe('a directory that cannot be used is named in one line', () => {
  test.each([
    ['a file in its place', async () => writeFile(join(directory, 'd'), '')],
    ['a file in the way', async () => writeFile(join(directory, 'd'), '').then(() => join(directory, 'd', 'e'))],
    ['a data file that is not LMDB', async () => {
      await mkdir(join(directory, 'd'))
      await writeFile(join(directory, 'd', 'data.mdb'), 'x'.repeat(10_000))
    }],
    ['a directory in place of the lock', async () => mkdir(join(directory, 'd', 'owner.lock'), { recursive: true })],
  ])('%s', async (_, prepare) => {
    const other = (await prepare()) as string | undefined
    const bad = other?.endsWith('e') ? other : join(directory, 'd')
    const error = await openLmdbStore({ directory: bad, mapSize }).then(() => undefined, (reason: unknown) => reason)
    expect(error).toBeInstanceOf(StartError)
    expect((error as Error).message).toMatch(new RegExp(`^data directory ${bad} cannot be (made|opened): [^\n]+$`))
  })
})

test('a store outgrows its map size without loss', async () => {
  const store = await openLmdbStore({ directory, mapSize: 2 ** 20 })
  const data = Buffer.alloc(50_000, 7)
  for (let i = 0; i < 100; i++) await store.apply([{ id: `r${i}`, expected: 0, data, keys: ['k'] }])
  await store.close()
  const reopened = await openLmdbStore({ directory, mapSize: 2 ** 20 })
  const ids = await reopened.scan('k', { limit: 1_000 })
  expect(ids).toHaveLength(100)
  for (const id of ids) expect((await reopened.read(id))?.data).toHaveLength(50_000)
  await reopened.close()
})

test('a conflict in a group fails alone', async () => {
  const store = await openLmdbStore({ directory, mapSize })
  const results = await Promise.allSettled([
    store.apply([put('a', 0, 'one')]),
    store.apply([put('b', 0, 'two'), put('a', 0, 'three')]),
    store.apply([put('c', 0, 'four')]),
  ])
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(await Promise.all(['a', 'b', 'c'].map(id => textOf(store, id)))).toEqual(['1 one', undefined, '1 four'])
  await store.close()
})

test('the directory is closed to other users', async () => {
  const inner = join(directory, 'made')
  const store = await openLmdbStore({ directory: inner, mapSize })
  await store.close()
  const { mode } = await stat(inner)
  expect(mode & 0o777).toBe(0o700)
  expect((await readFile(join(inner, 'owner'), 'latin1')).split(' ')[0]).toBe(`${process.pid}`)
})

function startThread(workerData: object): Worker {
  return new Worker(new URL('child/thread.ts', import.meta.url), { workerData })
}

async function staleReads(thread: Worker): Promise<number> {
  return (await once(thread, 'message') as [number])[0]
}

function hold(held: string): ChildProcess {
  const script = new URL('child/hold.ts', import.meta.url).pathname
  return spawn(process.execPath, [script, held], { stdio: ['ignore', 'pipe', 'inherit'] })
}

async function firstLine({ stdout }: ChildProcess): Promise<string> {
  const lines = createInterface({ input: stdout as NodeJS.ReadableStream })
  return ((await once(lines, 'line')) as [string])[0]
}

async function kill(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
}
