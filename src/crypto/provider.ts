import type { CryptographicParameters } from '../kmip/attribute-value.ts'
import type { Secret } from '../kmip/secret.ts'
import type { Awaitable } from '../model/awaitable.ts'
import type { RandomNumberGenerator } from '../model/random-number-generator.ts'

/**
 * The cryptography seam: software, HSM and external key managers stand behind it. Above it, keys
 * are opaque; numbers are KMIP's enumerations; nothing here knows objects, states or callers.
 *
 * Every method may answer at once or later: symmetric work is done at once, what would block the
 * event loop (RSA, key generation, an HSM) is done elsewhere. What a provider cannot do is
 * refused with KmipError: Feature Not Supported for an algorithm, mode, padding, curve or length
 * that it has not, Invalid Field for parameters that contradict each other or the data,
 * Cryptographic Failure, always the same, for whatever fails because of key, data or tag.
 */
export interface Provider {
  /** "software", or the configured name of a token or key manager. */
  readonly name: string

  /** Where its keys are, unless that is the store. */
  readonly protection?: 'HSM' | 'EXTERNAL'

  /** How a token keeps its keys, in the cloud's words: as its objects, or wrapped by one of them and in our store. */
  readonly storageMechanism?: StorageMechanism

  /** Whether what keeps its keys can be reached now, as far as is known; absent where nothing has to be. */
  readonly state?: ProviderState

  /** What it can do, for Query and for refusing early. */
  readonly capabilities: Capabilities

  /** That behind its keys and `random`; absent: nobody knows. */
  readonly randomNumberGenerator?: RandomNumberGenerator

  /** @param announce as `Announce`, here and below; absent where what is left behind harms nobody */
  generateKey(spec: KeySpec, announce?: Announce): Awaitable<StoredKey>
  generateKeyPair(spec: KeySpec, announce?: Announce): Awaitable<{ privateKey: StoredKey; publicKey: StoredKey }>

  /**
   * Takes material from outside, after checking it: sizes, private scalars in range, the public
   * part belonging to the private one, points on their curves.
   *
   * @throws KmipError Invalid Field (or Key Format Type Not Supported) for material that is not a
   *   sound key of that kind
   */
  importKey(material: PlainKey, announce?: Announce): Awaitable<StoredKey>

  /**
   * Takes up a key that is elsewhere and stays there.
   *
   * @param location what the key is named by at the key manager; the reference is its Unique Identifier there
   * @throws KmipError Invalid Attribute Value for a key that is not of the spec
   */
  adopt?(location: string, spec: KeySpec): Promise<ReferredKey>

  /** Makes a stored key usable: parsed once; the caller keeps it for as long as its revision stands. */
  load(key: StoredKey): Awaitable<Key>

  /** Removes whatever the provider itself keeps of the key. */
  destroy(key: StoredKey): Awaitable<void>

  encrypt(key: Key, parameters: CryptographicParameters, input: EncryptInput): Awaitable<EncryptOutput>
  decrypt(key: Key, parameters: CryptographicParameters, input: DecryptInput): Awaitable<Buffer>

  /** For Encrypt and Decrypt in several parts. */
  openCipher(key: Key, parameters: CryptographicParameters, input: CipherInput): Awaitable<Cipher>

  sign(key: Key, parameters: CryptographicParameters, input: Signable): Awaitable<Buffer>
  /** False for a signature that is not one over the data by this key, whatever is wrong with it. */
  verify(key: Key, parameters: CryptographicParameters, input: Signable, signature: Buffer): Awaitable<boolean>

  mac(key: Key, parameters: CryptographicParameters, data: Buffer): Awaitable<Buffer>

  /** For Sign, Signature Verify, MAC, MAC Verify and Hash in several parts. */
  openDigest(hashingAlgorithm: number): Digest
  openMac(key: Key, parameters: CryptographicParameters): Awaitable<Mac>

  /** Wraps encoded key bytes (Encrypt under Key Wrapping Specification, KMIP 2.1 3.1.5). */
  wrap(key: Key, parameters: CryptographicParameters, bytes: Buffer): Awaitable<WrapOutput>
  unwrap(key: Key, parameters: CryptographicParameters, wrapped: Buffer, options?: UnwrapOptions): Awaitable<Secret>

  /**
   * Whether the provider takes in keys of a kind without opening them in this process, when they come wrapped by an RSA
   * key of its own with these parameters.
   *
   * @throws KmipError Feature Not Supported, with what it takes
   */
  checkUnwraps?(parameters: CryptographicParameters, spec: WrappedSpec): Promise<void>

  /**
   * Takes in a wrapped key without opening it in this process.
   *
   * @param key of the provider's own, by which it is wrapped
   * @throws KmipError Feature Not Supported as `checkUnwraps`; Cryptographic Failure, also for a key of another length or
   *   curve than the spec's
   */
  importWrapped?(
    key: Key, parameters: CryptographicParameters, material: WrappedMaterial, spec: WrappedSpec, announce?: Announce,
  ): Promise<ImportedKey>

  /** Derivation that needs the key's own cryptography: HMAC, HASH, ENCRYPT, PBKDF2, NIST 800-108, HKDF, asymmetric. */
  derive(key: Key, request: Derivation): Awaitable<Secret>

  /** @param length bytes, 1 to 2^20 */
  random(length: number): Buffer

  /** Mixes a client's seed in, where the generator takes any. @returns how many bytes of it were used */
  seed?(data: Buffer): number
}

