import { isTagless } from '../cmk/algorithm.ts'
import type { CryptographicParameters } from '../kmip/attribute-value.ts'
import { KmipError } from '../kmip/error.ts'
import { BlockCipherMode } from '../kmip/generated/enums.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import type { UsableKey } from './keys.ts'
import type { Context } from './operation.ts'

/**
 * The key with which a version of a CMK does an algorithm. Modes without a tag have a key of their own, made from the
 * version's; where the material is elsewhere (in a token, at a key manager) none can be made, and the CMK does either
 * the ones or the others: as the Cryptographic Parameters said with which it was made, or else as its first use.
 *
 * @param parameters as `cmkParameters` and `cmkWrapParameters` give them
 * @throws KmipError Unsupported Cryptographic Parameters, and as `Keys.of`
 */
export async function cmkKey(
  { keys, objects }: Pick<Context, 'keys' | 'objects'>, object: ManagedObject, parameters: CryptographicParameters,
): Promise<UsableKey> {
  if (object.kind !== 'SymmetricKey') return keys.of(object)
  const wantsTagless = isTagless(parameters)
  if (object.provider === undefined) return wantsTagless ? keys.taglessOf(object) : keys.of(object)
  const [own] = object.attributes.cryptographicParameters ?? []
  if (own === undefined) {
    const decided = wantsTagless ? parameters : { blockCipherMode: BlockCipherMode.GCM }
    objects.put({ ...object, attributes: { ...object.attributes, cryptographicParameters: [decided] } })
  } else if (wantsTagless !== isTagless(own)) {
    throw new KmipError('UnsupportedCryptographicParameters', wantsTagless
      ? 'this CMK does modes with a tag; make one with Cryptographic Parameters of CBC, ECB or CTR for those'
      : 'this CMK does modes without a tag, as its Cryptographic Parameters say; make one without them for GCM')
  }
  return keys.of(object)
}

/**
 * Whether the IV is the server's to choose: a GCM IV that comes twice gives away what was encrypted under it, and the
 * key of the tags (SP 800-38D 8).
 *
 * @param iv as the client gives it
 * @throws KmipError Invalid Field
 */
export function checkOwnIv(object: ManagedObject, { blockCipherMode }: CryptographicParameters, iv: Buffer | undefined): void {
  if (object.cmk !== undefined && blockCipherMode === BlockCipherMode.GCM && iv !== undefined) {
    throw new KmipError('InvalidField', 'InvalidParameter: the IV of a CMK\'s GCM is made by the server, and in its answer')
  }
}

/** @throws KmipError Invalid Attribute Value for Cryptographic Parameters of both sorts */
export function checkOneSort(parameters: readonly CryptographicParameters[]): void {
  if (new Set(parameters.map(isTagless)).size > 1) {
    throw new KmipError(
      'InvalidAttributeValue', 'a CMK outside of the store does modes with a tag or modes without, never both',
    )
  }
}
