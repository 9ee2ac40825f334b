import { open } from 'lmdb'
import type { Database, RootDatabase } from 'lmdb'
import { checkChanges, checkLease, isId } from './bounds.ts'
import { makeDirectory, syncDirectory } from './directory.ts'
import { StartError } from './error.ts'
import { groupCommit } from './group-commit.ts'
import { checkDataFile } from './lmdb-file.ts'
import { decodeData, decodeHead, decodeRevision, encodeRecord } from './layout.ts'
import type { RecordHead } from './layout.ts'
import { monotonicMs, nextLease } from './lease.ts'
import type { LeaseRecord } from './lease.ts'
import { ownDirectory } from './owner.ts'
import { RevisionConflict, StoreUnavailable } from './store.ts'
import type { Change, IndexKey, Store } from './store.ts'
import { writeBehind } from './write-behind.ts'

export interface LmdbOptions {
  /** Made (mode 0700) if it does not exist. One process at a time may have it open, with any number of threads. */
  readonly directory: string
  /**
   * Bytes of address space to map the store in; more than it will ever need, because that costs neither disk nor
   * memory. A store that outgrows it is mapped anew.
   */
  readonly mapSize: number
  /**
   * Another one than `durable` is for tests only: the negative control of the promise that an acknowledged change
   * survives. `before-commit` resolves `apply` at once and hands the change to LMDB some milliseconds later, which a kill
   * loses; `before-sync` leaves it to the system when the disk has it, which a power failure loses.
   */
  readonly acknowledge?: 'durable' | 'before-commit' | 'before-sync' | undefined
  /** The lease clock, in milliseconds. */
  readonly nowMs?: () => number
  /**
   * One number in shared memory (see `commitCounter`), the same for all threads that have the store open: each counts
   * its commits in it, so that what was read is known to be current until it moves. Absent: nothing is known so.
   */
  readonly commits?: Int32Array
}

/** For `LmdbOptions.commits`. */
export function commitCounter(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
}

/**
 * Opens the LMDB store. `apply` resolves after fdatasync; calls that are made while a commit is under way share the
 * next one.
 *
 * @throws StartError if the directory cannot be made or read, is no LMDB store, or belongs to another process.
 */
export async function openLmdbStore(options: LmdbOptions): Promise<Store> {
  const { root, tables, release } = await openFiles(options)
  const nowMs = options.nowMs ?? monotonicMs
  const reading = new Reading(root, options.commits)
  const transaction = async (body: () => void): Promise<void> => {
    await transact(root, body)
    reading.changed()
  }
  const writes = groupCommit(transaction, error => error instanceof RevisionConflict)

  const store: Store = {
    revision(id) {
      reading.refresh()
      const known = reading.revisions.get(id)
      if (known !== undefined) return known
      const bytes = isId(id) ? tables.records.getBinaryFast(id) : undefined
      const revision = bytes === undefined ? 0 : decodeRevision(bytes)
      reading.revisions.set(id, revision)
      return revision
    },
    async read(id) {
      if (!isId(id)) return undefined
      reading.refresh()
      const bytes = tables.records.getBinaryFast(id)
      return bytes && { id, revision: decodeRevision(bytes), data: decodeData(bytes, bytes.length) }
    },
    async apply(changes) {
      checkChanges(changes)
      const bytes = changes.reduce((sum, { data }) => sum + (data?.length ?? 0), 0)
      await writes.add(() => applyChanges(tables, changes, reading), bytes)
    },
    async scan(key, { after, limit, descending = false }) {
      reading.refresh()
      const [first, last] = [indexEntry(key, ''), Buffer.from(`${key}\x01`, 'latin1')]
      const entries = tables.index.getKeys(descending
        ? {
            start: after === undefined ? last : indexEntry(key, after),
            exclusiveStart: true, end: first, limit, reverse: true,
          }
        : { start: after === undefined ? first : indexEntry(key, `${after}\0`), end: last, limit })
      return Array.from(entries, entry => Buffer.from(entry).toString('latin1', key.length + 1))
    },
    async lease(name, holder, ms) {
      checkLease(name, holder, ms)
      return writes.add(() => takeLease(tables.leases, name, holder, ms, nowMs()), 0)
    },
    async close() {
      await writes.settled()
      await root.close()
      release()
    },
  }
  return options.acknowledge === 'before-commit' ? writeBehind(store, writeBehindMs) : store
}

interface Tables {
  readonly records: Database<Buffer, string>
  readonly index: Database<Buffer, Uint8Array>
  readonly leases: Database<LeaseRecord, string>
}

interface OpenFiles {
  readonly root: RootDatabase
  readonly tables: Tables
  readonly release: () => void
}

