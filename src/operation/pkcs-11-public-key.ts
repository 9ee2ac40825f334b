import { decodeSpki } from '../crypto/asymmetric.ts'
import { derOctets, derOid, unsignedBytes } from '../crypto/der.ts'
import { Operation } from '../kmip/generated/enums.ts'
import { Cka } from '../kmip/pkcs11-constants.ts'
import type { Context } from './operation.ts'
import { storedKeyOf } from './stored-key.ts'
import { checkUnarchived } from './unarchived.ts'

/** Attributes that are a public key itself: who asks for them gets the key. */
export const publicKeyAttributes: ReadonlySet<number> = new Set([
  Cka.MODULUS, Cka.PUBLIC_EXPONENT, Cka.EC_PARAMS, Cka.EC_POINT,
])

/**
 * The numbers of a public key; none of other objects, nor of a key that another system holds.
 *
 * @throws KmipError as Get does
 */
export async function publicKeyNumbers(
  uniqueIdentifier: string, context: Context,
): Promise<readonly (readonly [number, Buffer])[]> {
  context.objects.begin(Operation.Get)
  const object = await context.objects.loadExisting(uniqueIdentifier)
  if (object.kind !== 'PublicKey' || object.value === undefined) return []
  checkUnarchived(object)
  const key = storedKeyOf(object)
  if ('reference' in key) return []
  const numbers = decodeSpki(key.bytes.reveal())
  switch (numbers.type) {
    case 'rsa': return [[Cka.MODULUS, unsignedBytes(numbers.n)], [Cka.PUBLIC_EXPONENT, unsignedBytes(numbers.e)]]
    case 'ec': return [[Cka.EC_PARAMS, derOid(numbers.curve.oid)], [Cka.EC_POINT, derOctets(numbers.point)]]
    default: return []
  }
}
