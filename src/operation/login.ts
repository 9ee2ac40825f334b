import { Operation } from '../kmip/generated/enums.ts'
import { LoginRequest, LoginResponse } from '../kmip/payload/login.ts'
import { operation } from './operation.ts'
import { issueTicket } from './ticket.ts'

/** KMIP 2.1 6.1.30 Login. */
export const login = operation({
  code: Operation.Login,
  since: '2.0',
  request: LoginRequest,
  response: LoginResponse,
  reasons: ['FeatureNotSupported', 'InvalidField', 'PermissionDenied', 'ServerLimitExceeded'],
  async handle(request, context) {
    return { ticket: await issueTicket(request, context) }
  },
})
