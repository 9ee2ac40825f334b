import { isMultiInstance } from '../kmip/attribute.ts'
import { KmipError } from '../kmip/error.ts'
import { Operation } from '../kmip/generated/enums.ts'
import { ModifyAttributeRequest, ModifyAttributeResponse } from '../kmip/payload/modify-attribute.ts'
import { checkCount } from '../model/attribute-count.ts'
import { keyOf, keyText, withModified } from '../model/attribute-list.ts'
import { checkMayChange } from '../model/attribute-policy.ts'
import { instancesNow, saveAttributes, theInstance, withIdentifier } from './attribute-change.ts'
import { changeCmk, checkNotFixed } from './cmk-attribute.ts'
import { operation } from './operation.ts'
import { loadUnarchived } from './unarchived.ts'

/** KMIP 2.1 6.1.34. */
export const modifyAttribute = operation({
  code: Operation.ModifyAttribute,
  since: '1.0',
  request: ModifyAttributeRequest,
  response: ModifyAttributeResponse,
  reasons: [
    'ApplicationNamespaceNotSupported', 'AttributeInstanceNotFound', 'AttributeNotFound', 'AttributeReadOnly',
    'IllegalOperation', 'InvalidAttributeValue', 'InvalidField', 'NonUniqueNameAttribute', 'ObjectNotFound',
    'ServerLimitExceeded', 'WrongKeyLifecycleState',
  ],
  async handle({ uniqueIdentifier, currentAttribute, newAttribute }, context) {
    const object = await loadUnarchived(context, uniqueIdentifier)
    const current = currentAttribute && withIdentifier(currentAttribute, context)
    const { name, index, value } = withIdentifier(newAttribute, context)
    const key = keyOf({ name, value })
    if (current !== undefined && keyText(keyOf(current)) !== keyText(key)) {
      throw new KmipError('InvalidField', 'the current and the new attribute are not the same attribute')
    }
    if (await changeCmk(context, object, { action: 'modify', key, value })) {
      return { uniqueIdentifier: object.uniqueIdentifier, attribute: newAttribute }
    }
    checkMayChange('modify', object, key, context.version, context.now)
    const old = theInstance(instancesNow(object, key, context.now), { current, index }, context)
    checkNotFixed('modify', object, old)
    const set = withModified(object.attributes, old, value)
    checkCount(set)
    const saved = saveAttributes(context, object, set, name, 'InvalidField')
    const attribute = isMultiInstance(name) ? { ...old, value } : { name, value: saved.attributes[name] }
    return { uniqueIdentifier: object.uniqueIdentifier, attribute }
  },
})
