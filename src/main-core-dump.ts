import { readFileSync, writeFileSync } from 'node:fs'

/**
 * Has the kernel leave memory out of what it writes when this process, or one that it starts, crashes: keys, PINs and the
 * passphrase are in it. Node cannot set the limit of core dumps (setrlimit), but this, and it holds for a core that is
 * piped to a program, too.
 *
 * @returns false where there is no such setting: outside Linux
 */
export function keepMemoryOutOfCoreDumps(): boolean {
  try {
    writeFileSync(filter, '0')
    return Number.parseInt(readFileSync(filter, 'latin1'), 16) === 0
  } catch {
    return false
  }
}

/** See core(5): a bit for each kind of memory that is written. Processes that are started have the same. */
const filter = '/proc/self/coredump_filter'
