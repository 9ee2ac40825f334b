import { execFileSync } from 'node:child_process'
import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import type { RunningServer } from './server.ts'

/** The memory of a server that is not swapped out, in MiB. */
export function residentMiB({ pid }: RunningServer): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)![1]) / 1024
}

/** All that a process can write to, which is what a core would have of it. */
export function memoryOf(pid: number): Buffer[] {
  const file = openSync(`/proc/${pid}/mem`, 'r')
  try {
    return readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n').flatMap((line) => {
      const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? []
      if (from === undefined || to === undefined) return []
      const start = Number.parseInt(from, 16)
      const length = Number.parseInt(to, 16) - start
      // Address space that is only reserved, as the map of the store is, is larger than all memory.
      if (length > 0x4000_0000) return []
      const bytes = Buffer.alloc(length)
      try {
        return [bytes.subarray(0, readSync(file, bytes, 0, length, start))]
      } catch {
        return []
      }
    })
  } finally {
    closeSync(file)
  }
}

/** What the kernel writes of a process that crashes, hexadecimal (core(5)). */
export function coreFilter(pid: number): string {
  return readFileSync(`/proc/${pid}/coredump_filter`, 'latin1').trim()
}

/** Why this machine gives no core as a file beside the process, or nothing. */
export function coreMissing(): string | undefined {
  const pattern = readFileSync('/proc/sys/kernel/core_pattern', 'latin1').trim()
  return /^core[^/]*$/.test(pattern) ? undefined : `the kernel sends cores elsewhere: ${pattern}`
}

/** Ends the server as a crash does. @returns its core */
export async function coreOf({ pid, directory }: RunningServer): Promise<Buffer> {
  execFileSync('prlimit', ['--pid', String(pid), '--core=unlimited:unlimited'])
  process.kill(pid, 'SIGABRT')
  while (isThere(pid)) await new Promise((resolve) => setTimeout(resolve, 50))
  const name = readdirSync(directory).find((file) => file.startsWith('core'))
  if (name === undefined) throw new Error('there is no core')
  return readFileSync(join(directory, name))
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
