import { randomBytes } from 'node:crypto'
import { KmipError } from '../kmip/error.ts'
import type { CryptographicParameters } from '../kmip/attribute-value.ts'
import { BlockCipherMode, CryptographicAlgorithm } from '../kmip/generated/enums.ts'
import { Secret } from '../kmip/secret.ts'
import { modeOf } from './cipher.ts'
import { curveById } from './curve.ts'
import { cryptographicFailure, invalid, notSupported } from './failure.ts'
import {
  decryptRsaInToken, encryptionMechanism, publicKeyInfo, signInToken,
} from './pkcs11-asymmetric.ts'
import { aesMechanisms, mechanismOf, tokenCapabilities, tokenCurves } from './pkcs11-capabilities.ts'
import type { Connection } from './pkcs11-connection.ts'
import { Cka, Ckm, Cko, Ckr } from '../kmip/pkcs11-constants.ts'
import { materialTemplate, wrappedTemplate } from './pkcs11-import.ts'
import { checkTokenKind, decodeReference, encodeReference } from './pkcs11-key.ts'
import type { TokenKey, TokenPublicKey } from './pkcs11-key.ts'
import { LinkError } from './pkcs11-link.ts'
import type {
  Job, KeyPlace, Mechanism, NewPlace, OaepFacts, Storage, TokenFacts, WrappedKey,
} from './pkcs11-protocol.ts'
import {
  decryptInToken, encryptInToken, macInToken, openInToken, openMacInToken,
} from './pkcs11-symmetric.ts'
import type { Run } from './pkcs11-symmetric.ts'
import {
  ecPrivateTemplate, ecPublicTemplate, rsaPrivateTemplate, rsaPublicTemplate, secretTemplate,
} from './pkcs11-template.ts'
import type {
  Capabilities, Key, KeyKind, KeySpec, PlainKey, Provider, StoredKey,
} from './provider.ts'
import { symmetricFamily } from './symmetric.ts'
import type { CipherMode } from './symmetric.ts'

export interface TokenProviderOptions {
  /** The instance's name. */
  readonly name: string
  readonly storage: Storage
  readonly connection: Connection
  /** Does what needs no secret key: public keys, hashes, checks of material, random numbers. */
  readonly software: Provider
}

/**
 * A provider whose keys are in a PKCS#11 token. Secret and private keys are made and used in it, and never seen here;
 * with what the token has not, it is refused by name.
 */
export function tokenProvider(options: TokenProviderOptions): Provider {
  const { name, connection, software } = options
  const token = new TokenCalls(name, connection)
  const run: Run = (verb, key, mechanism, data, room) =>
    token.call({
      op: 'crypt', verb, key: { id: key.place.id, reference: key.reference }, mechanism, data, room: Math.max(room, 16),
    })
  const oaepFacts = token.once(() => token.call<OaepFacts>({ op: 'oaepFacts' }))
  const parts: Parts = { ...options, token, run, oaepFacts }
  return {
    name,
    protection: 'HSM',
    ...making(parts),
    ...using(parts),
    ...wrapping(parts),
    get capabilities(): Capabilities {
      return tokenCapabilities(connection.facts)
    },
    load: (stored) => load(stored, connection.facts, software),
    openDigest: software.openDigest,
    derive() {
      throw notSupported(`keys of the HSM ${name} are not derived from`)
    },
    random: software.random,
  }
}

interface Parts extends TokenProviderOptions {
  readonly token: TokenCalls
  readonly run: Run
  readonly oaepFacts: () => Promise<OaepFacts>
}

type Making = 'generateKey' | 'generateKeyPair' | 'importKey' | 'destroy'
type Using = 'encrypt' | 'decrypt' | 'openCipher' | 'sign' | 'verify' | 'mac' | 'openMac'

