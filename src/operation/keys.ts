import type { Awaitable, Key, Provider, StoredKey } from '../crypto/provider.ts'
import { KmipError } from '../kmip/error.ts'
import type { ManagedObject } from '../model/managed-object.ts'

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
    const loaded = this.#loaded.get(object)
    if (loaded !== undefined) return loaded
    const loading = this.#load(object)
    this.#loaded.set(object, loading)
    loading.then((key) => this.#loaded.set(object, key), () => this.#loaded.delete(object))
    return loading
  }

  /** The provider that holds the object's key. */
  providerOf(object: ManagedObject): Provider {
    if (object.provider === undefined) return this.#software
    const provider = this.#providers.get(object.provider.name)
    if (provider === undefined) {
      throw new KmipError('ProtectionStorageUnavailable', 'the key\'s protection storage is not available')
    }
    return provider
  }

  /** Has the provider remove what it keeps of a key that no object refers to any more. */
  async destroy(object: ManagedObject): Promise<void> {
    await this.providerOf(object).destroy(this.#storedKeyOf(object))
  }

  /** The providers that keep keys at a protection level, in the order of the configuration. */
  providersOf(protection: 'HSM' | 'EXTERNAL'): Provider[] {
    return [...this.#providers.values()].filter((provider) => provider.protection === protection)
  }

  async #load(object: ManagedObject): Promise<UsableKey> {
    const provider = this.providerOf(object)
    return { provider, key: await provider.load(this.#storedKeyOf(object)) }
  }
}
