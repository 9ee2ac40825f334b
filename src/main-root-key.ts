import type { Logger } from 'pino'
import { ConfigError, passphraseVariable } from './config.ts'
import type { Config } from './config.ts'
import type { Announce, Provider } from './crypto/provider.ts'
import { BlockCipherMode, CryptographicAlgorithm } from './kmip/generated/enums.ts'
import { readSecretFile } from './main-protection.ts'
import { Secret } from './kmip/secret.ts'
import { KeptKeys } from './operation/given-up.ts'
import { changeRootKey, nextRootKeyPath, openRootKeyFile } from './store/keyring.ts'
import type { RootKeyProtection } from './store/keyring.ts'
import { passphraseProtector } from './store/passphrase.ts'
import { loadRootKeyFile } from './store/root-key.ts'
import type { Protector, RootKey } from './store/root-key.ts'
import type { Store } from './store/store.ts'

export interface OpenRootKey {
  readonly rootKey: RootKey
  /** For a thread that finds the store under another root key than its own. */
  reopen(id: string): Promise<RootKey>
}

/** The root key of a store, opened with what the configuration protects it by. */
export async function openRootKey(
  config: Config, store: Store, providers: ReadonlyMap<string, Provider>,
): Promise<OpenRootKey> {
  const path = config.rootKeyFile
  const protection = protectionOf(config, providers)
  const { protectors = [] } = protection
  return {
    rootKey: await openRootKeyFile(path, store, protection),
    async reopen(id) {
      const next = await loadRootKeyFile(nextRootKeyPath(path), protectors).catch(() => undefined)
      return next?.id === id ? next : loadRootKeyFile(path, protectors)
    },
  }
}

/**
 * A new root key, protected as the configuration says now, for a server that runs. One change waits for the other: each
 * begins by clearing away what an earlier one has left. A key that a token makes for one that comes to nothing is destroyed
 * at the next start, as those of objects are.
 *
 * @param stores the one that the root key is of, and the sealed one over it
 */
export function renewRootKey(...change: Parameters<typeof renew>): Promise<void> {
  changing = changing.then(() => renew(...change))
  return changing
}

async function renew(
  reload: () => Config, stores: { readonly inner: Store; readonly store: Store }, providers: ReadonlyMap<string, Provider>,
  log: Logger,
): Promise<void> {
  try {
    const config = reload()
    const kept = new KeptKeys(stores.store)
    const protection = protectionOf(config, providers, kept)
    // Nothing is sealed in the withdrawal of an announcement.
    const { id } = await changeRootKey(config.rootKeyFile, stores.inner, protection, () => kept.destructionsOf([]))
    log.info({ rootKey: id, protection: config.rootKeyProtection }, 'the root key has been changed')
  } catch (error) {
    log.error({ err: error }, 'the root key has not been changed')
  }
}

/** @param kept takes the announcements of what tokens make to protect a new root key */
function protectionOf(
  config: Config, providers: ReadonlyMap<string, Provider>, kept?: KeptKeys,
): RootKeyProtection {
  const { rootKeyProtection: wanted } = config
  const hsms = [...providers.values()].filter(({ protection }) => protection === 'HSM')
  const tokens = hsms.map((hsm) => tokenProtector(hsm, kept?.announceAt(hsm)))
  const protectors = [passphraseProtector(() => passphrase(config)), ...tokens]
  if (wanted === 'file') return { protectors }
  if (protectors.some(({ name }) => name === wanted)) return { protectors, wanted }
  throw new ConfigError('rootKeyProtection', `there is no ${wanted}`)
}

async function passphrase({ rootKeyPassphraseFile: path }: Config): Promise<Secret> {
  const given = process.env[passphraseVariable]
  if (given !== undefined) return new Secret(Buffer.from(given))
  if (path === undefined) throw new Error(`neither rootKeyPassphraseFile nor ${passphraseVariable} is given`)
  return readSecretFile('passphrase', path)
}

/** By an AES key of a token, made for this one file: what is in the file is of no use without the token. */
function tokenProtector(provider: Provider, announce?: Announce): Protector {
  const parameters = { blockCipherMode: BlockCipherMode.GCM }
  return {
    name: `hsm:${provider.name}`,
    async seal(key) {
      const stored = await provider.generateKey({ algorithm: CryptographicAlgorithm.AES, length: 256 }, announce)
      if (!('reference' in stored)) throw new Error('the token gave a key out')
      const { data, iv, tag } = await provider.encrypt(await provider.load(stored), parameters, { data: key })
      return [stored.reference, iv!, tag!, data].map((bytes) => bytes.toString('base64')).join(' ')
    },
    async open(sealed) {
      const [reference, iv, tag, data] = sealed.split(' ').map((part) => Buffer.from(part, 'base64'))
      if (data === undefined) throw new Error('it is damaged')
      const spec = { algorithm: CryptographicAlgorithm.AES, length: 256, kind: 'symmetric' } as const
      const loaded = await provider.load({ ...spec, reference: reference! })
      return provider.decrypt(loaded, parameters, { data, iv, tag })
    },
  }
}

let changing: Promise<void> = Promise.resolve()