async function openFiles({ directory, mapSize, acknowledge }: LmdbOptions): Promise<OpenFiles> {
  let release = () => {}
  try {
    await makeDirectory('data directory', directory, 0o700)
    release = await ownDirectory(directory)
    checkDataFile(directory)
    const noSync = acknowledge === 'before-sync'
    const root = open({ path: directory, noSubdir: false, mapSize, maxDbs: 8, noSync, ...safeSettings })
    const tables: Tables = {
      records: root.openDB({ name: 'records', encoding: 'binary' }),
      index: root.openDB({ name: 'index', encoding: 'binary', keyEncoding: 'binary' }),
      leases: root.openDB({ name: 'leases', encoding: 'json' }),
    }
    await syncDirectory(directory)
    return { root, tables, release }
  } catch (error) {
    release()
    if (error instanceof StartError) throw error
    const reason = (error as Error).message.split('\n')[0]
    throw new StartError(`data directory ${directory} cannot be opened: ${reason}`, { cause: error })
  }
}

/**
 * What this thread sees. lmdb keeps a read transaction for a turn of the event loop, in which another thread may have
 * committed and acknowledged; to renew it for each read costs more than the read, so it is renewed when the threads'
 * count of commits has moved, which each moves before it acknowledges.
 */
class Reading {
  /** What was read since the last commit, 0 for what is not there. */
  readonly revisions = new Map<string, number>()
  readonly #root: RootDatabase
  readonly #commits: Int32Array | undefined
  #seen: number | undefined

  constructor(root: RootDatabase, commits: Int32Array | undefined) {
    this.#root = root
    this.#commits = commits
  }

  /** Before every read. What `getBinaryFast` then gives is valid until the next one. */
  refresh(): void {
    const now = this.#commits && Atomics.load(this.#commits, 0)
    if (now !== undefined && now === this.#seen && this.revisions.size < revisionsMax) return
    this.#seen = now
    this.revisions.clear()
    this.#root.resetReadTxn()
  }

  /** Before a commit is acknowledged; also when one is met that its thread has not counted yet. */
  changed(): void {
    if (this.#commits !== undefined) Atomics.add(this.#commits, 0, 1)
  }
}

/**
 * One atomic, durable transaction. `childTransaction`, because `transaction` commits what a callback that throws had
 * already put.
 */
async function transact(root: RootDatabase, body: () => void): Promise<void> {
  try {
    await root.childTransaction(() => {
      body()
    })
  } catch (error) {
    throw new StoreUnavailable('the store cannot commit', { cause: await commitErrorOf(error) })
  }
}

/** lmdb hangs the reason of a failed commit on the error, as a promise that rejects and must not go unhandled. */
async function commitErrorOf(error: unknown): Promise<unknown> {
  const { commitError } = error as { commitError?: Promise<never> }
  if (commitError === undefined) return error
  const reason = commitError.catch((cause: unknown) => cause)
  const giveUp = new Promise(resolve => {
    setTimeout(resolve, commitErrorMs, error)
  })
  return Promise.race([reason, giveUp])
}

/** Runs inside a transaction. All revisions are checked before anything is put, so a conflict has changed nothing. */
function applyChanges({ records, index }: Tables, changes: readonly Change[], reading: Reading): void {
  const heads = changes.map(({ id, expected }) => {
    const bytes = records.getBinaryFast(id)
    const head = bytes === undefined ? absent : decodeHead(bytes)
    if (head.revision !== expected) {
      reading.changed()
      throw new RevisionConflict(id)
    }
    return head
  })
  for (const [i, { id, expected, data, keys }] of changes.entries()) {
    const before = new Set((heads[i] as RecordHead).keys)
    const after = new Set(data ? keys : [])
    for (const key of before) if (!after.has(key)) void index.remove(indexEntry(key, id))
    for (const key of after) if (!before.has(key)) void index.put(indexEntry(key, id), noBytes)
    if (data) void records.put(id, encodeRecord(expected + 1, [...after], data))
    else void records.remove(id)
  }
}

function takeLease(
  leases: Database<LeaseRecord, string>, name: string, holder: string, ms: number, nowMs: number,
): number | undefined {
  const next = nextLease(leases.get(name), holder, ms, nowMs)
  if (next) void leases.put(name, next)
  return next?.fence
}

/** Neither part can hold a NUL, so the entries of one key are one range, in the order of their ids. */
function indexEntry(key: IndexKey, id: string): Buffer {
  return Buffer.from(`${key}\0${id}`, 'latin1')
}

/**
 * The first, with an explicit map size, because lmdb otherwise loses acknowledged commits when another process opens
 * the environment; the second because its batches make promises of their own, whose rejection on a full disk nobody
 * could handle and would end the process.
 */
const safeSettings = { overlappingSync: false, eventTurnBatching: false }
/** Some 10 MB. */
const revisionsMax = 50_000
const absent: RecordHead = { revision: 0, keys: [] }
const noBytes = Buffer.alloc(0)
const writeBehindMs = 50
/** The reason arrives in the same turn as the failure, or never. */
const commitErrorMs = 50
