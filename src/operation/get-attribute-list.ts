import { isSendable } from '../kmip/attribute-codec.ts'
import { Operation } from '../kmip/generated/enums.ts'
import { GetAttributeListRequest, GetAttributeListResponse } from '../kmip/payload/get-attribute-list.ts'
import { instancesByKey, keyOf } from '../model/attribute-list.ts'
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
    const all = inListedOrder(attributesOf(object, context.now))
    const coding = { version: context.version, omitsUnknown: true }
    const keys = [...instancesByKey(all).values()]
      .filter((instances) => instances.some((instance) => isSendable(instance, coding)))
      .map(([first]) => keyOf(first!))
    return { uniqueIdentifier: object.uniqueIdentifier, attributeReference: keys }
  },
})
