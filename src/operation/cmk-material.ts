import { specNamed } from '../cmk/key-spec.ts'
import { parseWrapping } from '../cmk/material.ts'
import type { Wrapping } from '../cmk/material.ts'
import { decodeKeyBlock, publicKeyOf } from '../crypto/key-format.ts'
import type { PlainKey, StoredKey, WrappedSpec } from '../crypto/provider.ts'
import { KmipError } from '../kmip/error.ts'
import {
  BlockCipherMode, CryptographicAlgorithm, EncodingOption, KeyFormatType, WrappingMethod,
} from '../kmip/generated/enums.ts'
import { keyBlockOf } from '../kmip/object.ts'
import type { KeyBlock, ManagedObjectValue } from '../kmip/object.ts'
import { Secret } from '../kmip/secret.ts'
import type { Cmk } from '../model/cmk.ts'
import type { ImportRecord } from './cmk-import-record.ts'
import { decodedKey, wrappedBytes } from './key-unwrapping.ts'
import type { Context } from './operation.ts'
import { protectedBy } from './protection.ts'

/** Material in its place, and what tells it from any other. */
export interface Material {
  readonly key: StoredKey
  /** Of a private key. */
  readonly publicKey?: StoredKey | undefined
  /** The public key, or what only this symmetric key gives: its bytes, or what a token makes with it. */
  readonly identity: Buffer
}

/**
 * The key that was wrapped under the import parameters of a CMK, which fits its key spec. A symmetric key is encrypted
 * under the public key itself. A private key is too long for that: an AES-256 key is encrypted so, and followed by the
 * private key under it by AES key wrap with padding (RFC 5649), as PKCS#11's CKM_RSA_AES_KEY_WRAP does.
 *
 * @param record has the private key of the import parameters, or says which provider has it and unwraps by it
 * @throws KmipError Cryptographic Failure, whatever is wrong; Protection Storage Unavailable
 */
export async function unwrapMaterial(
  context: Context, cmk: Cmk, record: ImportRecord, object: ManagedObjectValue,
): Promise<Material> {
  try {
    const block = checkedBlock(context, cmk, object)
    const wrapping = parseWrapping(cmk.importParameters!.wrapping)
    if (record.reference !== undefined) return await unwrappedThere(context, cmk, wrapping, record.reference, block)
    if (cmk.protectionLevel !== 'SOFTWARE' || record.privateKey === undefined) throw importRefused()
    const importKey: PlainKey = { ...wrapping.keySpec, kind: 'private', bytes: new Secret(record.privateKey) }
    const bytes = await unwrapped(context, wrapping, importKey, block)
    const key = await fittingKey(context, cmk, block, bytes)
    const publicKey = key.kind === 'private' ? publicKeyOf(key) : undefined
    return { key, publicKey, identity: (publicKey ?? key).bytes.reveal() }
  } catch (error) {
    if (!(error instanceof KmipError) || error.reason === 'ProtectionStorageUnavailable') throw error
    throw importRefused()
  }
}

/** What material of the CMK is, for a provider that takes it in wrapped. */
export function wrappedSpecOf(cmk: Cmk): WrappedSpec {
  const { algorithm, length, curve, kind } = specNamed(cmk.keySpec)
  return { kind: kind === 'pair' ? 'private' : 'symmetric', algorithm, length, curve }
}

/** Unwrapped by the provider that keeps the CMK's keys; of a symmetric key nothing else comes here. */
async function unwrappedThere(
  context: Context, cmk: Cmk, wrapping: Wrapping, reference: Buffer, block: KeyBlock,
): Promise<Material> {
  const { provider } = protectedBy(context, cmk.protectionLevel, cmk.instance)
  const spec = wrappedSpecOf(cmk)
  checkToldSpec(cmk, block)
  if (provider.importWrapped === undefined || !isBare(block)) throw importRefused()
  const importKey = await provider.load({ ...wrapping.keySpec, kind: 'private', reference })
  const bytes = wrappedBytes(block.keyValue!)
  const transportBytes = spec.kind === 'private' ? wrapping.wrappedKeyBytes : undefined
  const { key, publicKey } = await provider.importWrapped(
    importKey, wrapping.parameters, { bytes, transportBytes }, spec, context.objects.keptKeys.announceAt(provider),
  )
  context.objects.keptKeys.made({ provider: provider.name, key })
  if (publicKey !== undefined) return { key, publicKey, identity: publicKey.bytes.reveal() }
  const { data } = await provider.encrypt(await provider.load(key), { blockCipherMode: BlockCipherMode.ECB }, { data: probe })
  return { key, identity: data }
}

