import type { StoredKey } from '../crypto/provider.ts'
import type { AttributeSet } from '../kmip/attribute.ts'
import { KmipError } from '../kmip/error.ts'
import { ObjectType, Operation } from '../kmip/generated/enums.ts'
import { Secret } from '../kmip/secret.ts'
import { CreateRequest, CreateResponse } from '../kmip/payload/create.ts'
import { createCmk } from './cmk-create.ts'
import { isCmkOrder } from './cmk-order.ts'
import { keyParts } from './key-parts.ts'
import { creationReasons } from './creation-reasons.ts'
import { givenAttributes, newObject } from './new-object.ts'
import { operation } from './operation.ts'
import type { Context } from './operation.ts'
import { storedBy } from './protection.ts'
import { supplied } from './supplied.ts'
import { symmetricKey } from './symmetric-key.ts'

/** KMIP 2.1 6.1.8 Create. */
export const create = operation({
  code: Operation.Create,
  since: '1.0',
  request: CreateRequest,
  response: CreateResponse,
  reasons: [
    ...creationReasons, 'FeatureNotSupported', 'IllegalOperation', 'InvalidObjectType', 'PermissionDenied',
    'ProtectionStorageUnavailable', 'WrongKeyLifecycleState',
  ],
  async handle(request, context) {
    if (isCmkOrder(request.attributes)) {
      const { uniqueIdentifier } = await createCmk(context, request)
      context.batch.produced(uniqueIdentifier, 'Create')
      return { objectType: request.objectType, uniqueIdentifier }
    }
    const kind = kindOf(request.objectType)
    const told = await givenAttributes(context, kind, request.attributes, 'made')
    const given = await supplied(context, kind, told)
    const place = storedBy(context, { masks: request.protectionStorageMasks })
    const key = kind === 'SymmetricKey' ? await symmetricKey(place, given) : secret(context, given)
    const parts = keyParts(place.provider, key, kind, given, context.version)
    const { uniqueIdentifier } = newObject(context, { kind, origin: 'made', given, ...parts })
    context.batch.produced(uniqueIdentifier, 'Create')
    return { objectType: request.objectType, uniqueIdentifier }
  },
})

/** Random bytes as Secret Data; 1.4 has made them since its own cases (TC-CREATE-SD-1). */
function secret(context: Context, given: AttributeSet): StoredKey {
  const { cryptographicLength: length = defaultSecretBits, cryptographicAlgorithm: algorithm = 0 } = given
  if (length <= 0 || length % 8 !== 0 || length > secretBitsMax) {
    throw new KmipError('InvalidAttributeValue', 'the Cryptographic Length of a secret is a whole number of bytes')
  }
  return { kind: 'secret', algorithm, length, bytes: new Secret(context.provider.random(length / 8)) }
}

function kindOf(objectType: number): 'SymmetricKey' | 'SecretData' {
  if (objectType === ObjectType.SymmetricKey) return 'SymmetricKey'
  if (objectType === ObjectType.SecretData) return 'SecretData'
  throw new KmipError('InvalidObjectType', 'Create makes symmetric keys and secret data')
}

const defaultSecretBits = 256
const secretBitsMax = 65_536
