import type { AttributeInstance } from '../kmip/attribute.ts'
import { KmipError } from '../kmip/error.ts'
import { Operation } from '../kmip/generated/enums.ts'
import { DeleteAttributeRequest, DeleteAttributeResponse } from '../kmip/payload/delete-attribute.ts'
import type { DeleteAttributeRequest as Request } from '../kmip/payload/delete-attribute.ts'
import { parseVersion } from '../kmip/version.ts'
import { keyOf, keyText, withDeleted } from '../model/attribute-list.ts'
import type { AttributeKey } from '../model/attribute-list.ts'
import { checkMayChange } from '../model/attribute-policy.ts'
import { instancesNow, theInstance, withIdentifier } from './attribute-change.ts'
import { checkNotFixed, deleteOfCmk, deletesOfCmk, withoutAliases } from './cmk-attribute.ts'
import { operation } from './operation.ts'
import type { Context } from './operation.ts'
import { loadUnarchived } from './unarchived.ts'

/** KMIP 2.1 6.1.13. 1.x deletes one instance, 2.x one by its value or all by reference. */
export const deleteAttribute = operation({
  code: Operation.DeleteAttribute,
  since: '1.0',
  request: DeleteAttributeRequest,
  response: DeleteAttributeResponse,
  reasons: [
    'AttributeInstanceNotFound', 'AttributeNotFound', 'AttributeReadOnly', 'InvalidAttribute', 'InvalidField',
    'InvalidMessage', 'ObjectDestroyed', 'ObjectNotFound', 'WrongKeyLifecycleState',
  ],
  async handle(request, context) {
    const object = await loadUnarchived(context, request.uniqueIdentifier)
    const key = keyOfRequest(request)
    if (deletesOfCmk(object, key)) {
      const attribute = await deleteOfCmk(context, object, key, request)
      return { uniqueIdentifier: object.uniqueIdentifier, attribute }
    }
    checkMayChange('delete', object, key, context.version, context.now)
    const gone = chosen(instancesNow(object, key, context.now), request, context)
    for (const each of gone) checkNotFixed('delete', object, each)
    const left = await withoutAliases(context, object, gone)
    context.objects.save({ ...left, attributes: withDeleted(left.attributes, gone) })
    return { uniqueIdentifier: object.uniqueIdentifier, attribute: gone[0] }
  },
})

function keyOfRequest({ currentAttribute, attributeReference: reference }: Request): AttributeKey {
  if (reference !== undefined && 'unknown' in reference) {
    throw new KmipError('InvalidAttribute', 'there is no such attribute')
  }
  const key = currentAttribute === undefined ? reference : keyOf(currentAttribute)
  if (key === undefined) throw new KmipError('InvalidMessage', 'the request names no attribute')
  if (reference !== undefined && keyText(reference) !== keyText(key)) {
    throw new KmipError('InvalidField', 'the reference is to another attribute')
  }
  return key
}

function chosen(
  instances: readonly AttributeInstance[], { currentAttribute, attributeIndex: index }: Request, context: Context,
): readonly AttributeInstance[] {
  const current = currentAttribute && withIdentifier(currentAttribute, context)
  const isAll = context.version >= v2 && current === undefined
  return isAll && instances.length > 0 ? instances : [theInstance(instances, { current, index }, context)]
}

const v2 = parseVersion('2.0')
