import { KmipError } from '../kmip/error.ts'
import type { CryptographicParameters } from '../kmip/attribute-value.ts'
import type { Identifier } from '../kmip/identifier.ts'
import { stateAt } from '../model/lifecycle.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import type { Use } from '../model/usage.ts'
import { cmkKey } from './cmk-key.ts'
import { cmkWrapParameters } from './cmk-use.ts'
import type { UsableKey } from './keys.ts'
import type { Context } from './operation.ts'

/** What Encryption Key Information and MAC/Signature Key Information hold. */
export interface KeyInformation {
  readonly uniqueIdentifier: Identifier
  readonly cryptographicParameters?: CryptographicParameters | undefined
}

/** A key that wraps, unwraps, signs or checks another one. */
export interface WrappingKey extends UsableKey {
  readonly object: ManagedObject
  readonly parameters: CryptographicParameters
}

/**
 * Loads the key that wraps or unwraps another key.
 *
 * @throws KmipError Wrapping Object Not Found, Wrapping Object Destroyed, Wrapping Object Archived, Illegal Operation (2.x:
 *   Invalid Object Type) for an object that is no key, Wrong Key Lifecycle State, Incompatible Cryptographic Usage Mask, and
 *   for Cryptographic Parameters that are none of the key's Item Not Found (1.x) or Bad Cryptographic Parameters
 */
export async function loadWrappingKey(context: Context, information: KeyInformation, use: Use): Promise<WrappingKey> {
  const object = await context.objects.peekForUse(context.batch.identifier(information.uniqueIdentifier), use)
  if (object === undefined) throw new KmipError('WrappingObjectNotFound', 'the wrapping key does not exist')
  const state = stateAt(object.attributes, context.now)
  if (state === 'Destroyed' || state === 'DestroyedCompromised') {
    throw new KmipError('WrappingObjectDestroyed', 'the wrapping key is destroyed')
  }
  if (object.archived === true) throw new KmipError('WrappingObjectArchived', 'the wrapping key is archived')
  if (!wrappingKinds.has(object.kind)) {
    const reason = context.version < 200 ? 'IllegalOperation' : 'InvalidObjectType'
    throw new KmipError(reason, 'the wrapping object is not a key')
  }
  context.objects.checkUse(object, use)
  const parameters = parametersFor(context, object, information)
  const usable = object.cmk === undefined ? context.keys.of(object) : cmkKey(context.keys, object, parameters)
  return { object, parameters, ...await usable }
}

/**
 * Parameters of the request have to be among those of the key; without any the key's first count (KMIP 1.4 2.1.6).
 * A key that has none takes what the request says, and the provider's default where that says nothing: the
 * standard's refusal would shut out the clients that wrap under keys without that attribute (VAST, PyKMIP).
 */
function parametersFor(
  context: Context, object: ManagedObject, { cryptographicParameters: requested }: KeyInformation,
): CryptographicParameters {
  if (object.cmk !== undefined) return cmkWrapParameters(object.cmk, requested)
  const own = object.attributes.cryptographicParameters ?? []
  if (requested === undefined) return own[0] ?? {}
  if (own.length > 0 && !own.some((each) => agrees(requested, each))) {
    const reason = context.version < 200 ? 'ItemNotFound' : 'BadCryptographicParameters'
    throw new KmipError(reason, 'the wrapping key has no such Cryptographic Parameters')
  }
  return requested
}

function agrees(requested: CryptographicParameters, own: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(requested).every(([field, value]) => {
    const other = own[field]
    if (value === undefined || other === undefined) return true
    return Buffer.isBuffer(value) ? Buffer.isBuffer(other) && value.equals(other) : value === other
  })
}

const wrappingKinds: ReadonlySet<string> = new Set(['SymmetricKey', 'PublicKey', 'PrivateKey'])
