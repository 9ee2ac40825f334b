import { KmipError } from '../kmip/error.ts'
import { Operation } from '../kmip/generated/enums.ts'
import { DelegatedLoginRequest, DelegatedLoginResponse } from '../kmip/payload/delegated-login.ts'
import type { Right } from '../kmip/rights.ts'
import { operation } from './operation.ts'
import type { Context } from './operation.ts'
import { checkedLimits, issueTicket } from './ticket.ts'

/** KMIP 2.1 6.1.12 Delegated Login: the ticket is for somebody else, who may do only what the rights say. */
export const delegatedLogin = operation({
  code: Operation.DelegatedLogin,
  since: '2.0',
  request: DelegatedLoginRequest,
  response: DelegatedLoginResponse,
  reasons: ['FeatureNotSupported', 'InvalidField', 'ObjectNotFound', 'PermissionDenied', 'ServerLimitExceeded'],
  async handle(request, context) {
    const { right: asked } = request.rights
    if (asked.length > rightsMax) throw new KmipError('InvalidField', `a ticket has at most ${rightsMax} rights`)
    const right = asked.map((each) => resolved(each, context))
    return { ticket: await issueTicket({ ...request, rights: { right } }, context) }
  },
})

/** The right with the identifiers that its references mean now, and full counts. */
function resolved(right: Right, { batch }: Context): Right {
  const { objects, usageLimits } = right
  return {
    ...right,
    ...(objects && { objects: { uniqueIdentifier: objects.uniqueIdentifier.map((each) => batch.identifier(each)) } }),
    ...(usageLimits && { usageLimits: checkedLimits(usageLimits) }),
  }
}

/** Each is looked at in every request with the ticket. */
const rightsMax = 100
