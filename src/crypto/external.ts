import type { CryptographicParameters } from '../kmip/attribute-value.ts'
import { KmipError } from '../kmip/error.ts'
import { BlockCipherMode, CryptographicAlgorithm } from '../kmip/generated/enums.ts'
import type { Breaker } from './breaker.ts'
import { checkTagLength } from './cipher.ts'
import { badParameters, cryptographicFailure, invalid, notSupported, unsupportedParameters } from './failure.ts'
import type {
  Cipher, CipherInput, DecryptInput, EncryptInput, EncryptOutput, Key, Provider, ProviderState,
} from './provider.ts'

/** What is asked of an external key manager: another KMIP server, by whatever client. */
export interface KeyManager {
  /** Whether its version has fields for the tag of AEAD modes (KMIP 1.4). */
  readonly hasTags: boolean
  /** @param location what the key is named by there, which need not be its Unique Identifier */
  describe(location: string): Promise<{
    uniqueIdentifier: string; algorithm: number | undefined; length: number | undefined
  }>
  encrypt(uniqueIdentifier: string, parameters: CryptographicParameters, input: EncryptInput): Promise<EncryptOutput>
  decrypt(uniqueIdentifier: string, parameters: CryptographicParameters, input: DecryptInput): Promise<Buffer>
}

export interface ExternalProviderOptions {
  readonly name: string
  readonly manager: KeyManager
  readonly breaker: Breaker
  /** Does what needs no key: hashes and random numbers. */
  readonly software: Provider
}

/**
 * A provider whose keys are another key manager's (facts 3.3, XKI): the record has their location only, and each use is
 * done there, with a deadline. A key is usable when both sides say so: ours before it is asked, its own by its answer.
 */
export function externalProvider({ name, manager, breaker, software }: ExternalProviderOptions): Provider {
  const ask = async <T>(call: () => Promise<T>): Promise<T> => {
    try {
      return await breaker.run(call, isFault, () => unavailable(name, 'it has failed, and is not asked for a while'))
    } catch (error) {
      throw refusal(name, error)
    }
  }
  const encrypt = (key: Key, parameters: CryptographicParameters, input: EncryptInput): Promise<EncryptOutput> => {
    checkMode(manager, parameters, { ...input, direction: 'encrypt' })
    return ask(() => manager.encrypt(locationOf(key), named(key, parameters), input))
  }
  const decrypt = (key: Key, parameters: CryptographicParameters, input: DecryptInput): Promise<Buffer> => {
    checkMode(manager, parameters, { ...input, direction: 'decrypt' })
    return ask(() => manager.decrypt(locationOf(key), named(key, parameters), input))
  }
  const none = (): never => {
    throw notSupported(`the key manager ${name} encrypts and decrypts, and does nothing else`)
  }
  return {
    name,
    protection: 'EXTERNAL',
    get state(): ProviderState {
      return breaker.hasFailed ? 'down' : 'up'
    },
    get capabilities() {
      const encrypting = manager.hasTags ? [...modes, BlockCipherMode.GCM] : modes
      const aes = {
        algorithm: CryptographicAlgorithm.AES, lengths: [128, 192, 256], generate: false, encrypt: encrypting,
        sign: [], mac: false, wrap: [],
      }
      return { keys: [aes], hashes: software.capabilities.hashes, derivations: [] }
    },
    async adopt(location, spec) {
      const { uniqueIdentifier, algorithm, length } = await ask(() => manager.describe(location))
      if (algorithm !== spec.algorithm || length !== spec.length) {
        throw new KmipError('InvalidAttributeValue', 'the external key is of another algorithm or length')
      }
      return { ...spec, kind: 'symmetric', reference: Buffer.from(uniqueIdentifier) }
    },
    generateKey: none, generateKeyPair: none, importKey: none,
    load(stored) {
      if (!('reference' in stored)) throw invalid('the key is not an external one')
      const { algorithm, length, curve, kind, reference } = stored
      const key: ExternalKey = { algorithm, length, curve, kind, location: reference.toString() }
      return key
    },
    destroy() {
      // The other side's key is its own: only the way to it goes.
    },
    encrypt, decrypt,
    openCipher: (key, parameters, input) => collect(input, parameters, key, encrypt, decrypt),
    sign: none, verify: none, mac: none, openMac: none, wrap: none, unwrap: none, derive: none,
    openDigest: software.openDigest,
    random: software.random,
  }
}

