import { KmipError } from '../kmip/error.ts'
import { Operation } from '../kmip/generated/enums.ts'
import { SetAttributeRequest, SetAttributeResponse } from '../kmip/payload/set-attribute.ts'
import { checkCount } from '../model/attribute-count.ts'
import { keyOf, withAdded, withModified } from '../model/attribute-list.ts'
import { checkMayChange } from '../model/attribute-policy.ts'
import { instancesNow, saveAttributes, withIdentifier } from './attribute-change.ts'
import { changeCmk, checkNotFixed } from './cmk-attribute.ts'
import { operation } from './operation.ts'
import { loadUnarchived } from './unarchived.ts'

/** KMIP 2.1 6.1.51. */
export const setAttribute = operation({
  code: Operation.SetAttribute,
  since: '2.0',
  request: SetAttributeRequest,
  response: SetAttributeResponse,
  reasons: [
    'ApplicationNamespaceNotSupported', 'IllegalOperation', 'InvalidAttribute', 'InvalidAttributeValue', 'InvalidField',
    'MultiValuedAttribute', 'NonUniqueNameAttribute', 'ObjectDestroyed', 'ObjectNotFound', 'PermissionDenied',
    'ReadOnlyAttribute', 'ServerLimitExceeded', 'WrongKeyLifecycleState',
  ],
  async handle(request, context) {
    const object = await loadUnarchived(context, request.uniqueIdentifier)
    const instance = withIdentifier(request.newAttribute, context)
    const key = keyOf(instance)
    if (await changeCmk(context, object, { action: 'set', key, value: instance.value })) {
      return { uniqueIdentifier: object.uniqueIdentifier }
    }
    checkMayChange('set', object, key, context.version, context.now)
    const [old, ...others] = instancesNow(object, key, context.now)
    if (others.length > 0) throw new KmipError('MultiValuedAttribute', 'the object has several values of the attribute')
    if (old !== undefined) checkNotFixed('set', object, old)
    const set = old === undefined
      ? withAdded(object.attributes, instance).set
      : withModified(object.attributes, old, instance.value)
    checkCount(set)
    saveAttributes(context, object, set, instance.name, 'InvalidAttributeValue')
    return { uniqueIdentifier: object.uniqueIdentifier }
  },
})
