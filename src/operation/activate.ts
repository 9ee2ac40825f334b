import { KmipError } from '../kmip/error.ts'
import { Operation } from '../kmip/generated/enums.ts'
import { ActivateRequest, ActivateResponse } from '../kmip/payload/activate.ts'
import { checkActivatable } from './cmk-delete.ts'
import { afterEvent, checkHasState } from './lifecycle-change.ts'
import { operation } from './operation.ts'
import { loadUnarchived } from './unarchived.ts'

/** KMIP 2.1 6.1.1. */
export const activate = operation({
  code: Operation.Activate,
  since: '1.0',
  request: ActivateRequest,
  response: ActivateResponse,
  reasons: ['InvalidObjectType', 'ObjectNotFound', 'WrongKeyLifecycleState'],
  async handle(request, context) {
    const object = await loadUnarchived(context, request.uniqueIdentifier)
    checkHasState(object)
    checkActivatable(object, context.now)
    const activated = afterEvent('activate', object, context.now)
    if (activated === undefined) throw new KmipError('WrongKeyLifecycleState', 'the object is not Pre-Active')
    context.objects.save(activated)
    return { uniqueIdentifier: object.uniqueIdentifier }
  },
})
