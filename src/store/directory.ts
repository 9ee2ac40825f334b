import { mkdir, open, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { StartError } from './error.ts'

/**
 * Makes a directory, and those above it, where it is missing, and has them on disk. Step by step: Node's own recursive one
 * never returns below a place where the system says that what is there is not (`/proc`).
 *
 * @param what names it in the error
 * @param mode of the ones that are made
 * @throws StartError, in one line that names it, if it is none and cannot be made
 */
export async function makeDirectory(what: string, path: string, mode: number): Promise<void> {
  try {
    await make(path, mode)
  } catch (error) {
    const [reason] = (error as Error).message.split(/, (?:mkdir|open|fsync)/)
    throw new StartError(`${what} ${path} cannot be made: ${reason}`, { cause: error })
  }
}

/** So that a name that a file has been given there, or has lost, is on disk. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

async function make(path: string, mode: number): Promise<void> {
  try {
    await makeOne(path, mode)
  } catch (error) {
    const parent = dirname(path)
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === path) throw error
    await make(parent, mode)
    await makeOne(path, mode)
  }
}

async function makeOne(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path, { mode })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    // What is there may be a file, or a link to nowhere.
    const there = await stat(path).catch(() => undefined)
    if (there?.isDirectory() !== true) throw error
    return
  }
  await syncDirectory(dirname(path))
}