/**
 * Told where a provider will keep a secret or private key, before it begins to make one that outlives a crash: whoever
 * asks for the key can have it destroyed, whatever happens in between. Where it fails, nothing is made.
 *
 * @returns takes the announcement back: nothing was made, or what was is gone
 */
export type Announce = (key: ReferredKey) => Promise<() => void>

export type StorageMechanism = 'HsmInternal' | 'HsmEncryptedDatabase'

/** `refused`: there, but it does not let us in (a token, for the PIN). */
export type ProviderState = 'up' | 'connecting' | 'down' | 'refused'

export interface WrappedMaterial {
  readonly bytes: Buffer
  /** So many of them are a wrapped AES key, by which the rest is wrapped (RFC 5649); absent: they are the key itself. */
  readonly transportBytes?: number | undefined
}

/** What a wrapped key is to be. Without length or curve it is what comes out. */
export interface WrappedSpec {
  readonly kind: 'symmetric' | 'private'
  readonly algorithm: number
  readonly length?: number | undefined
  readonly curve?: number | undefined
}

export interface ImportedKey {
  readonly key: ReferredKey
  /** Of a private key. */
  readonly publicKey?: PlainKey
}

/** Cryptographic Algorithm, Length (bits) and, for elliptic curves, Recommended Curve. */
export interface KeySpec {
  /** 0 for a secret, which has none. */
  readonly algorithm: number
  readonly length: number
  readonly curve?: number | undefined
}

export type KeyKind = 'symmetric' | 'private' | 'public' | 'secret'

/** Material in the clear: raw bytes, a PKCS#8 PrivateKeyInfo or a SubjectPublicKeyInfo, both DER. */
export interface PlainKey extends KeySpec {
  readonly kind: KeyKind
  readonly bytes: Secret
}

/** A key as the record keeps it: in the clear (sealed by the store) or a reference of the provider. */
export type StoredKey = PlainKey | ReferredKey | (PlainKey & ReferredKey)

/** A key that its provider keeps, or can make usable. With material too, it is the public part of such a key. */
export interface ReferredKey extends KeySpec {
  readonly kind: KeyKind
  readonly reference: Buffer
}

/** A key ready for use. Only the provider that made it looks inside. */
export interface Key extends KeySpec {
  readonly kind: KeyKind
}

export interface CipherInput {
  readonly direction: 'encrypt' | 'decrypt'
  readonly iv?: Buffer | undefined
  readonly additionalData?: Buffer | undefined
  /** The authentication tag, for decryption in AEAD modes. */
  readonly tag?: Buffer | undefined
}

export interface EncryptInput {
  readonly data: Buffer
  readonly iv?: Buffer | undefined
  readonly additionalData?: Buffer | undefined
}

export interface EncryptOutput {
  readonly data: Buffer
  /** The IV, counter or nonce that was used where the caller gave none. */
  readonly iv?: Buffer | undefined
  /** Authentication tag of an AEAD mode. */
  readonly tag?: Buffer | undefined
}

export interface DecryptInput {
  readonly data: Buffer
  readonly iv?: Buffer | undefined
  readonly additionalData?: Buffer | undefined
  readonly tag?: Buffer | undefined
}

/** The plaintext of an AEAD mode is given out by `final` only, when the tag has been checked. */
export interface Cipher {
  readonly iv?: Buffer | undefined
  update(data: Buffer): Buffer
  final(): Awaitable<{ data: Buffer; tag?: Buffer | undefined }>
}

/** Data to be hashed, or the digest itself (Digested Data). */
export type Signable = { readonly data: Buffer } | { readonly digest: Buffer }

export interface Digest {
  update(data: Buffer): void
  final(): Buffer
}

/** As a digest; a token answers later. */
export interface Mac {
  update(data: Buffer): void
  final(): Awaitable<Buffer>
}

export interface WrapOutput {
  readonly data: Buffer
  readonly iv?: Buffer | undefined
}

export interface UnwrapOptions {
  readonly iv?: Buffer | undefined
  /** Of PKCS#1 v1.5 in software: wrong padding is an error, where random bytes would come out. Tokens decide by themselves. */
  readonly tellsPadding?: boolean
}

export interface Derivation {
  readonly method: number
  /** Bytes to give. */
  readonly length: number
  readonly parameters: CryptographicParameters
  readonly initializationVector?: Buffer | undefined
  readonly derivationData?: Buffer | undefined
  /** The same in the parts in which the client gave it, for the method that tells them apart. */
  readonly derivationParts?: readonly Buffer[] | undefined
  readonly salt?: Buffer | undefined
  readonly iterationCount?: number | undefined
  /** The other party's public key, for key agreement. */
  readonly peer?: Key | undefined
}

export interface Capabilities {
  /** Key specs that it can make or take, each with the uses that it has for them. */
  readonly keys: readonly KeyCapability[]
  readonly hashes: readonly number[]
  readonly derivations: readonly number[]
}

export interface KeyCapability {
  readonly algorithm: number
  /** Bits; empty: any whole number of bytes, or of a group that the client brings. */
  readonly lengths: readonly number[]
  readonly curves?: readonly number[]
  readonly generate: boolean
  /** Block cipher modes (symmetric) or padding methods (RSA) for Encrypt and Decrypt; 0: with neither. */
  readonly encrypt: readonly number[]
  /** Digital Signature Algorithms. */
  readonly sign: readonly number[]
  readonly mac: boolean
  /** Whether Derive Key agrees a secret with another party's public key; absent: it does not. */
  readonly agree?: boolean
  readonly wrap: readonly number[]
}
