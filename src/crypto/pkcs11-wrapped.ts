import { randomBytes } from 'node:crypto'
import type { CryptographicParameters } from '../kmip/attribute-value.ts'
import { BlockCipherMode, CryptographicAlgorithm, HashingAlgorithm, PaddingMethod } from '../kmip/generated/enums.ts'
import { Cka, Ckk, Ckm, Cko } from '../kmip/pkcs11-constants.ts'
import { Secret } from '../kmip/secret.ts'
import { curves } from './curve.ts'
import type { Curve } from './curve.ts'
import { recoverPublicPoint } from './ecdsa.ts'
import { cryptographicFailure, invalid, notSupported } from './failure.ts'
import { encryptionMechanism, publicKeyInfo, signInToken } from './pkcs11-asymmetric.ts'
import type { TokenParts } from './pkcs11-calls.ts'
import { tokenCurves } from './pkcs11-capabilities.ts'
import { checkImportable } from './pkcs11-check.ts'
import { wrappedTemplate } from './pkcs11-import.ts'
import { announced, asTokenKey, newPlace, referred } from './pkcs11-key.ts'
import type { TokenKey } from './pkcs11-key.ts'
import type { KeyPlace, Mechanism, OaepFacts, UnwrapFacts, UnwrappedInto } from './pkcs11-protocol.ts'
import { curveParameter } from './pkcs11-template.ts'
import { wrapMechanism } from './pkcs11-wrapping.ts'
import type { Announce, ImportedKey, KeySpec, PlainKey, Provider, WrappedMaterial, WrappedSpec } from './provider.ts'

/** Takes in keys that come wrapped by a key of the token, without ever seeing them. */
export function unwrappingIn(parts: TokenParts): Required<Pick<Provider, 'checkUnwraps' | 'importWrapped'>> {
  return {
    checkUnwraps: async (parameters, spec) => {
      await rsaMechanism(parts, parameters)
      if (spec.kind === 'private') await checkPrivateKey(parts, spec)
    },
    importWrapped: (key, parameters, material, spec, announce) => (
      importWrapped(parts, asTokenKey(key), parameters, material, spec, announce)),
  }
}

async function importWrapped(
  parts: TokenParts, key: TokenKey, parameters: CryptographicParameters, { bytes, transportBytes }: WrappedMaterial,
  spec: WrappedSpec, announce: Announce | undefined,
): Promise<ImportedKey> {
  const { token, storage } = parts
  const isPrivate = spec.kind === 'private'
  if (isPrivate) await checkPrivateKey(parts, spec)
  const mechanism = key.kind === 'private'
    ? await rsaMechanism(parts, parameters)
    : wrapMechanism(await token.facts(), parameters)
  const end = transportBytes ?? 0
  const transport = transportBytes === undefined ? undefined : { mechanism, wrapped: bytes.subarray(0, end) }
  const place = newPlace(storage)
  const objectClass = isPrivate ? Cko.PRIVATE_KEY : Cko.SECRET_KEY
  const withdraw = await announced(announce, { ...spec, length: spec.length ?? 0 }, spec.kind, place)
  const result = await token.call<UnwrappedInto>({
    op: 'unwrapInto', key: key.place, place, wrapped: bytes.subarray(end), transport,
    mechanism: transport === undefined ? mechanism : wrapMechanism(await token.facts(), withPadding),
    template: wrappedTemplate(spec), values: valuesOf(spec),
  }).catch((error: unknown) => {
    // What the token has refused it does not keep; what it did before it was lost nobody knows.
    if (!isUnavailable(error)) withdraw()
    throw error
  })
  const where: KeyPlace = { id: place.id, objectClass, wrapped: result.wrapped }
  try {
    const found = isPrivate
      ? privateSpec(spec, result.values)
      : { algorithm: spec.algorithm, length: secretLength(spec, result) }
    const stored = referred(found, spec.kind, place, result.wrapped)
    const isWanted = (spec.length ?? found.length) === found.length && (spec.curve ?? found.curve) === found.curve
    if (!isWanted) throw cryptographicFailure()
    checkImportable(await token.facts(), { ...found, kind: spec.kind })
    const own: TokenKey = { ...found, kind: spec.kind, modes: new Map(), reference: stored.reference, place: where }
    if (!isPrivate) {
      checkLength(spec, result)
      await checkUsable(parts, own)
      return { key: stored }
    }
    return { key: stored, publicKey: await publicPart(parts, own, result.values) }
  } catch (error) {
    await token.destroy(where)
    withdraw()
    throw error
  }
}

function isUnavailable(error: unknown): boolean {
  return (error as { reason?: unknown }).reason === 'ProtectionStorageUnavailable'
}

/** Bits. Where the token tells the length to eight octets only, the client's word for it decides. */
function secretLength({ algorithm, length }: WrappedSpec, { length: told, isRounded }: UnwrappedInto): number {
  const bits = told! * 8
  if (length === undefined || !isRounded || algorithm === CryptographicAlgorithm.AES) return bits
  return length > bits - 64 && length <= bits ? length : bits
}

