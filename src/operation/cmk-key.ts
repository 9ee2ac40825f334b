import { isTagless } from '../cmk/algorithm.ts'
import type { Awaitable } from '../crypto/provider.ts'
import type { CryptographicParameters } from '../kmip/attribute-value.ts'
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
  const isMadeHere = object.provider === undefined && object.cmk?.origin !== 'EXTERNAL'
  const isApart = isMadeHere && object.kind === 'SymmetricKey' && isTagless(parameters)
  return isApart ? keys.taglessOf(object) : keys.of(object)
}
