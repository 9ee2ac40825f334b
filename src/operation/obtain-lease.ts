import { KmipError } from '../kmip/error.ts'
import { Operation } from '../kmip/generated/enums.ts'
import { ObtainLeaseRequest, ObtainLeaseResponse } from '../kmip/payload/obtain-lease.ts'
import { leaseSeconds } from '../model/attributes-of.ts'
import { stateAt } from '../model/lifecycle.ts'
import { operation } from './operation.ts'
import { loadUnarchived } from './unarchived.ts'

/** KMIP 2.1 6.1.35. No lease is kept: it only tells the client how long it may cache what it knows of the object. */
export const obtainLease = operation({
  code: Operation.ObtainLease,
  since: '1.0',
  request: ObtainLeaseRequest,
  response: ObtainLeaseResponse,
  reasons: ['ObjectNotFound', 'PermissionDenied'],
  async handle(request, context) {
    const { uniqueIdentifier, attributes } = await loadUnarchived(context, request.uniqueIdentifier)
    const state = stateAt(attributes, context.now)
    if (state === 'Compromised' || state === 'Destroyed' || state === 'DestroyedCompromised') {
      throw new KmipError('PermissionDenied', 'the object is compromised or destroyed: no lease is given')
    }
    return {
      uniqueIdentifier,
      leaseTime: attributes.leaseTime ?? leaseSeconds,
      lastChangeDate: attributes.lastChangeDate ?? context.now,
    }
  },
})
