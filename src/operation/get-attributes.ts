import type { AttributeInstance, AttributeReference, AttributeSet } from '../kmip/attribute.ts'
import { isMultiInstance } from '../kmip/attribute.ts'
import { KmipError } from '../kmip/error.ts'
import { Operation } from '../kmip/generated/enums.ts'
import { GetAttributesRequest, GetAttributesResponse } from '../kmip/payload/get-attributes.ts'
import { instancesByKey, keyText } from '../model/attribute-list.ts'
import { inListedOrder } from '../model/attribute-order.ts'
import { attributesOf } from '../model/attributes-of.ts'
import { operation } from './operation.ts'
import { loadUnarchived } from './unarchived.ts'

/** KMIP 2.1 6.1.20. What the object has not, or nobody knows, is not in the response; the rest is, as asked. */
export const getAttributes = operation({
  code: Operation.GetAttributes,
  since: '1.0',
  request: GetAttributesRequest,
  response: GetAttributesResponse,
  reasons: ['InvalidMessage', 'ObjectNotFound'],
  async handle({ uniqueIdentifier, attributeReference: references }, context) {
    const object = await loadUnarchived(context, uniqueIdentifier)
    const texts = new Set(references.map(referenceText))
    if (texts.size < references.length) throw new KmipError('InvalidMessage', 'an attribute is asked for twice')
    const all = attributesOf(object, context.now)
    const attributes = references.length === 0 ? inListedOrder(all) : selected(all, references)
    return { uniqueIdentifier: object.uniqueIdentifier, attributes }
  },
})

function selected(all: AttributeSet, references: readonly AttributeReference[]): AttributeSet {
  const values: Record<string, unknown> = {}
  const indices: Record<string, number[]> = {}
  const put = ({ name, index, value }: AttributeInstance): void => {
    if (!isMultiInstance(name)) {
      values[name] = value
      return
    }
    values[name] = [...(values[name] as unknown[] | undefined ?? []), value]
    indices[name] = [...indices[name] ?? [], index ?? 0]
  }
  const instances = instancesByKey(all)
  for (const reference of references) {
    if (!('unknown' in reference)) instances.get(keyText(reference))?.forEach(put)
  }
  return { ...values, indices }
}

function referenceText(reference: AttributeReference): string {
  return 'unknown' in reference ? `unknown ${reference.unknown}` : keyText(reference)
}
