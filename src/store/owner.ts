import { closeSync, openSync, readFileSync, readlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { StartError } from './error.ts'

/**
 * Takes a directory for this process. LMDB loses acknowledged commits when two processes have one environment
 * open, so the second is refused before it touches the files. The lock is the operating system's (a POSIX record
 * lock, held through SQLite because Node offers no other way to it): a process that dies, however it dies, has
 * released it, and it also works between containers that share a volume.
 *
 * Other threads of the owning process are let in. The thread that was first holds the lock for all of them, so
 * it must be the last to release it: open in the main thread before workers start, close there after they end.
 *
 * @returns what releases the directory.
 * @throws StartError when another process has it.
 */
export async function ownDirectory(directory: string): Promise<() => void> {
  const ownerFile = join(directory, 'owner')
  for (let tries = 0; tries < triesMax; tries++) {
    const lock = lockFile(join(directory, 'owner.lock'))
    if (lock) {
      saveOwner(ownerFile)
      return () => lock.close()
    }
    if (loadOwner(ownerFile) === processIdentity()) return () => {}
    // A thread of this process may have the lock and not yet have said so.
    await sleep(retryMs)
  }
  const pid = loadOwner(ownerFile).split(' ')[0]
  throw new StartError(`data directory ${directory} is in use by another process (pid ${pid || 'unknown'})`)
}

function lockFile(file: string): DatabaseSync | undefined {
  const lock = new DatabaseSync(file, { timeout: 0 })
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
    return lock
  } catch (error) {
    lock.close()
    if ((error as { errcode?: number }).errcode === sqliteBusy) return undefined
    throw error
  }
}

function loadOwner(file: string): string {
  try {
    return readFileSync(file, 'latin1').trimEnd()
  } catch {
    return ''
  }
}

/** Overwrites in place at a fixed width, so that a restart on a full disk needs no new block. */
function saveOwner(file: string): void {
  const descriptor = openSync(file, 'a+', 0o600)
  closeSync(descriptor)
  const writable = openSync(file, 'r+')
  try {
    writeSync(writable, processIdentity().padEnd(ownerBytes), 0, 'latin1')
  } finally {
    closeSync(writable)
  }
}

/** The pid, when the process started, and its pid namespace: a pid alone comes again, after a restart or elsewhere. */
function processIdentity(): string {
  try {
    const fields = readFileSync('/proc/self/stat', 'latin1').replace(/^.*\) /s, '').split(' ')
    return `${process.pid} ${fields[startTimeField]} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return `${process.pid}`
  }
}

const sqliteBusy = 5
const triesMax = 20
const retryMs = 10
const ownerBytes = 128
/** Field 22 of proc_pid_stat(5), counted from the state that follows the command's closing bracket. */
const startTimeField = 19
