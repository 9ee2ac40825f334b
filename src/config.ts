import { readFileSync, statSync } from 'node:fs'
import { isIP } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { readClientProfiles } from './config-clients.ts'
import { Needed, readExternals, readHsms } from './config-protection.ts'
import type { ExternalSettings, HsmSettings } from './config-protection.ts'
import type { NamedProfile } from './model/client-profile.ts'
import { defaultLimits, limitRanges } from './server/limits.ts'
import type { Limits } from './server/limits.ts'

/** What the server is told at its start. Paths are absolute. Nothing here is secret. */
export interface Config {
  /** Address or host name to listen on. The loopback one: who wants the network says so. */
  readonly host: string
  /** TCP port; 0 = any free one. 5696 is registered for KMIP. */
  readonly port: number
  /** TCP port for messages in HTTPS, in TTLV, XML or JSON; 0 = any free one. None: only few clients want it. */
  readonly httpsPort: number | undefined
  /** Holds the store. In the working directory, so that a trial leaves nothing elsewhere. */
  readonly dataDirectory: string
  /** Holds ca.pem, server.pem, server.key; filled with a throw-away PKI when it has none of them. */
  readonly certificatesDirectory: string
  /** Beside the store by default; kept elsewhere, a stolen copy of the data directory alone is useless. */
  readonly rootKeyFile: string
  /**
   * What the root key's file is protected by, besides its mode: nothing more (`file`), a `passphrase`, or a key of an
   * HSM (`hsm:` and its name). It holds for a new file, and for one that SIGUSR2 makes. `file`: it needs nobody at start.
   */
  readonly rootKeyProtection: string
  /**
   * The file whose first line is the passphrase, of at least 15 characters for a new root key. None:
   * `KEYWARD_ROOT_KEY_PASSPHRASE` is, which only the environment can hold.
   */
  readonly rootKeyPassphraseFile: string | undefined
  /**
   * What client products need otherwise than others, by names of your own; `default` is for the clients that no other
   * one names. None.
   */
  readonly clientProfiles: Readonly<Record<string, NamedProfile>>
  /**
   * Where the random numbers in keys come from: OpenSSL's generator (`drbg`, NIST SP 800-90A), or that of ANSI X9.31
   * with AES (`ansi-x9.31`), seeded by it, for who has to have that one. `drbg`: NIST has withdrawn the other.
   */
  readonly randomNumberGenerator: 'drbg' | 'ansi-x9.31'
  /**
   * The Interop operation, which marks where a test begins and ends and is not for production (KMIP 2.1 6.1.26). `auto`:
   * as long as the throw-away authority's key is there, which is for trying things out anyway.
   */
  readonly interop: 'auto' | 'on' | 'off'
  /** Listening threads. 1: with clients on the same machine a second one gains nothing. */
  readonly workers: number
  /** The region in the ARNs of CMKs (`acs:kms:<region>:<account>:key/<id>`). `local`, which no cloud uses. */
  readonly region: string
  /**
   * Refuse client certificates that do not carry the clientAuth purpose. Off: certificates of storage arrays often
   * carry no purpose at all. One that names other purposes only is refused in any case.
   */
  readonly requireClientAuthEku: boolean
  /** The oldest TLS version taken. 1.2: Barbican and most arrays know no newer one. */
  readonly tlsMinVersion: 'TLSv1.2' | 'TLSv1.3'
  /** Address space of the store, which is mapped anew if it outgrows it. 16 GiB hold 15 million keys, and cost nothing. */
  readonly storeMapBytes: number
  /**
   * Realm of each certificate authority in ca.pem: SHA-256 of its public key (hexadecimal) to a name, '' for none.
   * When empty, the first one has none, and each other one is a realm of its own (`src/server/identity.ts`).
   */
  readonly issuerRealms: Readonly<Record<string, string>>
  /**
   * Principals (names in certificates) that act for a service: they may use the accounts' default keys and their own
   * service keys. None: then nobody uses such keys.
   */
  readonly servicePrincipals: Readonly<Record<string, string>>
  /** Days that plain Destroy of a CMK's version waits: 7 to 366. 30, as the cloud had it when it had a default. */
  readonly cmkDestroyWindowDays: number
  /**
   * Accounts in which plain Destroy deletes a CMK at once, for clients that need KMIP's own behaviour; the environment has
   * commas between them. None.
   */
  readonly cmkDestroyAtOnce: readonly string[]
  /** PKCS#11 tokens, by the names that CMKs name them by. None. */
  readonly hsms: Readonly<Record<string, HsmSettings>>
  /** Other KMIP servers that keep keys, by such names too. None. */
  readonly externals: Readonly<Record<string, ExternalSettings>>
  /** The least level that is logged: trace, debug, info, warn, error, fatal, or silent for no log. */
  readonly logLevel: LogLevel
  readonly limits: Limits
}

