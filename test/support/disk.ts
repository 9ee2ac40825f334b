import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What a server needs in its environment so that `afterPowerLoss` knows what it has made durable (`test/server/disk.c`). */
export interface Disk {
  readonly environment: Readonly<Record<string, string>>
  /** Makes a directory of what of `root` would be there if the power had failed now. */
  afterPowerLoss(target: string): void
}

/**
 * @param root where the server keeps its files; what is there already is taken for lost, but for what it makes durable again
 * @param workshop an empty directory, elsewhere
 * @param syncMs how long it takes to make something durable
 */
export function volatileDisk(root: string, workshop: string, syncMs: number): Disk {
  const [shim, kept] = [join(workshop, 'disk.so'), join(workshop, 'kept')]
  mkdirSync(kept)
  execFileSync('gcc', ['-Wall', '-shared', '-fPIC', '-o', shim, new URL('../server/disk.c', import.meta.url).pathname, '-ldl'])
  return {
    environment: { LD_PRELOAD: shim, DISK_ROOT: root, DISK_KEPT: kept, DISK_SYNC_MS: String(syncMs) },
    afterPowerLoss: (target) => restore(kept, String(statSync(root).ino), target),
  }
}

/** A name that leads to nothing durable is an empty file, which is what file systems leave of it. */
function restore(kept: string, inode: string, path: string): void {
  const [names, bytes] = [join(kept, `d${inode}`), join(kept, `f${inode}`)]
  if (!existsSync(names)) return writeFileSync(path, existsSync(bytes) ? readFileSync(bytes) : '', { mode: 0o600 })
  mkdirSync(path, { mode: 0o700 })
  for (const line of readFileSync(names, 'utf8').trimEnd().split('\n')) {
    const [inside, name] = /^(\d+) (.*)$/.exec(line)!.slice(1) as [string, string]
    if (name !== '.' && name !== '..') restore(kept, inside, join(path, name))
  }
}
