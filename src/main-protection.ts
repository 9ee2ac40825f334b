import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { stat, readFile } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import type { Logger } from 'pino'
import { RemoteKeyManager } from './client/key-manager.ts'
import { passphraseVariable } from './config.ts'
import { ConfigError } from './config.ts'
import type { Config } from './config.ts'
import type { ExternalSettings, HsmSettings } from './config-protection.ts'
import { Breaker } from './crypto/breaker.ts'
import { externalProvider, isFault } from './crypto/external.ts'
import { Connection } from './crypto/pkcs11-connection.ts'
import { tokenProvider } from './crypto/pkcs11.ts'
import type { Provider } from './crypto/provider.ts'
import { RefusedPin, refusedPinMemory } from './crypto/refused-pin.ts'
import { Secret } from './kmip/secret.ts'
import { parseVersion } from './kmip/version.ts'
import { promptSecret } from './main-prompt.ts'

/** The providers beside software, by the names that the configuration gives them. */
export interface Protection {
  readonly providers: ReadonlyMap<string, Provider>
  close(): void
}

interface Surroundings {
  readonly log: Logger
  readonly pins: Pins
  /** Milliseconds that the copy of a wrapped key stays in a token's memory after its last use. */
  readonly copyMsMax: number
}

/** What the threads have in common of the PINs, by the names of the instances. */
export type Pins = Readonly<Record<string, { readonly prompted?: string; readonly refused: SharedArrayBuffer }>>

/**
 * Asks for PINs on the terminal, as the configuration says; they are kept for as long as the server runs.
 *
 * @throws ConfigError where there is no terminal
 */
export async function promptPins({ hsms }: Pick<Config, 'hsms'>): Promise<Pins> {
  const pins: Record<string, Pins[string]> = {}
  const refusals = new Map<string, SharedArrayBuffer>()
  for (const [name, settings] of Object.entries(hsms)) {
    const refused = refusals.get(tokenOf(settings)) ?? refusedPinMemory()
    refusals.set(tokenOf(settings), refused)
    pins[name] = { refused }
    if (!settings.pinPrompt) continue
    const pin = await promptSecret(`PIN of the token ${name}`)
    if (pin === undefined) throw new ConfigError(`hsms.${name}.pinPrompt`, 'there is no terminal to ask for the PIN on')
    pins[name] = { refused, prompted: pin.reveal().toString('utf8') }
  }
  return pins
}

/**
 * Connects the tokens of the configuration. One that cannot be connected keeps nobody from starting: its keys are not
 * available until it is.
 */
export async function openProtection(
  { hsms, externals }: Pick<Config, 'hsms' | 'externals'>, software: Provider, { log, pins, copyMsMax }: Surroundings,
): Promise<Protection> {
  const entries = Object.entries(hsms)
  const secrets = new Set(entries.flatMap(([, { pinEnvironment }]) => pinEnvironment ?? []))
  secrets.add(passphraseVariable)
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !secrets.has(name)))
  const connections = entries.map(([name, settings]) => new Connection({
    ...settings, copyMsMax, name, log,
    pin: pinOf(settings, pins[name]!.prompted), refusedPin: new RefusedPin(pins[name]!.refused),
    environment: { ...inherited, ...settings.environment },
  }))
  const ofTokens = Map.groupBy(connections, (_, index) => tokenOf(entries[index]![1]))
  await Promise.all([...ofTokens.values()].map(startInTurn))
  const tokens = entries.map(([name, { storage }], index) => (
    tokenProvider({ name, storage, connection: connections[index]!, software })
  ))
  const managers = Object.entries(externals).map(([name, settings]) => ({
    name, manager: managerOf(name, settings), breaker: breakerOf(name, log),
  }))
  const others = managers.map((each) => externalProvider({ ...each, software }))
  const checks = setInterval(() => managers.forEach(check), checkMs).unref()
  managers.forEach(check)
  const providers = new Map([...tokens, ...others].map((provider) => [provider.name, provider]))
  return {
    providers,
    close() {
      clearInterval(checks)
      for (const connection of connections) connection.close()
      for (const { manager } of managers) manager.close()
    },
  }
}

/** What the first finds out of the PIN, the next knows. */
async function startInTurn(connections: readonly Connection[]): Promise<void> {
  for (const connection of connections) await connection.start()
}

/** Instances with the same text have the same token. */
function tokenOf({ module, token, slot, parameters, environment }: HsmSettings): string {
  return JSON.stringify([module, token, slot, parameters, environment])
}

function breakerOf(name: string, log: Logger): Breaker {
  return new Breaker({
    nowMs: () => performance.now(),
    onChange(state) {
      if (state === 'open') log.error({ instance: name }, 'the key manager fails, and is not asked for a while')
      else log.info({ instance: name }, 'the key manager works again')
    },
  })
}

/** Asks although nobody has use for a key, so that health is known. */
function check({ manager, breaker }: { manager: RemoteKeyManager; breaker: Breaker }): void {
  breaker.run(() => manager.check(), isFault, () => new Error('not now')).catch(() => undefined)
}

/** @throws ConfigError for a file that cannot be read, or is not what TLS takes */
function managerOf(name: string, settings: ExternalSettings): RemoteKeyManager {
  const { host, port, certificate, key, authority, version, deadlineMs } = settings
  const read = (setting: 'certificate' | 'key' | 'authority'): Buffer => {
    const path = settings[setting]
    try {
      return readFileSync(path)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      throw new ConfigError(`externals.${name}.${setting}`, `${path} cannot be read (${String(code)})`)
    }
  }
  const credentials = { cert: read('certificate'), key: read('key'), ca: read('authority') }
  try {
    createSecureContext(credentials)
    // What is no certificate would be left out silently, and the other side never trusted.
    new X509Certificate(credentials.ca)
  } catch {
    const files = [certificate, key, authority].join(', ')
    throw new ConfigError(`externals.${name}`, `${files} are not a certificate, its key and an authority in PEM`)
  }
  return new RemoteKeyManager({
    host, port, timeoutMs: deadlineMs, ...credentials,
    ...(version !== undefined && { version: parseVersion(version) }),
  })
}

/** @throws Error, from the function, whose message says which file or variable has no PIN */
function pinOf(
  { pinFile, pinEnvironment }: HsmSettings, prompted: string | undefined,
): () => Promise<Secret | undefined> {
  return async () => {
    if (prompted !== undefined) return new Secret(Buffer.from(prompted))
    if (pinEnvironment !== undefined) {
      const pin = process.env[pinEnvironment]
      if (pin === undefined) throw new Error(`the environment has no ${pinEnvironment}`)
      return new Secret(Buffer.from(pin))
    }
    if (pinFile === undefined) return undefined
    return readSecretFile('PIN', pinFile)
  }
}

/**
 * The first line of a file that nobody else may read.
 *
 * @throws Error whose message names the file, and nothing that is in it
 */
export async function readSecretFile(what: string, path: string): Promise<Secret> {
  const { mode } = await stat(path).catch(() => ({ mode: undefined }))
  if (mode === undefined) throw new Error(`the ${what} file ${path} cannot be read`)
  if (mode % 0o100 !== 0) throw new Error(`the ${what} file ${path} is open to other users: chmod 600`)
  const [line = ''] = (await readFile(path, 'utf8')).split(/\r?\n/)
  return new Secret(Buffer.from(line))
}

const checkMs = 5_000
