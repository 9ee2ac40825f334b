import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Checks that a directory's data file, if it has one, is LMDB's, because the native code ends the process on another
 * kind of file.
 *
 * @throws Error in one line.
 */
export function checkDataFile(directory: string): void {
  let file: number
  try {
    file = openSync(join(directory, 'data.mdb'), 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  try {
    const { size } = fstatSync(file)
    const head = Buffer.alloc(headBytes)
    readSync(file, head, 0, headBytes, 0)
    const isLmdb = size >= metaPagesBytes && magicOffsets.some(offset => head.readUInt32LE(offset) === magic)
    // A crash of the very first start can leave it empty.
    if (size > 0 && !isLmdb) throw new Error('data.mdb is not an LMDB data file')
  } finally {
    closeSync(file)
  }
}

/** MDB_MAGIC of lmdb.c, behind the page header of lmdb 3 and of lmdb 1 and 2. */
const magic = 0xbeef_c0de
const magicOffsets = [24, 16]
const headBytes = 32
const metaPagesBytes = 8_192
