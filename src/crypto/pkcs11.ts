import { CryptographicAlgorithm } from '../kmip/generated/enums.ts'
import { Secret } from '../kmip/secret.ts'
import { invalid, notSupported } from './failure.ts'
import {
  decryptRsaInToken, encryptionMechanism, publicKeyInfo, signInToken,
} from './pkcs11-asymmetric.ts'
import { aesMechanisms, mechanismOf, tokenCapabilities } from './pkcs11-capabilities.ts'
import { TokenCalls } from './pkcs11-calls.ts'
import type { TokenParts } from './pkcs11-calls.ts'
import { checkImportable, checkRsaLength, checkSymmetric, curveOf } from './pkcs11-check.ts'
import type { Connection } from './pkcs11-connection.ts'
import { Cka, Ckm } from '../kmip/pkcs11-constants.ts'
import { materialTemplate } from './pkcs11-import.ts'
import {
  announced, asPublic, asTokenKey, decodeReference, encodeReference, newPlace, referred,
} from './pkcs11-key.ts'
import type { TokenKey, TokenPublicKey } from './pkcs11-key.ts'
import type { OaepFacts, Storage, TokenFacts, UnwrapFacts, WrappedKey } from './pkcs11-protocol.ts'
import {
  decryptInToken, encryptInToken, macInToken, openInToken, openMacInToken,
} from './pkcs11-symmetric.ts'
import type { Run } from './pkcs11-symmetric.ts'
import { unwrappingIn } from './pkcs11-wrapped.ts'
import { wrapping } from './pkcs11-wrapping.ts'
import {
  ecPrivateTemplate, ecPublicTemplate, rsaPrivateTemplate, rsaPublicTemplate, secretTemplate,
} from './pkcs11-template.ts'
import type {
  Announce, Capabilities, Key, KeySpec, PlainKey, Provider, ProviderState, StoredKey,
} from './provider.ts'
import { symmetricFamily } from './symmetric.ts'
import type { CipherMode } from './symmetric.ts'

export interface TokenProviderOptions extends Pick<TokenParts, 'name' | 'storage' | 'software'> {
  readonly connection: Connection
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
  const unwrapFacts = token.once(() => token.call<UnwrapFacts>({ op: 'unwrapFacts' }))
  const parts: TokenParts = { ...options, token, run, oaepFacts, unwrapFacts }
  return {
    name,
    protection: 'HSM',
    storageMechanism: options.storage === 'internal' ? 'HsmInternal' : 'HsmEncryptedDatabase',
    get state(): ProviderState {
      return connection.state
    },
    ...making(parts),
    ...using(parts),
    ...wrapping(parts),
    ...unwrappingIn(parts),
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

type Making = 'generateKey' | 'generateKeyPair' | 'importKey' | 'destroy'
type Using = 'encrypt' | 'decrypt' | 'openCipher' | 'sign' | 'verify' | 'mac' | 'openMac'

function making({ token, storage, software }: TokenParts): Pick<Provider, Making> {
  return {
    async generateKey(spec, announce) {
      checkSymmetric(await token.facts(), spec)
      const isAes = spec.algorithm === CryptographicAlgorithm.AES
      const place = newPlace(storage)
      await announced(announce, spec, 'symmetric', place)
      const wrapped = await token.call<WrappedKey | undefined>({
        op: 'generate', place,
        mechanism: { mechanism: isAes ? Ckm.AES_KEY_GEN : Ckm.GENERIC_SECRET_KEY_GEN },
        template: [...secretTemplate(spec.algorithm), { type: Cka.VALUE_LEN, value: spec.length / 8 }],
      })
      return referred(spec, 'symmetric', place, wrapped)
    },
    generateKeyPair: (spec, announce) => generatePair(token, storage, spec, announce),
    async importKey(material, announce) {
      await software.importKey(material)
      if (material.kind === 'public') return material
      checkImportable(await token.facts(), material)
      const place = newPlace(storage)
      await announced(announce, material, material.kind, place)
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
  token: TokenCalls, storage: Storage, spec: KeySpec, announce: Announce | undefined,
): Promise<{ privateKey: StoredKey; publicKey: StoredKey }> {
  const facts = await token.facts()
  const isRsa = spec.algorithm === CryptographicAlgorithm.RSA
  if (isRsa) checkRsaLength(facts, spec.length)
  const curve = isRsa ? undefined : curveOf(facts, spec)
  const place = newPlace(storage)
  await announced(announce, spec, 'private', place)
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

function using({ run, software, oaepFacts }: TokenParts): Pick<Provider, Using> {
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

const noModes: ReadonlyMap<number, CipherMode> = new Map()
