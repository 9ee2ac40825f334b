import { KmipError } from '../kmip/error.ts'
import { Ckr } from '../kmip/pkcs11-constants.ts'
import { cryptographicFailure, notSupported } from './failure.ts'
import type { Connection } from './pkcs11-connection.ts'
import { LinkError } from './pkcs11-link.ts'
import type { Job, KeyPlace, OaepFacts, Storage, TokenFacts, UnwrapFacts } from './pkcs11-protocol.ts'
import type { Run } from './pkcs11-symmetric.ts'
import type { Provider } from './provider.ts'

/** What the parts of a token's provider stand on. */
export interface TokenParts {
  /** The instance's name. */
  readonly name: string
  readonly storage: Storage
  /** Does what needs no secret key: public keys, hashes, checks of material, random numbers. */
  readonly software: Provider
  readonly token: TokenCalls
  readonly run: Run
  readonly oaepFacts: () => Promise<OaepFacts>
  readonly unwrapFacts: () => Promise<UnwrapFacts>
}

/** Calls of the token, whose failures become refusals. */
export class TokenCalls {
  readonly #name: string
  readonly #connection: Connection

  constructor(name: string, connection: Connection) {
    this.#name = name
    this.#connection = connection
  }

  async call<T = Buffer>(job: Job): Promise<T> {
    try {
      return await this.#connection.call<T>(job)
    } catch (error) {
      throw error instanceof LinkError ? this.#refusal(error, job) : error
    }
  }

  async destroy(key: KeyPlace): Promise<void> {
    try {
      await this.#connection.destroy(key)
    } catch (error) {
      throw error instanceof LinkError ? this.#refusal(error, { op: 'destroy', key }) : error
    }
  }

  async facts(): Promise<TokenFacts> {
    if (this.#connection.facts === undefined) await this.#connection.start()
    const { facts, reason } = this.#connection
    if (facts === undefined) throw this.#unavailable(reason)
    return facts
  }

  /** What is asked once and kept; a failure is not. */
  once<T>(ask: () => Promise<T>): () => Promise<T> {
    let known: Promise<T> | undefined
    return () => {
      known ??= ask().catch((error: unknown) => {
        known = undefined
        throw error
      })
      return known
    }
  }

  #refusal({ message, failure }: LinkError, job: Job): KmipError {
    if (failure === undefined || failure.kind === 'module') return this.#unavailable(message)
    if (failure.kind === 'busy') return this.#unavailable('all its sessions are in use')
    if (failure.kind === 'keyMissing') return this.#unavailable('the key is not in the token')
    const { code } = failure
    if (unsupported.has(code)) {
      const isEarly = failure.early || job.op !== 'crypt'
      if (isEarly) return notSupported(`the HSM ${this.#name} refuses this (${failure.name})`)
      return cryptographicFailure()
    }
    // Before any data was touched: the key cannot be opened, or the token does not begin.
    if (ofDevice.has(code) || failure.early) return this.#unavailable(failure.name)
    return cryptographicFailure()
  }

  #unavailable(reason: string): KmipError {
    return new KmipError('ProtectionStorageUnavailable', `the HSM ${this.#name} is not available: ${reason}`)
  }
}

const unsupported: ReadonlySet<number> = new Set([
  Ckr.ARGUMENTS_BAD, Ckr.FUNCTION_NOT_SUPPORTED, Ckr.KEY_SIZE_RANGE, Ckr.KEY_TYPE_INCONSISTENT,
  Ckr.KEY_FUNCTION_NOT_PERMITTED, Ckr.KEY_NOT_WRAPPABLE, Ckr.KEY_UNEXTRACTABLE, Ckr.MECHANISM_INVALID,
  Ckr.MECHANISM_PARAM_INVALID,
])
const ofDevice: ReadonlySet<number> = new Set([
  Ckr.DEVICE_ERROR, Ckr.DEVICE_MEMORY, Ckr.DEVICE_REMOVED, Ckr.TOKEN_NOT_PRESENT, Ckr.TOKEN_NOT_RECOGNIZED,
  Ckr.USER_NOT_LOGGED_IN, Ckr.CRYPTOKI_NOT_INITIALIZED, Ckr.SESSION_CLOSED, Ckr.SESSION_HANDLE_INVALID,
  Ckr.SESSION_COUNT, Ckr.SLOT_ID_INVALID, Ckr.HOST_MEMORY,
])
