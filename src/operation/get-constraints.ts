import { Operation } from '../kmip/generated/enums.ts'
import { GetConstraintsRequest, GetConstraintsResponse } from '../kmip/payload/get-constraints.ts'
import { loadAccountSettings } from './account-settings.ts'
import { operation } from './operation.ts'

/** KMIP 2.1 6.1.22 Get Constraints of the caller's account. */
export const getConstraints = operation({
  code: Operation.GetConstraints,
  since: '2.1',
  request: GetConstraintsRequest,
  response: GetConstraintsResponse,
  reasons: [],
  async handle(_request, context) {
    const { constraints } = await loadAccountSettings(context.objects, context.caller)
    return { constraints: constraints ?? { constraint: [] } }
  },
})
