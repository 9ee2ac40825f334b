import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { StartError } from './error.ts'

/**
 * Makes a directory, and those above it, where it is missing. Step by step: Node's own recursive one never returns below
 * a place where the system says that what is there is not (`/proc`).
 *
 * @param what names it in the error
 * @param mode of the ones that are made
 * @throws StartError, in one line that names it, if it is none and cannot be made
 */
export function makeDirectory(what: string, path: string, mode: number): void {
  try {
    make(path, mode)
  } catch (error) {
    const [reason] = (error as Error).message.split(', mkdir')
    throw new StartError(`${what} ${path} cannot be made: ${reason}`, { cause: error })
  }
}

function make(path: string, mode: number): void {
  try {
    makeOne(path, mode)
  } catch (error) {
    const parent = dirname(path)
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === path) throw error
    make(parent, mode)
    makeOne(path, mode)
  }
}

function makeOne(path: string, mode: number): void {
  try {
    mkdirSync(path, { mode })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    // What is there may be a file, or a link to nowhere.
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) throw error
  }
}
