import { KmipError } from '../kmip/error.ts'
import { Operation } from '../kmip/generated/enums.ts'
import { DestroyRequest, DestroyResponse } from '../kmip/payload/destroy.ts'
import { withoutValue } from '../model/remains.ts'
import { destroyCmk } from './cmk-delete.ts'
import { afterEvent } from './lifecycle-change.ts'
import { operation } from './operation.ts'
import { loadUnarchived } from './unarchived.ts'

/**
 * KMIP 2.1 6.1.15. The material goes, the attributes stay; of a template nothing stays (KMIP 1.4 4.21). A Compromised
 * object becomes Destroyed Compromised (KMIP 2.1 4.57).
 */
export const destroy = operation({
  code: Operation.Destroy,
  since: '1.0',
  request: DestroyRequest,
  response: DestroyResponse,
  reasons: ['IllegalOperation', 'ObjectDestroyed', 'ObjectNotFound', 'PermissionDenied', 'WrongKeyLifecycleState'],
  async handle(request, context) {
    const object = await loadUnarchived(context, request.uniqueIdentifier)
    const { uniqueIdentifier } = object
    if (object.cmk !== undefined) {
      await destroyCmk(context, object)
      return { uniqueIdentifier }
    }
    if (object.kind === 'Template') {
      context.objects.remove(object)
      return { uniqueIdentifier }
    }
    if (object.attributes.destroyDate !== undefined) throw new KmipError('ObjectDestroyed', 'the object is destroyed')
    const destroyed = afterEvent('destroy', object, context.now)
    if (destroyed === undefined) {
      throw new KmipError('WrongKeyLifecycleState', 'the object is Active: it must be revoked first')
    }
    context.objects.save(withoutValue(destroyed))
    return { uniqueIdentifier }
  },
})