/** A token unwraps a key, and no TTLV structure that holds one. */
function isBare({ keyWrappingData, keyFormatType }: KeyBlock): boolean {
  const option = keyWrappingData?.encodingOption
  const isKnownFormat = keyFormatType === KeyFormatType.Raw || keyFormatType === KeyFormatType.PKCS_8
  return isKnownFormat && (option === undefined || option === EncodingOption.NoEncoding)
}

/** The one answer to token, wrapping and material that do not belong together. */
export function importRefused(): KmipError {
  return new KmipError(
    'CryptographicFailure', 'InvalidImportToken or InvalidKeyMaterial: get new import parameters and wrap under them',
  )
}

function checkedBlock({ batch }: Context, cmk: Cmk, object: ManagedObjectValue): KeyBlock {
  const isPair = specNamed(cmk.keySpec).kind === 'pair'
  const block = keyBlockOf(object)
  const data = block?.keyWrappingData
  const information = data?.encryptionKeyInformation
  if (object.kind !== (isPair ? 'PrivateKey' : 'SymmetricKey') || information === undefined) throw importRefused()
  const isOurs = data?.wrappingMethod === WrappingMethod.Encrypt &&
    batch.identifier(information.uniqueIdentifier) === cmk.importParameters!.publicKey
  const { parameters } = parseWrapping(cmk.importParameters!.wrapping)
  const told = Object.entries(information.cryptographicParameters ?? {}).filter(([, value]) => value !== undefined)
  const agrees = told.every(([field, value]) => field === 'cryptographicAlgorithm' ||
    (parameters as Readonly<Record<string, unknown>>)[field] === value)
  if (!isOurs || !agrees || block?.keyValue === undefined) throw importRefused()
  return block
}

async function unwrapped(
  { provider }: Context, wrapping: Wrapping, importKey: PlainKey, block: KeyBlock,
): Promise<Buffer> {
  const key = await provider.load(importKey)
  const bytes = wrappedBytes(block.keyValue!)
  // The import key opens what was wrapped for this CMK, and that for a day; what it does not open is bound to no CMK.
  const open = (data: Buffer) => provider.unwrap(key, wrapping.parameters, data, { tellsPadding: true })
  if (bytes.length <= wrapping.wrappedKeyBytes) return (await open(bytes)).reveal()
  const transport = await open(bytes.subarray(0, wrapping.wrappedKeyBytes))
  const kek = await provider.load({
    kind: 'symmetric', algorithm: CryptographicAlgorithm.AES, length: transport.length * 8, bytes: transport,
  })
  const parameters = { blockCipherMode: BlockCipherMode.AESKeyWrapPadding }
  return (await provider.unwrap(kek, parameters, bytes.subarray(wrapping.wrappedKeyBytes))).reveal()
}

function checkToldSpec(cmk: Cmk, block: KeyBlock): void {
  const spec = specNamed(cmk.keySpec)
  const { EC, ECDSA } = CryptographicAlgorithm
  const told = block.cryptographicAlgorithm === EC ? ECDSA : block.cryptographicAlgorithm
  const agrees = (told ?? spec.algorithm) === spec.algorithm &&
    (block.cryptographicLength ?? spec.length) === spec.length
  if (!agrees) throw importRefused()
}

async function fittingKey(
  { provider, version }: Context, cmk: Cmk, block: KeyBlock, bytes: Buffer,
): Promise<PlainKey> {
  const spec = specNamed(cmk.keySpec)
  const isPair = spec.kind === 'pair'
  checkToldSpec(cmk, block)
  const key = decodeKeyBlock({
    keyFormatType: isPair ? block.keyFormatType : KeyFormatType.Raw,
    keyValue: decodedKey({ version }, bytes, block.keyWrappingData?.encodingOption),
    cryptographicAlgorithm: spec.algorithm,
  }, isPair ? 'private' : 'symmetric')
  const fits = key.length === spec.length && key.curve === spec.curve
  if (!fits || (!isPair && block.keyFormatType !== KeyFormatType.Raw)) throw importRefused()
  await provider.importKey(key)
  return key
}

/** What a symmetric key that stays in a token is told from others by: two blocks that it encrypts. */
const probe = Buffer.from('keyward: material of this CMK   ', 'latin1')