function making({ token, storage, software }: Parts): Pick<Provider, Making> {
  return {
    async generateKey(spec) {
      checkSymmetric(await token.facts(), spec)
      const isAes = spec.algorithm === CryptographicAlgorithm.AES
      const place = newPlace(storage)
      const wrapped = await token.call<WrappedKey | undefined>({
        op: 'generate', place,
        mechanism: { mechanism: isAes ? Ckm.AES_KEY_GEN : Ckm.GENERIC_SECRET_KEY_GEN },
        template: [...secretTemplate(spec.algorithm), { type: Cka.VALUE_LEN, value: spec.length / 8 }],
      })
      return referred(spec, 'symmetric', place, wrapped)
    },
    generateKeyPair: (spec) => generatePair(token, storage, spec),
    async importKey(material) {
      await software.importKey(material)
      if (material.kind === 'public') return material
      checkImportable(await token.facts(), material)
      const place = newPlace(storage)
      const template = materialTemplate(material)
      const wrapped = await token.call<WrappedKey | undefined>({ op: 'create', place, template })
      return referred(material, material.kind, place, wrapped)
    },
    async destroy(stored) {
      if (!('reference' in stored)) return
      const reference = decodeReference(stored.reference)
      if (!('publicKey' in reference)) await token.destroy(reference.place)
    },
  }
}

async function generatePair(
  token: TokenCalls, storage: Storage, spec: KeySpec,
): Promise<{ privateKey: StoredKey; publicKey: StoredKey }> {
  const facts = await token.facts()
  const isRsa = spec.algorithm === CryptographicAlgorithm.RSA
  if (isRsa) checkRsaLength(facts, spec.length)
  const curve = isRsa ? undefined : curveOf(facts, spec)
  const place = newPlace(storage)
  const { values, wrapped } = await token.call<{ values: Uint8Array[]; wrapped: WrappedKey | undefined }>({
    op: 'generatePair', place,
    mechanism: { mechanism: isRsa ? Ckm.RSA_PKCS_KEY_PAIR_GEN : Ckm.EC_KEY_PAIR_GEN },
    template: isRsa ? rsaPrivateTemplate() : ecPrivateTemplate(),
    publicTemplate: curve === undefined ? rsaPublicTemplate(spec.length) : ecPublicTemplate(curve),
    publicValues: isRsa ? [Cka.MODULUS, Cka.PUBLIC_EXPONENT] : [Cka.EC_POINT],
  })
  const whole = curve === undefined ? spec : { ...spec, length: curve.bits, curve: curve.id }
  const publicKey = publicKeyInfo(whole, values)
  const reference = encodeReference({ publicKey })
  return {
    privateKey: referred(whole, 'private', place, wrapped),
    publicKey: { ...whole, kind: 'public', bytes: new Secret(publicKey), reference },
  }
}

function using({ run, software, oaepFacts }: Parts): Pick<Provider, Using> {
  return {
    async encrypt(key, parameters, input) {
      if (key.kind !== 'public') return encryptInToken(run, asTokenKey(key), parameters, input)
      await encryptionMechanism(parameters, oaepFacts)
      return software.encrypt(asPublic(key), parameters, input)
    },
    async decrypt(key, parameters, input) {
      if (key.kind !== 'private') return decryptInToken(run, asTokenKey(key), parameters, input)
      if (key.algorithm !== CryptographicAlgorithm.RSA) throw notSupported('the algorithm does not encrypt')
      const { data, iv, additionalData, tag } = input
      if (iv !== undefined || additionalData !== undefined || tag !== undefined) {
        throw invalid('the algorithm takes no IV, additional data or tag')
      }
      return decryptRsaInToken(run, asTokenKey(key), parameters, data, oaepFacts)
    },
    openCipher: (key, parameters, input) => openInToken(run, asTokenKey(key), parameters, input),
    sign: (key, parameters, input) => signInToken(run, asTokenKey(key), parameters, input),
    verify: (key, parameters, input, signature) => software.verify(asPublic(key), parameters, input, signature),
    mac: (key, parameters, data) => macInToken(run, asTokenKey(key), parameters, data),
    openMac: (key, parameters) => openMacInToken(run, asTokenKey(key), parameters),
  }
}

