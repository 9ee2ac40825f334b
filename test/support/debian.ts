import { execFile } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

/**
 * Installs what is missing of these Debian packages, when we may (root, apt-get).
 *
 * @returns nothing when all are there, else why they are not: the reason to skip what needs them
 */
export async function ensurePackages(packages: readonly string[]): Promise<string | undefined> {
  const missing = await missingOf(packages)
  if (missing.length === 0) return undefined
  if (process.getuid?.() !== 0) return `not installed, and only root can install: ${missing.join(' ')}`
  try {
    await aptGet('update', '-qq')
    await aptGet('install', '-y', '-qq', '--no-install-recommends', ...missing)
  } catch (error) {
    const stderr = String((error as { stderr?: string }).stderr ?? error)
    return `apt-get could not install ${missing.join(' ')}: ${stderr.trim().split('\n').at(-1)}`
  }
  const still = await missingOf(packages)
  return still.length === 0 ? undefined : `not there after their installation: ${still.join(' ')}`
}

async function missingOf(packages: readonly string[]): Promise<string[]> {
  const states = await Promise.all(packages.map(async (name) => {
    const { stdout } = await run('dpkg-query', ['-W', '-f', '${db:Status-Status}', name]).catch(() => ({ stdout: '' }))
    return stdout === 'installed'
  }))
  return packages.filter((_, index) => !states[index])
}

/** One apt-get at a time, whichever test file asks: its own lock on the lists does not wait. */
async function aptGet(...words: string[]): Promise<void> {
  const command = ['apt-get', '-o', 'DPkg::Lock::Timeout=300', ...words]
  await run('flock', [join(tmpdir(), 'keyward-apt.lock'), ...command], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    timeout: installMsMax,
    maxBuffer: 0x400_0000,
  })
}

const run = promisify(execFile)

/** Ceph's packages are 200 MB; with a slow mirror that takes minutes. */
const installMsMax = 600_000