export type LogLevel = (typeof logLevels)[number]

/** A value that the server cannot start with. The message is one line and names the value. */
export class ConfigError extends Error {
  constructor(name: string, problem: string) {
    super(`configuration: ${name}: ${problem}`)
    this.name = 'ConfigError'
  }
}

/**
 * Reads the configuration: defaults, over them the file (`keyward.json`, or what KEYWARD_CONFIG names), over that the
 * environment (`environmentNames`). A relative path belongs to the file that gives it, else to the working directory.
 *
 * @param environment as `process.env`
 * @param workingDirectory absolute
 * @throws ConfigError for an unknown key or variable, a wrong value or an unreadable file
 */
export function loadConfig(environment: Readonly<NodeJS.ProcessEnv>, workingDirectory: string): Config {
  const path = resolve(workingDirectory, environment[fileVariable] ?? 'keyward.json')
  const file = readFile(path, environment[fileVariable] !== undefined)
  const { limits: fileLimits = {}, ...fileSettings } = file
  const fromFile = { values: fileSettings, directory: dirname(path) }
  const settings = readAll(kinds, fromFile, environment, workingDirectory, '')
  const fromLimits = { values: checkObject('limits', fileLimits), directory: '' }
  const limits = readAll(limitKinds, fromLimits, environment, '', 'limits.')
  const twice = Object.keys(settings.hsms ?? {}).find((name) => Object.hasOwn(settings.externals ?? {}, name))
  if (twice !== undefined) throw new ConfigError('externals', `${twice} is the name of an HSM already`)
  const dataDirectory = settings.dataDirectory ?? join(workingDirectory, 'data')
  checkVariables(environment, settings)
  return Object.freeze({
    ...defaults,
    ...settings,
    dataDirectory,
    certificatesDirectory: settings.certificatesDirectory ?? join(workingDirectory, 'certs'),
    rootKeyFile: settings.rootKeyFile ?? join(dataDirectory, 'root.key'),
    limits: Object.freeze({ ...defaultLimits, ...limits }),
  })
}

/** Variables that look like settings and are none are most likely misspelt, and what they should have set is not. */
function checkVariables(environment: Readonly<NodeJS.ProcessEnv>, { hsms = {} }: Pick<Partial<Config>, 'hsms'>): void {
  const pins = Object.values(hsms).map(({ pinEnvironment }) => pinEnvironment)
  const known = new Set([
    ...Object.values(environmentNames()), ...pins, fileVariable, passphraseVariable, acknowledgeVariable,
  ])
  const unknown = Object.keys(environment).find((name) => name.startsWith('KEYWARD_') && !known.has(name))
  if (unknown !== undefined) throw new ConfigError(unknown, 'there is no such setting')
}

/** Every environment variable that is read, by the setting that it overrides. */
export function environmentNames(): Record<string, string> {
  const names = [...Object.keys(kinds), ...Object.keys(limitKinds).map(key => `limits.${key}`)]
  return Object.fromEntries(names.flatMap(name => {
    const variable = variableOf(name)
    return variable === undefined ? [] : [[name, variable]]
  }))
}

interface Source { readonly values: Readonly<Record<string, unknown>>, readonly directory: string }

/** How one setting is read from text of the environment, and checked: `read` throws Needed. */
interface Kind<T> {
  readonly fromText: (text: string) => unknown
  readonly read: (value: unknown, directory: string) => T
}

type Values<K> = { [key in keyof K]?: K[key] extends Kind<infer T> ? T : never }

function readAll<K extends Record<string, Kind<unknown>>>(
  table: K, source: Source, environment: Readonly<NodeJS.ProcessEnv>, workingDirectory: string, prefix: string,
): Values<K> {
  const unknown = Object.keys(source.values).find(key => !Object.hasOwn(table, key))
  if (unknown !== undefined) throw new ConfigError(prefix + unknown, 'there is no such setting')
  const result: Record<string, unknown> = {}
  for (const [key, kind] of Object.entries(table)) {
    const variable = variableOf(prefix + key)
    const text = variable === undefined ? undefined : environment[variable]
    if (Object.hasOwn(source.values, key)) {
      result[key] = readOne(prefix + key, kind, source.values[key], source.directory)
    }
    if (text !== undefined) result[key] = readOne(variable ?? key, kind, kind.fromText(text), workingDirectory)
  }
  return result as Values<K>
}

