import { specNamed } from '../cmk/key-spec.ts'
import { parseWrapping } from '../cmk/material.ts'
import type { Wrapping } from '../cmk/material.ts'
import { decodeKeyBlock } from '../crypto/key-format.ts'
import type { PlainKey } from '../crypto/provider.ts'
import { KmipError } from '../kmip/error.ts'
import { BlockCipherMode, CryptographicAlgorithm, KeyFormatType, WrappingMethod } from '../kmip/generated/enums.ts'
import { keyBlockOf } from '../kmip/object.ts'
import type { KeyBlock, ManagedObjectValue } from '../kmip/object.ts'
import { Secret } from '../kmip/secret.ts'
import type { Cmk } from '../model/cmk.ts'
import { decodedKey, wrappedBytes } from './key-unwrapping.ts'
import type { Context } from './operation.ts'

/**
 * The key that was wrapped under the import parameters of a CMK, which fits its key spec. A symmetric key is encrypted
 * under the public key itself. A private key is too long for that: an AES-256 key is encrypted so, and followed by the
 * private key under it by AES key wrap with padding (RFC 5649), as PKCS#11's CKM_RSA_AES_KEY_WRAP does.
 *
 * @param privateKey of the import parameters, PKCS#8
 * @throws KmipError Cryptographic Failure, whatever is wrong
 */
export async function unwrapMaterial(
  context: Context, cmk: Cmk, privateKey: Buffer | undefined, object: ManagedObjectValue,
): Promise<PlainKey> {
  try {
    const block = checkedBlock(context, cmk, object)
    const wrapping = parseWrapping(cmk.importParameters!.wrapping)
    const importKey: PlainKey = { ...wrapping.keySpec, kind: 'private', bytes: new Secret(privateKey!) }
    const bytes = await unwrapped(context, wrapping, importKey, block)
    return await fittingKey(context, cmk, block, bytes)
  } catch (error) {
    throw error instanceof KmipError ? importRefused() : error
  }
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
  if (bytes.length <= wrapping.wrappedKeyBytes) return (await provider.unwrap(key, wrapping.parameters, bytes)).reveal()
  const transport = await provider.unwrap(key, wrapping.parameters, bytes.subarray(0, wrapping.wrappedKeyBytes))
  const kek = await provider.load({
    kind: 'symmetric', algorithm: CryptographicAlgorithm.AES, length: transport.length * 8, bytes: transport,
  })
  const parameters = { blockCipherMode: BlockCipherMode.AESKeyWrapPadding }
  return (await provider.unwrap(kek, parameters, bytes.subarray(wrapping.wrappedKeyBytes))).reveal()
}

async function fittingKey(
  { provider, version }: Context, cmk: Cmk, block: KeyBlock, bytes: Buffer,
): Promise<PlainKey> {
  const spec = specNamed(cmk.keySpec)
  const isPair = spec.kind === 'pair'
  if ((block.cryptographicAlgorithm ?? spec.algorithm) !== spec.algorithm) throw importRefused()
  if ((block.cryptographicLength ?? spec.length) !== spec.length) throw importRefused()
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
