import { ruleOf } from '../kmip/attribute.ts'
import type { AttributeInstance } from '../kmip/attribute.ts'
import type { VendorAttribute } from '../kmip/attribute-value.ts'
import { KmipError } from '../kmip/error.ts'
import { Operation } from '../kmip/generated/enums.ts'
import { Tag } from '../kmip/generated/tags.ts'
import { AdjustAttributeRequest, AdjustAttributeResponse } from '../kmip/payload/adjust-attribute.ts'
import { adjusted, zeroOf } from '../model/adjustment.ts'
import { withAdded, withModified } from '../model/attribute-list.ts'
import type { AttributeKey } from '../model/attribute-list.ts'
import { checkMayChange } from '../model/attribute-policy.ts'
import { ItemType } from '../ttlv/item.ts'
import type { Item } from '../ttlv/item.ts'
import { instancesNow, saveAttributes } from './attribute-change.ts'
import { checkNotOfCmk } from './cmk-attribute.ts'
import { operation } from './operation.ts'
import { checkUnarchived } from './unarchived.ts'

/** KMIP 2.1 6.1.3. */
export const adjustAttribute = operation({
  code: Operation.AdjustAttribute,
  since: '2.0',
  request: AdjustAttributeRequest,
  response: AdjustAttributeResponse,
  reasons: [
    'InvalidDataType', 'InvalidField', 'ItemNotFound', 'MultiValuedAttribute', 'NumericRange', 'ObjectArchived',
    'ReadOnlyAttribute', 'UnsupportedAttribute', 'WrongKeyLifecycleState',
  ],
  async handle({ uniqueIdentifier, attributeReference: key, adjustmentType, adjustmentValue }, context) {
    const object = await context.objects.peek(context.batch.identifier(uniqueIdentifier))
    if (object === undefined) throw new KmipError('ItemNotFound', 'no object has this Unique Identifier')
    checkUnarchived(object)
    if ('unknown' in key) throw new KmipError('UnsupportedAttribute', 'there is no such attribute')
    checkNotOfCmk(object, key)
    checkMayChange('adjust', object, key, context.version, context.now)
    const [old, ...others] = instancesNow(object, key, context.now)
    if (others.length > 0) throw new KmipError('MultiValuedAttribute', 'the object has several values of the attribute')
    const present = old === undefined ? zeroOf(typeOf(key, adjustmentValue), valueTag) : itemOf(key, old.value)
    if (present === undefined) throw new KmipError('ItemNotFound', 'the object has no such attribute')
    const value = valueOf(key, adjusted(present, adjustmentType, adjustmentValue))
    const set = old === undefined
      ? withAdded(object.attributes, { name: key.name, value }).set
      : withModified(object.attributes, old, value)
    saveAttributes(context, object, set, key.name, 'InvalidField')
    return { uniqueIdentifier: object.uniqueIdentifier }
  },
})

/** A vendor attribute that is not there yet is of the type of its adjustment. */
function typeOf(key: AttributeKey, adjustment: Item | undefined): ItemType {
  if (key.name === 'vendorAttribute') return adjustment?.type ?? ItemType.Structure
  const [type] = ruleOf(key.name).types
  return ItemType[type as keyof typeof ItemType]
}

function itemOf(key: AttributeKey, value: AttributeInstance['value']): Item {
  if (key.name === 'vendorAttribute') return (value as VendorAttribute).attributeValue
  return { tag: valueTag, type: typeOf(key, undefined), value } as Item
}

function valueOf(key: AttributeKey, item: Item): unknown {
  if (key.name !== 'vendorAttribute') return item.value
  const { vendorIdentification, attributeName } = key
  return { vendorIdentification, attributeName, attributeValue: { ...item, tag: valueTag } }
}

const valueTag = Tag.AttributeValue
