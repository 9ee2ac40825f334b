import { KmipError } from '../kmip/error.ts'
import { LinkType, Operation } from '../kmip/generated/enums.ts'
import { ReKeyKeyPairRequest, ReKeyKeyPairResponse } from '../kmip/payload/re-key-key-pair.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import { rekeyCmkPair } from './cmk-rotate.ts'
import { pairStorage } from './key-pair.ts'
import { creationReasons } from './creation-reasons.ts'
import { operation } from './operation.ts'
import type { Context } from './operation.ts'
import { replacePair } from './replace-key.ts'
import { checkReplaceable } from './replacement.ts'
import { mergeAttributes, withTemplates } from './template.ts'

/** KMIP 2.1 6.1.47 Re-key Key Pair. */
export const reKeyKeyPair = operation({
  code: Operation.ReKeyKeyPair,
  since: '1.1',
  request: ReKeyKeyPairRequest,
  response: ReKeyKeyPairResponse,
  reasons: [
    ...creationReasons, 'FeatureNotSupported', 'IllegalOperation', 'InvalidMessage', 'InvalidObjectType',
    'KeyValueNotPresent', 'ObjectDestroyed', 'ObjectNotFound', 'PermissionDenied',
    'PrivateProtectionStorageUnavailable', 'ProtectionStorageUnavailable', 'PublicProtectionStorageUnavailable',
  ],
  async handle(request, context) {
    const { objects, batch } = context
    const oldPrivate = await objects.loadExisting(batch.identifier(request.privateKeyUniqueIdentifier))
    checkReplaceable(context, oldPrivate, 'PrivateKey')
    const oldPublic = await publicKeyOf(context, oldPrivate)
    pairStorage(context, request)
    const common = await withTemplates(request.commonAttributes, context)
    const ofPrivate = mergeAttributes(await withTemplates(request.privateKeyAttributes, context), common)
    const ofPublic = mergeAttributes(await withTemplates(request.publicKeyAttributes, context), common)
    const old = { privateKey: oldPrivate, publicKey: oldPublic }
    const requested = { privateKey: ofPrivate, publicKey: ofPublic, offset: request.offset }
    const { privateKey, publicKey } = oldPrivate.cmk === undefined
      ? await replacePair(context, old, requested)
      : await rekeyCmkPair(context, old, requested)
    batch.named('ReKeyKeyPairPublicKey', publicKey.uniqueIdentifier)
    batch.named('ReKeyKeyPairPrivateKey', privateKey.uniqueIdentifier)
    batch.produced(privateKey.uniqueIdentifier)
    return {
      privateKeyUniqueIdentifier: privateKey.uniqueIdentifier,
      publicKeyUniqueIdentifier: publicKey.uniqueIdentifier,
    }
  },
})

/**
 * The other key of a pair that is re-keyed.
 *
 * @throws KmipError Object Not Found when the private key has no public key on the server
 */
export async function publicKeyOf(context: Context, privateKey: ManagedObject): Promise<ManagedObject> {
  const link = privateKey.attributes.link?.find(({ linkType }) => linkType === LinkType.PublicKeyLink)
  const id = link?.linkedObjectIdentifier
  if (typeof id !== 'string') throw new KmipError('ObjectNotFound', 'the private key has no public key')
  const publicKey = await context.objects.loadExisting(id)
  checkReplaceable(context, publicKey, 'PublicKey')
  return publicKey
}
