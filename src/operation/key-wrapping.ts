import type { AttributeSet } from '../kmip/attribute.ts'
import { KmipError } from '../kmip/error.ts'
import { EncodingOption, WrappingMethod } from '../kmip/generated/enums.ts'
import type { KeyWrappingSpecification } from '../kmip/key-wrapping-specification.ts'
import { KeyBlock } from '../kmip/object.ts'
import type { KeyBlock as Block, KeyMaterial, KeyWrappingData } from '../kmip/object.ts'
import { Secret } from '../kmip/secret.ts'
import { uses } from '../model/usage.ts'
import { TtlvWriter } from '../ttlv/writer.ts'
import { chargeUse } from './key-use.ts'
import type { Context } from './operation.ts'
import { loadWrappingKey } from './wrapping-key.ts'
import type { KeyInformation } from './wrapping-key.ts'

/** Whether a method hides the key; a MAC or signature alone does not. */
export function conceals({ wrappingMethod }: KeyWrappingSpecification): boolean {
  return wrappingMethod !== WrappingMethod.MACSign
}

/**
 * Wraps a key that is in the clear (KMIP 2.1 3.3, 7.18).
 *
 * @param attributes those that the client names to be wrapped with the key
 * @throws KmipError Encoding Option Error, Feature Not Supported for a method, Invalid Field for missing key
 *   information, and as `loadWrappingKey`
 */
export async function wrapKeyBlock(
  context: Context, block: Block, material: KeyMaterial, attributes: AttributeSet, wanted: KeyWrappingSpecification,
): Promise<Block> {
  const { wrappingMethod, encryptionKeyInformation: encryption, macSignatureKeyInformation: signing } = wanted
  const steps = methods.get(wrappingMethod)
  if (steps === undefined) throw new KmipError('FeatureNotSupported', 'the wrapping method is not supported')
  const encodingOption = chosenEncoding(context, wanted)
  let bytes = encodedKey(context, material, attributes, encodingOption)
  const data: KeyWrappingData = { wrappingMethod, encodingOption: shownEncoding(context, wanted, encodingOption) }
  for (const step of steps) {
    if (step === 'encrypt') {
      const wrapped = await encrypt(context, required(encryption), bytes)
      bytes = wrapped.data
      data.ivCounterNonce = wrapped.iv
    } else {
      data.macSignature = await authenticate(context, required(signing), bytes)
    }
  }
  if (encryption !== undefined) data.encryptionKeyInformation = resolved(context, encryption)
  if (signing !== undefined) data.macSignatureKeyInformation = resolved(context, signing)
  return { ...block, keyValue: { wrapped: new Secret(bytes) }, keyWrappingData: data }
}

/**
 * Without an Encoding Option the Key Value is TTLV-encoded (KMIP 2.1 7.18). Two exceptions: a client that leaves the
 * Cryptographic Parameters to the server, too, wants the bare RFC 3394 result (VAST), and the cases of 1.1 and 1.2
 * (TC-142) have the bare key for an absent option, whatever attributes are named.
 */
function chosenEncoding(context: Context, wanted: KeyWrappingSpecification): number {
  if (wanted.encodingOption !== undefined) {
    if (wanted.encodingOption === EncodingOption.NoEncoding && wanted.attributeName.length > 0) {
      throw new KmipError('EncodingOptionError', 'attributes can only be wrapped with TTLV encoding')
    }
    if (!encodings.has(wanted.encodingOption)) {
      throw new KmipError('EncodingOptionError', 'the Encoding Option is not supported')
    }
    return wanted.encodingOption
  }
  if (context.version < 103) return EncodingOption.NoEncoding
  const isBare = wanted.encryptionKeyInformation?.cryptographicParameters === undefined &&
    wanted.macSignatureKeyInformation === undefined && wanted.attributeName.length === 0
  return isBare ? EncodingOption.NoEncoding : EncodingOption.TTLVEncoding
}

/** The response says how it is encoded where the request did, or where the client could not know. */
function shownEncoding(context: Context, wanted: KeyWrappingSpecification, chosen: number): number | undefined {
  if (wanted.encodingOption !== undefined) return wanted.encodingOption
  return context.version < 103 || chosen === EncodingOption.TTLVEncoding ? undefined : chosen
}

function encodedKey(context: Context, material: KeyMaterial, attributes: AttributeSet, encoding: number): Buffer {
  if (encoding === EncodingOption.TTLVEncoding) {
    const writer = new TtlvWriter()
    const hasAttributes = Object.keys(attributes).length > 0
    const keyValue = { keyMaterial: material, ...(hasAttributes && { attributes }) }
    KeyBlock.fields.keyValue.encode(writer, keyValue, { version: context.version })
    return writer.take()
  }
  if (!(material instanceof Secret)) {
    throw new KmipError('EncodingOptionError', 'a transparent key can only be wrapped with TTLV encoding')
  }
  return material.reveal()
}

async function encrypt(
  context: Context, information: KeyInformation, bytes: Buffer,
): Promise<{ data: Buffer; iv?: Buffer | undefined }> {
  const { object, provider, key, parameters } = await loadWrappingKey(context, information, uses.wrapKey)
  const wrapped = await provider.wrap(key, parameters, bytes)
  chargeUse(context, object, uses.wrapKey, bytes.length)
  return wrapped
}

/** A MAC by a symmetric key, a signature by a private one. */
async function authenticate(context: Context, information: KeyInformation, bytes: Buffer): Promise<Buffer> {
  const id = context.batch.identifier(information.uniqueIdentifier)
  const isPrivate = (await context.objects.peek(id))?.kind === 'PrivateKey'
  const use = isPrivate ? uses.sign : uses.macGenerate
  const { object, provider, key, parameters } = await loadWrappingKey(context, information, use)
  const result = isPrivate
    ? await provider.sign(key, parameters, { data: bytes })
    : await provider.mac(key, parameters, bytes)
  chargeUse(context, object, use, bytes.length)
  return result
}

function resolved(context: Context, information: KeyInformation): NonNullable<KeyWrappingData['encryptionKeyInformation']> {
  return { ...information, uniqueIdentifier: context.batch.identifier(information.uniqueIdentifier) }
}

function required(information: KeyInformation | undefined): KeyInformation {
  if (information === undefined) throw new KmipError('InvalidField', 'the wrapping method needs the other key information')
  return information
}

/** In the order in which they are done (KMIP 2.1 3.3). */
export const methods: ReadonlyMap<number, readonly ('encrypt' | 'authenticate')[]> = new Map([
  [WrappingMethod.Encrypt, ['encrypt']],
  [WrappingMethod.MACSign, ['authenticate']],
  [WrappingMethod.EncryptThenMACSign, ['encrypt', 'authenticate']],
  [WrappingMethod.MACSignThenEncrypt, ['authenticate', 'encrypt']],
])
export const encodings: ReadonlySet<number> = new Set(Object.values(EncodingOption))
