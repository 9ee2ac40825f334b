import { setFlagsFromString } from 'node:v8'

/**
 * Has each thread collect the young garbage of its requests itself. It is little at a time: to wake V8's helper threads
 * for it costs more than they save, and takes the cores that clients and other threads are on. Old garbage is collected
 * beside the work as ever. For the whole process, before its load begins.
 */
export function collectYoungGarbageAlone(): void {
  for (const flag of ['--no-parallel-scavenge', '--no-concurrent-array-buffer-sweeping']) setFlagsFromString(flag)
}
