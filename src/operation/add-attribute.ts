import { isMultiInstance, ruleOf } from '../kmip/attribute.ts'
import { KmipError } from '../kmip/error.ts'
import { Operation } from '../kmip/generated/enums.ts'
import { AddAttributeRequest, AddAttributeResponse } from '../kmip/payload/add-attribute.ts'
import { checkCount } from '../model/attribute-count.ts'
import { keyOf, withAdded } from '../model/attribute-list.ts'
import { checkMayChange } from '../model/attribute-policy.ts'
import { instancesNow, saveAttributes, withIdentifier } from './attribute-change.ts'
import { changeCmk } from './cmk-attribute.ts'
import { operation } from './operation.ts'
import { loadUnarchived } from './unarchived.ts'

/** KMIP 2.1 6.1.2. An Attribute Index of 0 is tolerated: some clients put it into every attribute. */
export const addAttribute = operation({
  code: Operation.AddAttribute,
  since: '1.0',
  request: AddAttributeRequest,
  response: AddAttributeResponse,
  reasons: [
    'ApplicationNamespaceNotSupported', 'AttributeSingleValued', 'InvalidAttribute', 'InvalidAttributeValue',
    'InvalidField', 'NonUniqueNameAttribute', 'ObjectDestroyed', 'ObjectNotFound', 'ReadOnlyAttribute',
    'ServerLimitExceeded', 'WrongKeyLifecycleState',
  ],
  async handle(request, context) {
    const object = await loadUnarchived(context, request.uniqueIdentifier)
    const instance = withIdentifier(request.newAttribute, context)
    const { name } = instance
    if ((instance.index ?? 0) !== 0) throw new KmipError('InvalidField', 'the server gives the Attribute Index')
    if (await changeCmk(context, object, { action: 'add', key: keyOf(instance), value: instance.value })) {
      return { uniqueIdentifier: object.uniqueIdentifier, attribute: instance }
    }
    checkMayChange('add', object, keyOf(instance), context.version, context.now)
    if (!isMultiInstance(name) && instancesNow(object, keyOf(instance), context.now).length > 0) {
      throw new KmipError('AttributeSingleValued', `the object has ${ruleOf(name).specName} already`)
    }
    const { set, added } = withAdded(object.attributes, instance)
    checkCount(set)
    const saved = saveAttributes(context, object, set, name, 'InvalidField')
    const attribute = isMultiInstance(name) ? added : { name, value: saved.attributes[name] }
    return { uniqueIdentifier: object.uniqueIdentifier, attribute }
  },
})