function wrapping(
  { token, storage, run, software, oaepFacts }: Parts,
): Required<Pick<Provider, 'wrap' | 'unwrap' | 'importWrapped'>> {
  return {
    async wrap(key, parameters, bytes) {
      if (key.kind === 'public') {
        await encryptionMechanism(parameters, oaepFacts)
        return software.wrap(asPublic(key), parameters, bytes)
      }
      const own = asTokenKey(key)
      if (isKeyWrap(parameters)) {
        const mechanism = wrapMechanism(await token.facts(), parameters)
        return { data: await token.call<Buffer>({ op: 'wrapBytes', key: own.place, mechanism, bytes }) }
      }
      const { data, iv, tag } = await encryptInToken(run, own, parameters, { data: bytes })
      return { data: tag === undefined ? data : Buffer.concat([data, tag]), iv }
    },
    async unwrap(key, parameters, wrapped, iv) {
      const own = asTokenKey(key)
      if (key.kind === 'private') {
        return new Secret(await decryptRsaInToken(run, own, parameters, wrapped, oaepFacts))
      }
      if (isKeyWrap(parameters)) {
        const mechanism = wrapMechanism(await token.facts(), parameters)
        return new Secret(await token.call<Buffer>({ op: 'unwrapBytes', key: own.place, mechanism, wrapped }))
      }
      const tagLength = modeOf(own, parameters).kind === 'aead' ? parameters.tagLength ?? 16 : 0
      if (wrapped.length < tagLength) throw cryptographicFailure()
      const data = wrapped.subarray(0, wrapped.length - tagLength)
      const tag = tagLength === 0 ? undefined : wrapped.subarray(data.length)
      return new Secret(await decryptInToken(run, own, parameters, { data, iv, tag }))
    },
    async importWrapped(key, parameters, wrapped, spec) {
      const facts = await token.facts()
      const own = asTokenKey(key)
      if (spec.kind === 'public') throw notSupported('a public key is not wrapped')
      const place = newPlace(storage)
      const result = await token.call<WrappedKey | undefined>({
        op: 'unwrapInto', key: own.place, wrapped, place, template: wrappedTemplate(spec, spec.kind === 'private'),
        mechanism: own.kind === 'private'
          ? await encryptionMechanism(parameters, oaepFacts)
          : wrapMechanism(facts, parameters),
      })
      return referred(spec, spec.kind, place, result)
    },
  }
}

function newPlace(storage: Storage): NewPlace {
  return { id: randomBytes(16).toString('hex'), storage }
}

/** Calls of the token, whose failures become refusals. */
class TokenCalls {
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
    if (ofDevice.has(code)) return this.#unavailable(failure.name)
    return cryptographicFailure()
  }

  #unavailable(reason: string): KmipError {
    return new KmipError('ProtectionStorageUnavailable', `the HSM ${this.#name} is not available: ${reason}`)
  }
}

function referred(
  { algorithm, length, curve }: KeySpec, kind: KeyKind, { id }: NewPlace, wrapped: WrappedKey | undefined,
): StoredKey {
  const objectClass = kind === 'private' ? Cko.PRIVATE_KEY : Cko.SECRET_KEY
  const place: KeyPlace = { id, objectClass, wrapped }
  return { algorithm, length, curve, kind, reference: encodeReference({ place }) }
}

function load(stored: StoredKey, facts: TokenFacts | undefined, software: Provider): Key | Promise<Key> {
  const { algorithm, length, curve, kind } = stored
  if (!('reference' in stored)) return publicKey(stored, software)
  const reference = decodeReference(stored.reference)
  if ('publicKey' in reference) {
    return publicKey({ ...stored, bytes: new Secret(Buffer.from(reference.publicKey)) }, software)
  }
  const modes = algorithm === CryptographicAlgorithm.AES ? modesOf(length, facts) : noModes
  const key: TokenKey = { algorithm, length, curve, kind, place: reference.place, reference: stored.reference, modes }
  return key
}

async function publicKey({ algorithm, length, curve, kind, bytes }: PlainKey, software: Provider): Promise<Key> {
  if (kind !== 'public') throw invalid('the key is not in the token')
  const loaded = await software.load({ algorithm, length, curve, kind, bytes })
  return { algorithm, length, curve, kind, software: loaded } as TokenPublicKey
}

