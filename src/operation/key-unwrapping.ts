import { timingSafeEqual } from 'node:crypto'
import { KmipError } from '../kmip/error.ts'
import { EncodingOption, LinkType } from '../kmip/generated/enums.ts'
import { Tag } from '../kmip/generated/tags.ts'
import { KeyBlock } from '../kmip/object.ts'
import type { KeyBlock as Block, KeyValue, KeyWrappingData } from '../kmip/object.ts'
import { Secret } from '../kmip/secret.ts'
import { uses } from '../model/usage.ts'
import { decodeItem } from '../ttlv/item.ts'
import { encodings, methods } from './key-wrapping.ts'
import type { Context } from './operation.ts'
import { loadWrappingKey } from './wrapping-key.ts'
import type { KeyInformation } from './wrapping-key.ts'

/**
 * The key block as it was before it was wrapped (KMIP 2.1 3.3).
 *
 * @throws KmipError Cryptographic Failure when it does not come out whole; Feature Not Supported for a method;
 *   and as `loadWrappingKey`
 */
export async function unwrapKeyBlock(context: Context, block: Block): Promise<Block> {
  const { keyWrappingData: data, keyValue, ...plain } = block
  if (data === undefined || keyValue === undefined) return block
  const steps = methods.get(data.wrappingMethod)
  if (steps === undefined) throw new KmipError('FeatureNotSupported', 'the wrapping method is not supported')
  let bytes = wrappedBytes(keyValue)
  for (const step of steps.toReversed()) {
    if (step === 'encrypt') bytes = await decrypt(context, data, bytes)
    else await checkAuthentic(context, data, bytes)
  }
  return { ...plain, keyValue: decodedKey(context, bytes, data.encodingOption) }
}

/** The wrapped bytes are the Key Value itself; the cases of 1.4 have them as its Key Material. */
export function wrappedBytes(keyValue: KeyValue): Buffer {
  if ('wrapped' in keyValue) return keyValue.wrapped.reveal()
  if (keyValue.keyMaterial instanceof Secret) return keyValue.keyMaterial.reveal()
  throw new KmipError('InvalidField', 'a wrapped key is a byte string')
}

/** Of a CMK that is addressed as a whole, the versions are tried until one has wrapped the key. */
async function decrypt(context: Context, data: KeyWrappingData, bytes: Buffer): Promise<Buffer> {
  const information = required(data.encryptionKeyInformation)
  let failure: unknown
  for (const uniqueIdentifier of await context.objects.versionsOf(named(context, information), uses.unwrapKey)) {
    try {
      const wrapping = await loadWrappingKey(context, { ...information, uniqueIdentifier }, uses.unwrapKey)
      const { provider, key, parameters } = wrapping
      return (await provider.unwrap(key, parameters, bytes, { iv: data.ivCounterNonce })).reveal()
    } catch (error) {
      if (!(error instanceof KmipError) || !missReasons.has(error.reason)) throw error
      failure ??= error
    }
  }
  throw failure
}

async function checkAuthentic(context: Context, data: KeyWrappingData, bytes: Buffer): Promise<void> {
  const information = required(data.macSignatureKeyInformation)
  const { macSignature } = data
  if (macSignature === undefined) throw new KmipError('InvalidField', 'the MAC or signature of the key is missing')
  const object = await context.objects.peek(context.batch.identifier(information.uniqueIdentifier))
  if (object?.kind === 'PrivateKey' || object?.kind === 'PublicKey') {
    const publicKey = object.attributes.link?.find(({ linkType }) => linkType === LinkType.PublicKeyLink)
    const verifying = object.kind === 'PublicKey' || publicKey === undefined
      ? information
      : { ...information, uniqueIdentifier: publicKey.linkedObjectIdentifier }
    const { provider, key, parameters } = await loadWrappingKey(context, verifying, uses.verify)
    if (!await provider.verify(key, parameters, { data: bytes }, macSignature)) throw broken()
    return
  }
  const { provider, key, parameters } = await loadWrappingKey(context, information, uses.macVerify)
  const mac = await provider.mac(key, parameters, bytes)
  if (mac.length !== macSignature.length || !timingSafeEqual(mac, macSignature)) throw broken()
}

/**
 * The Key Value that was wrapped. Where the option is absent, the bytes tell: a TTLV-encoded one begins with its tag and
 * type.
 *
 * @throws KmipError Encoding Option Error, Cryptographic Failure
 */
export function decodedKey(
  context: Pick<Context, 'version'>, bytes: Buffer, encodingOption: number | undefined,
): KeyValue {
  if (encodingOption !== undefined && !encodings.has(encodingOption)) {
    throw new KmipError('EncodingOptionError', 'the Encoding Option is not supported')
  }
  const isBare = encodingOption === undefined
    ? !bytes.subarray(0, keyValueHeader.length).equals(keyValueHeader)
    : encodingOption === EncodingOption.NoEncoding
  if (isBare) return { keyMaterial: new Secret(bytes) }
  try {
    const item = decodeItem(bytes, depthMax)
    if (item.tag !== Tag.KeyValue) throw broken()
    return KeyBlock.fields.keyValue.decode(item, { version: context.version, refusesUndefined: true })
  } catch {
    throw broken()
  }
}

function named(context: Context, { uniqueIdentifier }: KeyInformation): string {
  return context.batch.identifier(uniqueIdentifier)
}

function required(information: KeyInformation | undefined): KeyInformation {
  if (information === undefined) throw new KmipError('InvalidField', 'the wrapping method needs the other key information')
  return information
}

/** The same for all that may be wrong with wrapped bytes. */
function broken(): KmipError {
  return new KmipError('CryptographicFailure', 'the cryptographic operation failed')
}

/** Another version may have wrapped the key; and one that is compromised is no reason not to ask the others. */
const missReasons: ReadonlySet<string> = new Set(['CryptographicFailure', 'WrongKeyLifecycleState'])
const keyValueHeader = Buffer.from('42004501', 'hex')
const depthMax = 16
