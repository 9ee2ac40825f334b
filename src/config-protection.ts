import { resolve } from 'node:path'
import { parseVersion, versions } from './kmip/version.ts'

/** What is told of where keys are kept outside of the store: HSMs and external key managers. Nothing here is secret. */

/** A PKCS#11 token. Lengths of time are milliseconds. */
export interface HsmSettings {
  /** Absolute path of the PKCS#11 module. */
  readonly module: string
  /** The token's label; or else the number of its slot. */
  readonly token?: string | undefined
  readonly slot?: number | undefined
  /**
   * A file with the PIN, or the variable of the environment that holds it, or whether it is asked for on the terminal at
   * the start; none of them: the token wants none.
   */
  readonly pinFile?: string | undefined
  readonly pinEnvironment?: string | undefined
  readonly pinPrompt: boolean
  /**
   * `internal`: every key is an object of the token. `encryptedDatabase`: keys are kept in the store, wrapped by a key
   * of the token, so that their number is not the token's to bound.
   */
  readonly storage: 'internal' | 'encryptedDatabase'
  /** For modules that take a string to be initialized with. */
  readonly parameters?: string | undefined
  /** Variables of the environment of the process that has the module, besides the server's own. */
  readonly environment: Readonly<Record<string, string>>
  readonly sessionsMax: number
  /** Keys whose handles are kept: with `encryptedDatabase`, so many are in the token's memory. */
  readonly handlesMax: number
  /** How long a call waits for a session. */
  readonly waitMsMax: number
  /** After so long the module is taken to hang, and is started anew. */
  readonly callMsMax: number
  /** Calls that are under way or wait; more are refused at once. */
  readonly callsMax: number
}

/** Another KMIP server that keeps keys. */
export interface ExternalSettings {
  readonly host: string
  readonly port: number
  /** Absolute paths: our own certificate there, its key, and the authority of the server's. */
  readonly certificate: string
  readonly key: string
  readonly authority: string
  /** Protocol version such as 1.2; the newest that both know, when it is left out. */
  readonly version?: string | undefined
  readonly deadlineMs: number
}

/** A value that is not what it has to be; the message says what that is. */
export class Needed extends Error {}

/** @throws Needed */
export function readHsms(value: unknown, directory: string): Readonly<Record<string, HsmSettings>> {
  return readNamed(value, (fields) => {
    const { token, slot, pinFile, pinEnvironment, pinPrompt = false } = fields
    const { storage = 'internal', parameters, environment = {} } = fields
    if (token !== undefined && slot !== undefined) throw new Needed('tokens with a token or a slot, not both')
    if (token === undefined && slot === undefined) throw new Needed('tokens, each with its token (label) or slot')
    if (storage !== 'internal' && storage !== 'encryptedDatabase') {
      throw new Needed('tokens whose storage is internal or encryptedDatabase')
    }
    checkKnown(fields, hsmFields)
    if (typeof pinPrompt !== 'boolean') throw new Needed('tokens whose pinPrompt is true or false')
    if ([pinFile !== undefined, pinEnvironment !== undefined, pinPrompt].filter(Boolean).length > 1) {
      throw new Needed('tokens with one of pinFile, pinEnvironment and pinPrompt')
    }
    return Object.freeze({
      module: pathOf('module', fields['module'], directory), storage,
      token: optionalText('token', token), slot: slot === undefined ? undefined : whole('slot', slot, 0, 65_535),
      pinFile: pinFile === undefined ? undefined : pathOf('pinFile', pinFile, directory),
      pinEnvironment: optionalText('pinEnvironment', pinEnvironment), pinPrompt,
      parameters: optionalText('parameters', parameters), environment: variables(environment),
      sessionsMax: whole('sessionsMax', fields['sessionsMax'] ?? 16, 1, 1024),
      handlesMax: whole('handlesMax', fields['handlesMax'] ?? 10_000, 10, 1_000_000),
      waitMsMax: whole('waitMsMax', fields['waitMsMax'] ?? 5000, 10, 60_000),
      callMsMax: whole('callMsMax', fields['callMsMax'] ?? 20_000, 100, 600_000),
      callsMax: whole('callsMax', fields['callsMax'] ?? 2000, 1, 100_000),
    })
  })
}

/** @throws Needed */
export function readExternals(value: unknown, directory: string): Readonly<Record<string, ExternalSettings>> {
  return readNamed(value, (fields) => {
    checkKnown(fields, externalFields)
    const { host, port, certificate, key, authority, version, deadlineMs } = fields
    if (typeof host !== 'string' || host === '') throw new Needed('key managers, each with its host')
    return Object.freeze({
      host, port: whole('port', port ?? 5696, 1, 65_535),
      certificate: pathOf('certificate', certificate, directory), key: pathOf('key', key, directory),
      authority: pathOf('authority', authority, directory), version: knownVersion(version),
      deadlineMs: whole('deadlineMs', deadlineMs ?? 5000, 10, 60_000),
    })
  })
}

type Fields = Readonly<Record<string, unknown>>

function readNamed<T>(value: unknown, read: (fields: Fields) => T): Readonly<Record<string, T>> {
  if (!isObject(value)) throw new Needed('an object of names to settings')
  return Object.freeze(Object.fromEntries(Object.entries(value).map(([name, fields]) => {
    if (!/^[a-z][a-z0-9-]{0,31}$/.test(name) || !isObject(fields)) {
      throw new Needed('an object of names (a-z, 0-9 and -, at most 32 characters) to settings')
    }
    return [name, read(fields)]
  })))
}

function checkKnown(fields: Fields, known: readonly string[]): void {
  const unknown = Object.keys(fields).find((name) => !known.includes(name))
  if (unknown !== undefined) throw new Needed(`settings without ${unknown}: there are ${known.join(', ')}`)
}

function whole(name: string, value: unknown, min: number, max: number): number {
  if (Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max) return Number(value)
  throw new Needed(`settings with ${name} from ${min} to ${max}`)
}

function pathOf(name: string, value: unknown, directory: string): string {
  if (typeof value === 'string' && value !== '' && !value.includes('\0')) return resolve(directory, value)
  throw new Needed(`settings with a path as ${name}`)
}

function optionalText(name: string, value: unknown): string | undefined {
  if (value === undefined || (typeof value === 'string' && value !== '')) return value
  throw new Needed(`settings with a text as ${name}`)
}

function knownVersion(value: unknown): string | undefined {
  const text = optionalText('version', value)
  if (text === undefined || versions.includes(parseVersion(text))) return text
  throw new Needed('settings with a version of KMIP, 1.0 to 1.4, 2.0 or 2.1')
}

function variables(value: unknown): Readonly<Record<string, string>> {
  if (isObject(value) && Object.values(value).every((each) => typeof each === 'string')) {
    return Object.freeze({ ...value as Record<string, string> })
  }
  throw new Needed('settings whose environment is an object of texts')
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const hsmFields = [
  'module', 'token', 'slot', 'pinFile', 'pinEnvironment', 'pinPrompt', 'storage', 'parameters', 'environment', 'sessionsMax',
  'handlesMax', 'waitMsMax', 'callMsMax', 'callsMax',
]
const externalFields = ['host', 'port', 'certificate', 'key', 'authority', 'version', 'deadlineMs']
