import type { Key, Provider, StoredKey } from '../crypto/provider.ts'
import { KmipError } from '../kmip/error.ts'
import { DerivationMethod, HashingAlgorithm } from '../kmip/generated/enums.ts'
import { after } from '../model/awaitable.ts'
import type { Awaitable } from '../model/awaitable.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import type { KeptKey } from './given-up.ts'

/** A key and the provider that can use it. */
export interface UsableKey {
  readonly provider: Provider
  readonly key: Key
}

/**
 * Makes managed objects usable as keys. What was parsed once is kept as long as the object itself
 * is (the object cache drops both together); an object is immutable, and a new revision is
 * another object, so a kept key is never one that has changed.
 */
export class Keys {
  readonly #providers: ReadonlyMap<string, Provider>
  readonly #software: Provider
  readonly #storedKeyOf: (object: ManagedObject) => StoredKey
  readonly #loaded = new WeakMap<ManagedObject, Awaitable<UsableKey>>()
  readonly #subkeys = new Map(Object.keys(subkeyInfos).map((purpose) => (
    [purpose, new WeakMap<ManagedObject, Awaitable<UsableKey>>()])))

  /** @param storedKeyOf the object's material in the canonical form that providers take */
  constructor(
    software: Provider, others: ReadonlyMap<string, Provider>, storedKeyOf: (object: ManagedObject) => StoredKey,
  ) {
    this.#software = software
    this.#providers = others
    this.#storedKeyOf = storedKeyOf
  }

  /**
   * @throws KmipError Key Value Not Present, Invalid Object Type for an object that is no key, and
   *   what the provider refuses
   */
  of(object: ManagedObject): Awaitable<UsableKey> {
    return kept(this.#loaded, object, () => this.#load(object))
  }

  /**
   * A key of a symmetric key's own for a purpose: HKDF-SHA-256 of its material, of the same length. What is done with it
   * tells nothing of what the key itself protects.
   *
   * @throws KmipError as `of`; Feature Not Supported where the provider does not derive keys
   */
  subkeyOf(object: ManagedObject, purpose: SubkeyPurpose): Awaitable<UsableKey> {
    return kept(this.#subkeys.get(purpose)!, object, () => this.#derive(object, subkeyInfos[purpose]))
  }

  /** The provider that holds the object's key. */
  providerOf(object: ManagedObject): Provider {
    if (object.provider === undefined) return this.#software
    return this.#named(object.provider.name)
  }

  /** Has a provider remove what it keeps of a key that nothing leads to any more. */
  async destroy({ provider, key }: KeptKey): Promise<void> {
    await this.#named(provider).destroy(key)
  }

  /** The providers beside software, in the order of the configuration. */
  others(): Provider[] {
    return [...this.#providers.values()]
  }

  /** The providers that keep keys at a protection level, in the order of the configuration. */
  providersOf(protection: 'HSM' | 'EXTERNAL'): Provider[] {
    return [...this.#providers.values()].filter((provider) => provider.protection === protection)
  }

  #named(name: string): Provider {
    const provider = this.#providers.get(name)
    if (provider === undefined) {
      throw new KmipError('ProtectionStorageUnavailable', 'the key\'s protection storage is not available')
    }
    return provider
  }

  #load(object: ManagedObject): Awaitable<UsableKey> {
    const provider = this.providerOf(object)
    return after(provider.load(this.#storedKeyOf(object)), (key) => ({ provider, key }))
  }

  async #derive(object: ManagedObject, info: string): Promise<UsableKey> {
    const { provider, key } = await this.of(object)
    const { kind, algorithm, length } = key
    const bytes = await provider.derive(key, {
      method: DerivationMethod.HKDF, parameters: { hashingAlgorithm: HashingAlgorithm.SHA_256 },
      derivationData: Buffer.from(info), length: length / 8,
    })
    return { provider, key: await provider.load({ kind, algorithm, length, bytes }) }
  }
}

function kept(
  keys: WeakMap<ManagedObject, Awaitable<UsableKey>>, object: ManagedObject, load: () => Awaitable<UsableKey>,
): Awaitable<UsableKey> {
  const known = keys.get(object)
  if (known !== undefined) return known
  const loading = load()
  keys.set(object, loading)
  if (loading instanceof Promise) loading.then((key) => keys.set(object, key), () => keys.delete(object))
  return loading
}

/** Never changed: what was encrypted so must stay readable. */
const subkeyInfos = {
  tagless: 'keyward cmk modes without a tag',
  givenIv: 'keyward cmk gcm under an iv of the client',
} as const
export type SubkeyPurpose = keyof typeof subkeyInfos
