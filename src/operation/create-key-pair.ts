import { Operation } from '../kmip/generated/enums.ts'
import { CreateKeyPairRequest, CreateKeyPairResponse } from '../kmip/payload/create-key-pair.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import { createCmkPair } from './cmk-create.ts'
import { isCmkOrder } from './cmk-order.ts'
import { creationReasons } from './creation-reasons.ts'
import { newKeyPair, pairAttributes, pairStorage } from './key-pair.ts'
import { operation } from './operation.ts'
import type { Context } from './operation.ts'
import { suppliedPair } from './supplied.ts'

/** KMIP 2.1 6.1.9 Create Key Pair. */
export const createKeyPair = operation({
  code: Operation.CreateKeyPair,
  since: '1.0',
  request: CreateKeyPairRequest,
  response: CreateKeyPairResponse,
  reasons: [
    ...creationReasons, 'FeatureNotSupported', 'IllegalOperation', 'PrivateProtectionStorageUnavailable',
    'ProtectionStorageUnavailable', 'PublicProtectionStorageUnavailable',
  ],
  async handle(request, context) {
    const sets = [request.commonAttributes, request.privateKeyAttributes, request.publicKeyAttributes]
    const make = isCmkOrder(...sets) ? createCmkPair : createPlainPair
    const { privateKey, publicKey } = await make(context, request)
    context.batch.named('CreateKeyPairPublicKey', publicKey.uniqueIdentifier)
    context.batch.named('CreateKeyPairPrivateKey', privateKey.uniqueIdentifier)
    context.batch.produced(privateKey.uniqueIdentifier)
    return {
      privateKeyUniqueIdentifier: privateKey.uniqueIdentifier,
      publicKeyUniqueIdentifier: publicKey.uniqueIdentifier,
    }
  },
})

async function createPlainPair(
  context: Context, request: CreateKeyPairRequest,
): Promise<{ privateKey: ManagedObject; publicKey: ManagedObject }> {
  const told = await pairAttributes(context, request)
  return newKeyPair(pairStorage(context, request), { given: await suppliedPair(context, told) })
}
