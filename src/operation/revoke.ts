import { KmipError } from '../kmip/error.ts'
import { Operation } from '../kmip/generated/enums.ts'
import { RevokeRequest, RevokeResponse } from '../kmip/payload/revoke.ts'
import { isUndefined } from '../kmip/value-range.ts'
import { revocationEvent } from '../model/lifecycle.ts'
import { compromisedWith, revokeCmk } from './cmk-delete.ts'
import { afterEvent, checkHasState } from './lifecycle-change.ts'
import { operation } from './operation.ts'
import { loadUnarchived } from './unarchived.ts'

/** KMIP 2.1 6.1.44. A vendor's reason is neither of the compromises, and deactivates. */
export const revoke = operation({
  code: Operation.Revoke,
  since: '1.0',
  request: RevokeRequest,
  response: RevokeResponse,
  reasons: ['InvalidField', 'InvalidObjectType', 'ObjectNotFound', 'PermissionDenied', 'WrongKeyLifecycleState'],
  async handle({ uniqueIdentifier, revocationReason, compromiseOccurrenceDate }, context) {
    const object = await loadUnarchived(context, uniqueIdentifier)
    checkHasState(object)
    if (isUndefined('RevocationReasonCode', revocationReason.revocationReasonCode)) {
      throw new KmipError('InvalidField', 'the Revocation Reason Code is unknown')
    }
    const event = revocationEvent(revocationReason.revocationReasonCode)
    if (event !== 'compromise' && compromiseOccurrenceDate !== undefined) {
      throw new KmipError('InvalidField', 'a Compromise Occurrence Date is for a compromise')
    }
    if (compromiseOccurrenceDate !== undefined && compromiseOccurrenceDate > context.now + clockSkewSeconds) {
      throw new KmipError('InvalidField', 'the Compromise Occurrence Date is in the future')
    }
    if (object.cmk !== undefined && event !== 'compromise') {
      await revokeCmk(context, object)
      return { uniqueIdentifier: object.uniqueIdentifier }
    }
    const others = object.cmk === undefined ? [] : await compromisedWith(context, object)
    for (const each of [object, ...others]) {
      const revoked = afterEvent(event, each, context.now)
      if (revoked === undefined) throw new KmipError('WrongKeyLifecycleState', 'the state does not allow it')
      const occurrence = event === 'compromise' && {
        compromiseOccurrenceDate: compromiseOccurrenceDate ?? object.attributes.initialDate ?? context.now,
      }
      context.objects.save({ ...revoked, attributes: { ...revoked.attributes, ...occurrence, revocationReason } })
    }
    return { uniqueIdentifier: object.uniqueIdentifier }
  },
})

/** How far a client's clock may be ahead of the server's, when it says that a key was compromised just now. */
const clockSkewSeconds = 60
