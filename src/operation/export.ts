import { KmipError } from '../kmip/error.ts'
import { ObjectType, Operation } from '../kmip/generated/enums.ts'
import { ExportRequest, ExportResponse } from '../kmip/payload/export.ts'
import { parseVersion } from '../kmip/version.ts'
import { inListedOrder } from '../model/attribute-order.ts'
import { attributesOf } from '../model/attributes-of.ts'
import { servingReasons, tellServed } from './get.ts'
import { operation } from './operation.ts'
import { servedObject, servedRemains } from './served-object.ts'

/**
 * KMIP 2.1 6.1.18 Export. In 1.4 an object is fresh until it "has been served to a client" (KMIP 1.4 3.34); later
 * versions say "via the Get operation" (KMIP 2.1 4.24).
 */
export const exportObject = operation({
  code: Operation.Export,
  since: '1.4',
  request: ExportRequest,
  response: ExportResponse,
  reasons: [...servingReasons, 'ObjectArchived'],
  async handle(request, context) {
    const stored = await context.objects.load(context.batch.identifier(request.uniqueIdentifier))
    if (stored.archived === true) throw new KmipError('ObjectArchived', 'the object is archived')
    const isDestroyed = stored.attributes.destroyDate !== undefined
    const object = isDestroyed ? servedRemains(stored) : await servedObject(context, stored, request)
    if (!isDestroyed && context.version < v2) tellServed(context, stored)
    context.batch.produced(stored.uniqueIdentifier)
    return {
      objectType: ObjectType[stored.kind],
      uniqueIdentifier: stored.uniqueIdentifier,
      attributes: inListedOrder(attributesOf(stored, context.now)),
      object,
    }
  },
})

const v2 = parseVersion('2.0')
