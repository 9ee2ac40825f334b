import type { Provider, StoredKey } from '../crypto/provider.ts'
import type { AttributeSet } from '../kmip/attribute.ts'
import { KmipError } from '../kmip/error.ts'
import { EncodingOption, WrappingMethod } from '../kmip/generated/enums.ts'
import { keyBlockOf } from '../kmip/object.ts'
import type { KeyBlock, ManagedObjectValue } from '../kmip/object.ts'
import { uses } from '../model/usage.ts'
import { wrappingLinks } from './incoming-object.ts'
import { keyParts } from './key-parts.ts'
import { wrappedBytes } from './key-unwrapping.ts'
import type { Draft } from './new-object.ts'
import type { Context } from './operation.ts'
import { plainKeyOf } from './stored-key.ts'
import { loadWrappingKey } from './wrapping-key.ts'

type Incoming = Pick<Draft, 'facts' | 'links' | 'value' | 'provider'>

/** Whether an HSM keeps objects of the kind: it keeps keys that are secret. */
export function isProtectable({ kind }: ManagedObjectValue): boolean {
  return kind === 'SymmetricKey' || kind === 'PrivateKey'
}

/**
 * Takes a key that a client brings (Register, Import) into an HSM. One that is wrapped by a key of the HSM is unwrapped
 * there, and never here; what comes in the clear has been here, and is kept there only.
 *
 * @param provider of the HSM that the client permits; a wrapping key decides for its own
 * @throws KmipError Invalid Field, Invalid Attribute Value, Feature Not Supported for what the HSM does not take or unwrap,
 *   Protection Storage Unavailable, Encoding Option Error, Cryptographic Failure, and as `loadWrappingKey`
 */
export async function takeInProtected(
  context: Context, provider: Provider, object: ManagedObjectValue, given: AttributeSet,
): Promise<Incoming> {
  const kind = object.kind as 'SymmetricKey' | 'PrivateKey'
  const block = keyBlockOf(object)
  if (block?.keyValue === undefined) throw new KmipError('InvalidField', 'there is no Key Value to keep in an HSM')
  if (block.keyWrappingData === undefined) {
    const stored = await provider.importKey(plainKeyOf(object, given), context.objects.keptKeys.announceAt(provider))
    return partsOf(context, provider, stored, kind, given)
  }
  const information = block.keyWrappingData.encryptionKeyInformation
  if (information === undefined || block.keyWrappingData.wrappingMethod !== WrappingMethod.Encrypt) {
    throw new KmipError('FeatureNotSupported', 'an HSM unwraps keys that are encrypted, and nothing else')
  }
  const wrapping = await loadWrappingKey(context, information, uses.unwrapKey)
  if (wrapping.provider.importWrapped === undefined) {
    throw new KmipError('ProtectionStorageUnavailable', 'the wrapping key is not in an HSM, which unwraps by its own')
  }
  checkBare(block)
  const algorithm = block.cryptographicAlgorithm ?? given.cryptographicAlgorithm
  if (algorithm === undefined) throw new KmipError('InvalidField', 'the Cryptographic Algorithm is missing')
  const { key } = await wrapping.provider.importWrapped(
    wrapping.key, wrapping.parameters, { bytes: wrappedBytes(block.keyValue) },
    {
      kind: kind === 'PrivateKey' ? 'private' : 'symmetric', algorithm,
      length: block.cryptographicLength ?? given.cryptographicLength,
      curve: given.cryptographicDomainParameters?.recommendedCurve,
    },
    context.objects.keptKeys.announceAt(wrapping.provider),
  )
  const links = await wrappingLinks(context, block)
  return { ...partsOf(context, wrapping.provider, key, kind, given), links }
}

/** The HSM that has the key by which an object is wrapped and unwraps by it, if one does. @throws KmipError as `peekForUse` */
export async function wrappingHsm(context: Context, object: ManagedObjectValue): Promise<Provider | undefined> {
  const information = keyBlockOf(object)?.keyWrappingData?.encryptionKeyInformation
  if (information === undefined) return undefined
  const key = await context.objects.peekForUse(context.batch.identifier(information.uniqueIdentifier), uses.unwrapKey)
  const provider = key && context.keys.providerOf(key)
  return provider?.importWrapped === undefined ? undefined : provider
}

function partsOf(
  context: Context, provider: Provider, stored: StoredKey, kind: 'SymmetricKey' | 'PrivateKey', given: AttributeSet,
): Incoming {
  if ('reference' in stored) context.objects.keptKeys.made({ provider: provider.name, key: stored })
  return keyParts(provider, stored, kind, given, context.version)
}

/** A token unwraps a key, and no TTLV structure that holds one. @throws KmipError Encoding Option Error */
function checkBare({ keyWrappingData }: KeyBlock): void {
  const option = keyWrappingData?.encodingOption
  if (option !== undefined && option !== EncodingOption.NoEncoding) {
    throw new KmipError('EncodingOptionError', 'what an HSM unwraps has no encoding: Encoding Option No Encoding')
  }
}
