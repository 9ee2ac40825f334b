import { Operation } from '../kmip/generated/enums.ts'
import { ReKeyRequest, ReKeyResponse } from '../kmip/payload/re-key.ts'
import { checkStorageMasks } from '../model/protection-storage.ts'
import { rekeyCmk } from './cmk-rotate.ts'
import { creationReasons } from './creation-reasons.ts'
import { operation } from './operation.ts'
import { storageOf } from './protection.ts'
import { replaceKey } from './replace-key.ts'
import { checkReplaceable } from './replacement.ts'

/** KMIP 2.1 6.1.46 Re-key. */
export const reKey = operation({
  code: Operation.ReKey,
  since: '1.0',
  request: ReKeyRequest,
  response: ReKeyResponse,
  reasons: [
    ...creationReasons, 'FeatureNotSupported', 'IllegalOperation', 'InvalidMessage', 'InvalidObjectType',
    'KeyValueNotPresent', 'ObjectDestroyed', 'ObjectNotFound', 'PermissionDenied', 'ProtectionStorageUnavailable',
    'WrongKeyLifecycleState',
  ],
  async handle(request, context) {
    const identifier = context.batch.identifier(request.uniqueIdentifier)
    const existing = await context.objects.loadExisting(identifier)
    checkReplaceable(context, existing, 'SymmetricKey')
    // The replacement is kept where the key is.
    checkStorageMasks(request.protectionStorageMasks, storageOf(context.keys.providerOf(existing)))
    const { uniqueIdentifier } = existing.cmk === undefined
      ? await replaceKey(context, existing, request.attributes, request.offset)
      : await rekeyCmk(context, existing, identifier, request)
    context.batch.produced(uniqueIdentifier, 'ReKey')
    return { uniqueIdentifier }
  },
})
