import type { ManagedObject } from '../model/managed-object.ts'
import type { Context } from './operation.ts'
import { reCertify } from './re-certify.ts'
import { publicKeyOf } from './re-key-key-pair.ts'
import { replaceKey, replacePair } from './replace-key.ts'

/**
 * Replaces a plain object as its client could (KMIP 2.1 4.48, 4.54): by what Re-key, Re-key Key Pair or Re-certify does, with
 * the object's Rotate Offset.
 *
 * @throws KmipError as these operations
 */
export async function rotateObject(context: Context, object: ManagedObject): Promise<void> {
  const { uniqueIdentifier, attributes: { rotateOffset: offset } } = object
  switch (object.kind) {
    case 'SymmetricKey': {
      await replaceKey(context, object, undefined, offset)
      return
    }
    case 'PrivateKey': {
      await replacePair(context, { privateKey: object, publicKey: await publicKeyOf(context, object) }, { offset })
      return
    }
    case 'Certificate': {
      await reCertify.handle({ uniqueIdentifier, ...(offset !== undefined && { offset }) } as never, context)
      return
    }
    default: throw new Error(`a ${object.kind} is not rotated`)
  }
}
