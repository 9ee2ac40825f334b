import { closeSync, openSync, readFileSync, readSync } from 'node:fs'

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