/** The modes of the token, or all that it may have while it is not known. */
function modesOf(bits: number, facts: TokenFacts | undefined): ReadonlyMap<number, CipherMode> {
  const modes = symmetricFamily(CryptographicAlgorithm.AES)?.modes(bits / 8) ?? noModes
  return new Map([...modes].filter(([mode]) => {
    const mechanism = aesMechanisms.get(mode)
    return mechanism !== undefined && (facts === undefined || mechanismOf(facts, mechanism) !== undefined)
  }))
}

/** @throws KmipError Feature Not Supported, or Invalid Field for its length */
function checkSymmetric(facts: TokenFacts, { algorithm, length }: KeySpec): void {
  const found = tokenCapabilities(facts).keys.find((each) => each.algorithm === algorithm)
  if (found === undefined || found.curves !== undefined || algorithm === CryptographicAlgorithm.RSA) {
    throw notSupported('the token has no keys of this algorithm')
  }
  const fits = found.lengths.length === 0
    ? length >= secretBitsMin && length % 8 === 0 && length <= secretBitsMax
    : found.lengths.includes(length)
  if (!fits) throw invalid('the cryptographic length does not fit the algorithm')
}

function checkRsaLength(facts: TokenFacts, bits: number): void {
  const found = tokenCapabilities(facts).keys.find((each) => each.algorithm === CryptographicAlgorithm.RSA)
  if (found === undefined) throw notSupported('the token has no RSA')
  if (!found.lengths.includes(bits)) throw invalid(`RSA keys of the token have ${found.lengths.join(', ')} bits`)
}

function curveOf(facts: TokenFacts, { algorithm, curve: id }: KeySpec): ReturnType<typeof curveById> {
  if (algorithm !== CryptographicAlgorithm.EC && algorithm !== CryptographicAlgorithm.ECDSA) {
    throw notSupported('the token makes no key pairs of this algorithm')
  }
  const curve = curveById(id)
  if (!tokenCurves(facts).includes(curve)) throw notSupported(`the token has no keys on ${curve.name}`)
  return curve
}

function checkImportable(facts: TokenFacts, { kind, algorithm, length, curve }: PlainKey): void {
  if (kind === 'secret') throw notSupported('the token keeps keys, no secrets')
  if (kind === 'symmetric') checkSymmetric(facts, { algorithm, length })
  else if (algorithm === CryptographicAlgorithm.RSA) checkRsaLength(facts, length)
  else curveOf(facts, { algorithm, length, curve })
}

/** RFC 3394, also where nothing else is said. */
function isKeyWrap({ blockCipherMode }: CryptographicParameters): boolean {
  return blockCipherMode === undefined || keyWraps.has(blockCipherMode)
}

function wrapMechanism(facts: TokenFacts, { blockCipherMode }: CryptographicParameters): Mechanism {
  const mode = blockCipherMode ?? BlockCipherMode.NISTKeyWrap
  const candidates = keyWraps.get(mode) ?? []
  const found = candidates.find((mechanism) => mechanismOf(facts, mechanism) !== undefined)
  if (found === undefined) throw notSupported('the token does not wrap keys in this mode')
  return { mechanism: found }
}

function asTokenKey(key: Key): TokenKey {
  checkTokenKind(key, 'symmetric', 'private', 'secret')
  return key as TokenKey
}

function asPublic(key: Key): Key {
  checkTokenKind(key, 'public')
  return (key as TokenPublicKey).software
}

const noModes: ReadonlyMap<number, CipherMode> = new Map()
const keyWraps: ReadonlyMap<number, readonly number[]> = new Map<number, readonly number[]>([
  [BlockCipherMode.NISTKeyWrap, [Ckm.AES_KEY_WRAP]],
  [BlockCipherMode.AESKeyWrapPadding, [Ckm.AES_KEY_WRAP_KWP, Ckm.AES_KEY_WRAP_PAD]],
])
/** NIST SP 800-131A: an HMAC key has at least 112 bits. */
const secretBitsMin = 112
const secretBitsMax = 4096
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
