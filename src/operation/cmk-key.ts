import { isTagless } from '../cmk/algorithm.ts'
import type { CryptographicParameters } from '../kmip/attribute-value.ts'
import { BlockCipherMode } from '../kmip/generated/enums.ts'
import type { Awaitable } from '../model/awaitable.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import type { Keys, UsableKey } from './keys.ts'

/**
 * The key with which a version of a CMK does an algorithm. Modes without a tag have a key of their own, made from the
 * version's, so that they do not read past tag and context what GCM encrypted. Material that was brought is used by
 * every mode as it is, because who brought it reads and makes ciphertext elsewhere too; so is a key that is in a token
 * or at a key manager, from which none can be made.
 *
 * @param parameters as `cmkParameters` and `cmkWrapParameters` give them
 * @throws KmipError as `Keys.of`
 */
export function cmkKey(keys: Keys, object: ManagedObject, parameters: CryptographicParameters): Awaitable<UsableKey> {
  return isMadeHere(object) && isTagless(parameters) ? keys.subkeyOf(object, 'tagless') : keys.of(object)
}

/**
 * The key for GCM under an IV that the client gives. Whoever gives one that was used before gets its key stream, and the
 * key of the tags (SP 800-38D 8): with a key apart, only of what was encrypted under such IVs.
 *
 * @returns undefined where the object's key itself does that: a plain key, or material that `cmkKey` uses as it is
 */
export function givenIvKey(
  keys: Keys, object: ManagedObject, { blockCipherMode }: CryptographicParameters,
): Awaitable<UsableKey> | undefined {
  const isApart = object.cmk !== undefined && isMadeHere(object) && blockCipherMode === BlockCipherMode.GCM
  return isApart ? keys.subkeyOf(object, 'givenIv') : undefined
}

function isMadeHere({ kind, provider, cmk }: ManagedObject): boolean {
  return kind === 'SymmetricKey' && provider === undefined && cmk?.origin !== 'EXTERNAL'
}
