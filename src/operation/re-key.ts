import type { AttributeSet } from '../kmip/attribute.ts'
import { Operation } from '../kmip/generated/enums.ts'
import { ReKeyRequest, ReKeyResponse } from '../kmip/payload/re-key.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import { checkStorageMasks } from '../model/protection-storage.ts'
import { symmetricKey } from './symmetric-key.ts'
import { creationReasons } from './creation-reasons.ts'
import { keyParts } from './key-parts.ts'
import { newObject } from './new-object.ts'
import { operation } from './operation.ts'
import type { Context } from './operation.ts'
import { checkReplaceable, replaced, replacedLink, replacementAttributes } from './replacement.ts'

/** KMIP 2.1 6.1.46 Re-key. */
export const reKey = operation({
  code: Operation.ReKey,
  since: '1.0',
  request: ReKeyRequest,
  response: ReKeyResponse,
  reasons: [
    ...creationReasons, 'FeatureNotSupported', 'IllegalOperation', 'InvalidMessage', 'InvalidObjectType',
    'KeyValueNotPresent', 'ObjectDestroyed', 'ObjectNotFound', 'PermissionDenied', 'ProtectionStorageUnavailable',
  ],
  async handle(request, context) {
    const existing = await context.objects.loadExisting(context.batch.identifier(request.uniqueIdentifier))
    checkReplaceable(context, existing, 'SymmetricKey')
    checkStorageMasks(request.protectionStorageMasks)
    const { uniqueIdentifier } = await replaceKey(context, existing, request.attributes, request.offset)
    context.batch.produced(uniqueIdentifier, 'ReKey')
    return { uniqueIdentifier }
  },
})

/**
 * Makes the replacement of a symmetric key, and saves the existing one without its names.
 *
 * @param offset seconds
 * @throws KmipError as `replacementAttributes` and `newObject`, and what the provider refuses
 */
export async function replaceKey(
  context: Context, existing: ManagedObject, requested: AttributeSet | undefined, offset: number | undefined,
): Promise<ManagedObject> {
  const given = await replacementAttributes(context, existing, requested, offset)
  const provider = context.keys.providerOf(existing)
  const stored = await symmetricKey({ ...context, provider }, given)
  const replacement = newObject(context, {
    kind: 'SymmetricKey',
    origin: 'made',
    given,
    links: [replacedLink(existing)],
    ...keyParts(provider, stored, 'SymmetricKey', given, context.version),
  })
  context.objects.save(replaced(existing, replacement.uniqueIdentifier, context.now))
  return replacement
}