function readOne<T>(name: string, kind: Kind<T>, value: unknown, directory: string): T {
  try {
    return kind.read(value, directory)
  } catch (error) {
    if (!(error instanceof Needed)) throw error
    const shown = (JSON.stringify(value) ?? 'nothing').slice(0, shownCharactersMax)
    throw new ConfigError(name, `must be ${error.message}, not ${shown}`)
  }
}

function integer(min: number, max: number): Kind<number> {
  return {
    fromText: text => (/^\d{1,15}$/.test(text) ? Number(text) : text),
    read: value => {
      if (Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max) return Number(value)
      throw new Needed(`a whole number from ${min} to ${max}`)
    },
  }
}

function choice<const T extends string>(options: readonly T[]): Kind<T> {
  return {
    fromText: text => text,
    read: value => {
      const found = options.find(option => option === value)
      if (found === undefined) throw new Needed(`one of ${options.join(', ')}`)
      return found
    },
  }
}

function pattern(form: RegExp, needed: string): Kind<string> {
  return {
    fromText: text => text,
    read: value => {
      if (typeof value === 'string' && form.test(value)) return value
      throw new Needed(needed)
    },
  }
}

const boolean: Kind<boolean> = {
  fromText: text => (text === 'true' ? true : text === 'false' ? false : text),
  read: value => {
    if (typeof value === 'boolean') return value
    throw new Needed('true or false')
  },
}

const path: Kind<string> = {
  fromText: text => text,
  read: (value, directory) => {
    if (typeof value === 'string' && value !== '' && !value.includes('\0')) return resolve(directory, value)
    throw new Needed('a path')
  },
}

const host: Kind<string> = {
  fromText: text => text,
  read: value => {
    const isName = (text: string) => /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/i.test(text)
    if (typeof value === 'string' && (isIP(value) > 0 || isName(value))) return value
    throw new Needed('an IP address or a host name')
  },
}

const realms: Kind<Readonly<Record<string, string>>> = {
  fromText: text => text,
  read: value => {
    const entries = isObject(value) ? Object.entries(value) : [['', undefined] as const]
    const realmOf: Record<string, string> = {}
    for (const [issuer, realm] of entries) {
      if (!/^[0-9a-f]{64}$/.test(issuer) || typeof realm !== 'string' || !/^[a-z0-9-]{0,32}$/.test(realm)) {
        throw new Needed('an object of 64 hexadecimal digits to a name of a-z, 0-9 and -')
      }
      realmOf[issuer] = realm
    }
    return Object.freeze(realmOf)
  },
}

/** Principals to services; the names of services stand in aliases. */
const services: Kind<Readonly<Record<string, string>>> = {
  fromText: text => text,
  read: value => {
    const entries = isObject(value) ? Object.entries(value) : [['', undefined] as const]
    for (const [principal, service] of entries) {
      const isName = typeof service === 'string' && /^[a-z0-9][a-z0-9_-]{0,62}$/.test(service)
      if (principal === '' || !isName || service === 'default') {
        throw new Needed('an object of principals to names of services (a-z, 0-9, _ and -)')
      }
    }
    return Object.freeze(Object.fromEntries(entries as [string, string][]))
  },
}

const hsms: Kind<Readonly<Record<string, HsmSettings>>> = { fromText: text => text, read: readHsms }
const clientProfiles: Kind<Readonly<Record<string, NamedProfile>>> = { fromText: text => text, read: readClientProfiles }
const externals: Kind<Readonly<Record<string, ExternalSettings>>> = { fromText: text => text, read: readExternals }

const names: Kind<readonly string[]> = {
  fromText: text => (text === '' ? [] : text.split(',')),
  read: value => {
    if (!Array.isArray(value) || !value.every(each => typeof each === 'string' && each !== '')) {
      throw new Needed('a list of names')
    }
    return Object.freeze([...value as string[]])
  },
}

