import { inVersion } from '../kmip/attribute-codec.ts'
import { Operation } from '../kmip/generated/enums.ts'
import { GetAttributeListRequest, GetAttributeListResponse } from '../kmip/payload/get-attribute-list.ts'
import { keysIn } from '../model/attribute-list.ts'
import { inListedOrder } from '../model/attribute-order.ts'
import { attributesOf } from '../model/attributes-of.ts'
import { operation } from './operation.ts'
import { loadUnarchived } from './unarchived.ts'

/** KMIP 2.1 6.1.21. */
export const getAttributeList = operation({
  code: Operation.GetAttributeList,
  since: '1.0',
  request: GetAttributeListRequest,
  response: GetAttributeListResponse,
  reasons: ['ObjectNotFound'],
  async handle(request, context) {
    const object = await loadUnarchived(context, request.uniqueIdentifier)
    const keys = keysIn(inListedOrder(attributesOf(object, context.now)))
    return {
      uniqueIdentifier: object.uniqueIdentifier,
      attributeReference: keys.filter(({ name }) => inVersion(name, { version: context.version })),
    }
  },
})
