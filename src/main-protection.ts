import { readFileSync } from 'node:fs'
import { stat, readFile } from 'node:fs/promises'
import type { Logger } from 'pino'
import { RemoteKeyManager } from './client/key-manager.ts'
import { passphraseVariable } from './config.ts'
import type { Config } from './config.ts'
import type { ExternalSettings, HsmSettings } from './config-protection.ts'
import { Breaker } from './crypto/breaker.ts'
import { externalProvider } from './crypto/external.ts'
import { Connection } from './crypto/pkcs11-connection.ts'
import { tokenProvider } from './crypto/pkcs11.ts'
import type { Provider } from './crypto/provider.ts'
import { Secret } from './kmip/secret.ts'
import { parseVersion } from './kmip/version.ts'

/** The providers beside software, by the names that the configuration gives them. */
export interface Protection {
  readonly providers: ReadonlyMap<string, Provider>
  close(): void
}

/**
 * Connects the tokens of the configuration. One that cannot be connected keeps nobody from starting: its keys are not
 * available until it is.
 */
export async function openProtection(
  { hsms, externals }: Pick<Config, 'hsms' | 'externals'>, software: Provider, log: Logger,
): Promise<Protection> {
  const entries = Object.entries(hsms)
  const secrets = new Set(entries.flatMap(([, { pinEnvironment }]) => pinEnvironment ?? []))
  secrets.add(passphraseVariable)
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !secrets.has(name)))
  const connections = entries.map(([name, settings]) => new Connection({
    ...settings, name, log, pin: pinOf(settings),
    environment: { ...inherited, ...settings.environment },
  }))
  await Promise.all(connections.map((connection) => connection.start()))
  const tokens = entries.map(([name, { storage }], index) => (
    tokenProvider({ name, storage, connection: connections[index]!, software })
  ))
  const managers = Object.entries(externals).map(([name, settings]) => ({ name, manager: managerOf(settings) }))
  const others = managers.map(({ name, manager }) => externalProvider({
    name, manager, software,
    breaker: new Breaker({
      nowMs: () => performance.now(),
      onChange(state) {
        if (state === 'open') log.error({ instance: name }, 'the key manager fails, and is not asked for a while')
        else log.info({ instance: name }, 'the key manager works again')
      },
    }),
  }))
  const providers = new Map([...tokens, ...others].map((provider) => [provider.name, provider]))
  return {
    providers,
    close() {
      for (const connection of connections) connection.close()
      for (const { manager } of managers) manager.close()
    },
  }
}

function managerOf(settings: ExternalSettings): RemoteKeyManager {
  const { host, port, certificate, key, authority, version, deadlineMs } = settings
  return new RemoteKeyManager({
    host, port, timeoutMs: deadlineMs,
    cert: readFileSync(certificate), key: readFileSync(key), ca: readFileSync(authority),
    ...(version !== undefined && { version: parseVersion(version) }),
  })
}

/** @throws Error, from the function, whose message says which file or variable has no PIN */
function pinOf({ pinFile, pinEnvironment }: HsmSettings): () => Promise<Secret | undefined> {
  return async () => {
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