function checkObject(name: string, value: unknown): Record<string, unknown> {
  if (isObject(value)) return value
  throw new ConfigError(name, 'must be an object')
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function readFile(file: string, isNamed: boolean): Record<string, unknown> {
  let text: string
  try {
    // A device may never end.
    if (statSync(file).isCharacterDevice()) throw new ConfigError(file, 'is a device, and no file')
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof ConfigError) throw error
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' && !isNamed) return {}
    throw new ConfigError(file, code === 'ENOENT' ? 'there is no such file' : `cannot be read (${String(code)})`)
  }
  return checkObject(file, parseJson(file, text))
}

/** The parser's own message quotes the file: only the place is passed on. */
function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const place = /line \d+ column \d+/.exec(String(error))?.[0]
    throw new ConfigError(file, place === undefined ? 'is not JSON' : `is not JSON (${place})`)
  }
}

/** `limits.idleMsMax` is KEYWARD_LIMITS_IDLE_MS_MAX; directories have the short names of the issue. */
function variableOf(name: string): string | undefined {
  if (structured.has(name)) return undefined
  const words = name.replaceAll('.', '_').replaceAll(/[A-Z]/g, letter => `_${letter}`)
  return shortVariables[name] ?? `KEYWARD_${words.toUpperCase()}`
}

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

/** What only the file can hold. */
const structured: ReadonlySet<string> = new Set(['clientProfiles', 'issuerRealms', 'servicePrincipals', 'hsms', 'externals'])

const fileVariable = 'KEYWARD_CONFIG'
/** The passphrase of the root key's file, which is secret: no configuration file can hold it. */
export const passphraseVariable = 'KEYWARD_ROOT_KEY_PASSPHRASE'
/**
 * `before-commit` and `before-sync` make the server acknowledge changes before they are durable (`LmdbOptions`): the negative
 * controls of the tests that kill it. Not a setting, so that no configuration file can hold it.
 */
export const acknowledgeVariable = 'KEYWARD_TEST_ACKNOWLEDGE'

const shortVariables: Readonly<Record<string, string>> = {
  dataDirectory: 'KEYWARD_DATA_DIR',
  certificatesDirectory: 'KEYWARD_CERTS_DIR',
}

/** The reasons stand at the fields of `Config`; the directories' defaults depend on the working directory. */
const defaults = {
  host: '127.0.0.1',
  port: 5696,
  httpsPort: undefined,
  rootKeyProtection: 'file',
  rootKeyPassphraseFile: undefined,
  logLevel: 'info',
  clientProfiles: Object.freeze({}),
  randomNumberGenerator: 'drbg',
  interop: 'auto',
  workers: 1,
  region: 'local',
  requireClientAuthEku: false,
  tlsMinVersion: 'TLSv1.2',
  storeMapBytes: 17_179_869_184,
  issuerRealms: Object.freeze({}),
  servicePrincipals: Object.freeze({}),
  hsms: Object.freeze({}),
  externals: Object.freeze({}),
  cmkDestroyWindowDays: 30,
  cmkDestroyAtOnce: Object.freeze([]),
} as const satisfies Partial<Config>

const kinds = {
  host,
  port: integer(0, 65_535),
  httpsPort: integer(0, 65_535),
  dataDirectory: path,
  certificatesDirectory: path,
  rootKeyFile: path,
  rootKeyProtection: pattern(/^(file|passphrase|hsm:[a-z][a-z0-9-]{0,31})$/, 'file, passphrase or hsm:NAME'),
  rootKeyPassphraseFile: path,
  logLevel: choice(logLevels),
  clientProfiles,
  randomNumberGenerator: choice(['drbg', 'ansi-x9.31']),
  interop: choice(['auto', 'on', 'off']),
  workers: integer(1, 64),
  region: pattern(/^[a-z0-9][a-z0-9-]{0,62}$/, 'a-z, 0-9 and -, at most 63 characters'),
  requireClientAuthEku: boolean,
  tlsMinVersion: choice(['TLSv1.2', 'TLSv1.3']),
  storeMapBytes: integer(67_108_864, 4_398_046_511_104),
  issuerRealms: realms,
  servicePrincipals: services,
  hsms,
  externals,
  cmkDestroyWindowDays: integer(7, 366),
  cmkDestroyAtOnce: names,
}

const limitKinds = Object.fromEntries(
  Object.entries(limitRanges).map(([key, [min, max]]) => [key, integer(min, max)]),
) as Record<keyof Limits, Kind<number>>

const shownCharactersMax = 60