/** @throws KmipError Invalid Field for a key whose length nobody tells */
function checkLength({ algorithm, length }: WrappedSpec, { isRounded }: UnwrappedInto): void {
  if (length !== undefined || !isRounded || algorithm === CryptographicAlgorithm.AES) return
  throw invalid('the token does not tell how long such a key is: its Cryptographic Length is needed')
}

/** A token may take bytes of any number as an AES key, and say so only when it is to use them. */
async function checkUsable({ run }: TokenParts, key: TokenKey): Promise<void> {
  if (key.algorithm === CryptographicAlgorithm.AES) await run('encrypt', key, { mechanism: Ckm.AES_ECB }, Buffer.alloc(16), 16)
}

/** The public part, with which the private one signs: what came as a key is one. */
async function publicPart(
  { run, software }: TokenParts, key: TokenKey, values: readonly Uint8Array[],
): Promise<PlainKey> {
  if (key.algorithm !== CryptographicAlgorithm.RSA) {
    const point = await recoverPublicPoint(curveNamed(key), (bytes) => (
      run('sign', key, { mechanism: Ckm.ECDSA }, bytes, 2 * Math.ceil(key.length / 8))))
    return publicKeyOf(key, [point])
  }
  const publicKey = publicKeyOf(key, values)
  const parameters = { paddingMethod: PaddingMethod.PKCS1V1_5, hashingAlgorithm: HashingAlgorithm.SHA_256 }
  const digest = randomBytes(32)
  const signature = await signInToken(run, key, parameters, { digest })
  if (!await software.verify(await software.load(publicKey), parameters, { digest }, signature)) {
    throw cryptographicFailure()
  }
  return publicKey
}

function publicKeyOf({ algorithm, length, curve }: KeySpec, values: readonly Uint8Array[]): PlainKey {
  const spec = { algorithm, length, curve }
  return { ...spec, kind: 'public', bytes: new Secret(publicKeyInfo(spec, values)) }
}

function privateSpec({ algorithm }: WrappedSpec, values: readonly Uint8Array[]): KeySpec {
  const [first] = values
  if (algorithm === CryptographicAlgorithm.RSA) {
    const modulus = Buffer.from(first!).toString('hex').replace(/^0+/, '')
    return { algorithm, length: Math.ceil(modulus.length / 2) * 8 }
  }
  const curve = curves.find(({ oid }) => curveParameter(oid).equals(first!))
  if (curve === undefined) throw cryptographicFailure()
  return { algorithm, length: curve.bits, curve: curve.id }
}

function curveNamed({ curve: id }: KeySpec): Curve {
  return curves.find((each) => each.id === id)!
}

/** @throws KmipError Feature Not Supported, with what there is */
async function rsaMechanism(parts: TokenParts, parameters: CryptographicParameters): Promise<Mechanism> {
  const facts = await parts.unwrapFacts()
  // What decrypts does not always unwrap: a mechanism is what unwrapping is held to.
  const asOaep = async (): Promise<OaepFacts> => ({ hashes: facts.oaep, mixed: false, labels: false })
  try {
    const mechanism = await encryptionMechanism(parameters, asOaep)
    if (mechanism.mechanism !== Ckm.RSA_PKCS || facts.pkcs1) return mechanism
  } catch {
    // Told below, with what there is.
  }
  throw notSupported(`the HSM ${parts.name} unwraps only by ${namesOf(facts)}`)
}

/** @throws KmipError Feature Not Supported */
async function checkPrivateKey(parts: TokenParts, { algorithm, curve }: WrappedSpec): Promise<void> {
  const { privateKeys } = await parts.unwrapFacts()
  const isRsa = algorithm === CryptographicAlgorithm.RSA
  if (!privateKeys.includes(isRsa ? Ckk.RSA : Ckk.EC)) {
    throw notSupported(`the HSM ${parts.name} unwraps no private keys of this algorithm`)
  }
  const known = tokenCurves(await parts.token.facts())
  if (!isRsa && curve !== undefined && !known.some(({ id }) => id === curve)) {
    throw notSupported(`the HSM ${parts.name} has no keys on this curve`)
  }
}

function namesOf({ pkcs1, oaep }: UnwrapFacts): string {
  const names = oaepNames.filter(([hash]) => oaep.includes(hash)).map(([, name]) => `RSAES_OAEP_${name}`)
  return [...names, ...(pkcs1 ? ['RSAES_PKCS1_V1_5'] : [])].join(', ') || 'nothing'
}

function valuesOf({ kind, algorithm }: WrappedSpec): number[] {
  if (kind !== 'private') return []
  return algorithm === CryptographicAlgorithm.RSA ? [Cka.MODULUS, Cka.PUBLIC_EXPONENT] : [Cka.EC_PARAMS]
}

const withPadding = { blockCipherMode: BlockCipherMode.AESKeyWrapPadding }
const oaepNames = [
  [Ckm.SHA_1, 'SHA_1'], [Ckm.SHA224, 'SHA_224'], [Ckm.SHA256, 'SHA_256'], [Ckm.SHA384, 'SHA_384'], [Ckm.SHA512, 'SHA_512'],
] as const
