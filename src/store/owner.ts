import { closeSync, openSync, readFileSync, readlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
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
export function ownDirectory(directory: string): () => void {
  const lock = new DatabaseSync(join(directory, 'owner.lock'), { timeout: 0 })
  const ownerFile = join(directory, 'owner')
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
  } catch (error) {
    lock.close()
    if ((error as { errcode?: number }).errcode !== sqliteBusy) throw error
    const owner = loadOwner(ownerFile)
    if (owner === processIdentity()) return () => {}
    const who = owner === '' ? 'another process' : `another process (pid ${owner.split(' ')[0]})`
    throw new StartError(`data directory ${directory} is in use by ${who}`)
  }
  saveOwner(ownerFile)
  return () => lock.close()
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
const ownerBytes = 128
/** Field 22 of proc_pid_stat(5), counted from the state that follows the command's closing bracket. */
const startTimeField = 19