interface ExternalKey extends Key {
  /** Unique Identifier at the other side. */
  readonly location: string
}

function locationOf(key: Key): string {
  return (key as ExternalKey).location
}

/** Some servers do not take the algorithm from the key (PyKMIP). */
function named({ algorithm }: Key, parameters: CryptographicParameters): CryptographicParameters {
  return { ...parameters, cryptographicAlgorithm: algorithm }
}

/** @throws KmipError Feature Not Supported, Invalid Field, and as `checkTagLength` */
function checkMode({ hasTags }: KeyManager, parameters: CryptographicParameters, input: CipherInput): void {
  const { blockCipherMode } = parameters
  const isGcm = blockCipherMode === BlockCipherMode.GCM
  if (isGcm && !hasTags) throw unsupportedParameters('the key manager\'s version of KMIP has no field for the tag')
  if (blockCipherMode === undefined) throw badParameters('a block cipher mode is required')
  if (!isGcm && !modes.includes(blockCipherMode)) throw unsupportedParameters('external keys are not used in this mode')
  if (!isGcm) return
  if (input.direction === 'decrypt' && input.iv === undefined) {
    throw new KmipError('InvalidMessage', 'the mode needs an IV')
  }
  checkTagLength(parameters, input)
}

function collect(
  input: CipherInput, parameters: CryptographicParameters, key: Key,
  encrypt: (key: Key, parameters: CryptographicParameters, input: EncryptInput) => Promise<EncryptOutput>,
  decrypt: (key: Key, parameters: CryptographicParameters, input: DecryptInput) => Promise<Buffer>,
): Cipher {
  if (input.direction === 'encrypt' && input.iv === undefined && parameters.blockCipherMode !== BlockCipherMode.ECB) {
    throw invalid('an external key encrypts in parts with an IV of the client only')
  }
  const parts: Buffer[] = []
  return {
    update(data) {
      parts.push(Buffer.from(data))
      return Buffer.alloc(0)
    },
    async final() {
      const whole = { ...input, data: Buffer.concat(parts) }
      if (input.direction === 'decrypt') return { data: await decrypt(key, parameters, whole) }
      const { data, tag } = await encrypt(key, parameters, whole)
      return { data, tag }
    },
  }
}

/** A refusal is an answer; no answer is a fault. */
export function isFault(error: unknown): boolean {
  return !(error instanceof KmipError)
}

/** What the other side says is told as far as it is about the request; its states are its own affair. */
function refusal(name: string, error: unknown): Error {
  if (!(error instanceof KmipError)) return unavailable(name, 'it does not answer')
  const { reason } = error
  if (reason === 'ProtectionStorageUnavailable') return error
  if (reason === 'CryptographicFailure' || reason === 'GeneralFailure') return cryptographicFailure()
  // The parameters are all that may not be supported of Encrypt and Decrypt; 1.x says it so.
  if (reason === 'FeatureNotSupported') return unsupportedParameters(`the key manager ${name} does not support this`)
  if (aboutRequest.has(reason)) return new KmipError(reason, `the key manager ${name} refuses this`)
  return unavailable(name, `it refuses the key (${reason})`)
}

function unavailable(name: string, why: string): KmipError {
  return new KmipError('ProtectionStorageUnavailable', `the key manager ${name} is not available: ${why}`)
}

const modes: readonly number[] = [BlockCipherMode.ECB, BlockCipherMode.CBC]
const aboutRequest: ReadonlySet<string> = new Set([
  'BadCryptographicParameters', 'InvalidField', 'InvalidMessage', 'UnsupportedCryptographicParameters',
])
