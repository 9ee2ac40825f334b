import { KmipError } from '../kmip/error.ts'
import { EndpointRole, Operation } from '../kmip/generated/enums.ts'
import { SetEndpointRoleRequest, SetEndpointRoleResponse } from '../kmip/payload/set-endpoint-role.ts'
import { operation } from './operation.ts'

/** KMIP 2.1 6.1.54 Set Endpoint Role: what the server does as a client, `server/endpoint.ts` says. */
export const setEndpointRole = operation({
  code: Operation.SetEndpointRole,
  since: '2.0',
  request: SetEndpointRoleRequest,
  response: SetEndpointRoleResponse,
  reasons: ['InvalidField', 'PermissionDenied'],
  handle({ endpointRole }, { caller }) {
    if (!roles.has(endpointRole)) throw new KmipError('InvalidField', 'unknown endpoint role')
    if (caller.grant?.isLimited === true) {
      throw new KmipError('PermissionDenied', 'a limited ticket does not give what happens to all objects')
    }
    return { endpointRole }
  },
})

const roles: ReadonlySet<number> = new Set(Object.values(EndpointRole))
