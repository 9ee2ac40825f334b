import type { AttributeSet } from '../kmip/attribute.ts'
import type { VendorAttribute } from '../kmip/attribute-value.ts'
import { KmipError } from '../kmip/error.ts'
import { isCmkAttribute, keywardAttribute, tagPrefix } from '../kmip/keyward-attribute.ts'
import type { KeywardName } from '../kmip/keyward-attribute.ts'
import type { CmkTag } from '../model/cmk.ts'
import { aliasPrefix } from '../cmk/name.ts'

/** What a client asks of a new CMK. */
export interface CmkOrder {
  readonly values: ReadonlyMap<KeywardName, string | number | boolean>
  readonly aliases: readonly string[]
  readonly tags: readonly CmkTag[]
  /** The attributes that are KMIP's own. */
  readonly rest: AttributeSet
}

/** Whether any attribute of a CMK is given: then one is made. */
export function isCmkOrder(...sets: readonly (AttributeSet | undefined)[]): boolean {
  return sets.some((set) => set?.vendorAttribute?.some(isCmkAttribute) === true)
}

/**
 * Takes what makes the CMK out of the attributes of a request. Names that begin with `alias/` are aliases, and
 * Description and the rotation attributes of 2.1 are the CMK's.
 *
 * @throws KmipError Invalid Attribute for one that CMKs do not have, Attribute Read Only, Attribute Single Valued
 */
export function takeOrder(set: AttributeSet = {}): CmkOrder {
  const { vendorAttribute = [], name = [], description, rotateAutomatic, rotateInterval, ...others } = set
  const values = new Map<KeywardName, string | number | boolean>()
  const aliases: string[] = []
  const tags: CmkTag[] = []
  const put = (key: KeywardName, value: string | number | boolean | undefined): void => {
    if (value === undefined) return
    if (values.has(key)) throw new KmipError('AttributeSingleValued', `${key} is given twice`)
    values.set(key, value)
  }
  for (const { attributeName, attributeValue } of vendorAttribute.filter(isCmkAttribute)) {
    checkOrderable(attributeName)
    const { value } = attributeValue
    const tag = { key: attributeName.slice(tagPrefix.length), value: value as string }
    if (attributeName.startsWith(tagPrefix)) tags.push(tag)
    else if (attributeName === 'cmk-alias') aliases.push(value as string)
    else put(attributeName as KeywardName, value as string | number | boolean)
  }
  put('cmk-description', description)
  put('cmk-rotation-automatic', rotateAutomatic)
  put('cmk-rotation-interval', rotateInterval)
  const plainNames = name.filter(({ nameValue }) => !nameValue.startsWith(aliasPrefix))
  const plainVendors = vendorAttribute.filter((each: VendorAttribute) => !isCmkAttribute(each))
  return {
    values,
    aliases: [...aliases, ...name.map(({ nameValue }) => nameValue).filter((each) => each.startsWith(aliasPrefix))],
    tags,
    rest: {
      ...others,
      ...(plainNames.length > 0 && { name: plainNames }),
      ...(plainVendors.length > 0 && { vendorAttribute: plainVendors }),
    },
  }
}

/** Several orders of one request (the attributes of a key pair) as one. */
export function joinOrders(orders: readonly CmkOrder[]): Omit<CmkOrder, 'rest'> {
  const values = new Map<KeywardName, string | number | boolean>()
  for (const [key, value] of orders.flatMap((order) => [...order.values])) {
    const isOther = values.has(key) && values.get(key) !== value
    if (isOther) throw new KmipError('AttributeSingleValued', `${key} is given twice`)
    values.set(key, value)
  }
  return {
    values,
    aliases: [...new Set(orders.flatMap((order) => order.aliases))],
    tags: orders.flatMap((order) => order.tags),
  }
}

function checkOrderable(attributeName: string): void {
  const attribute = keywardAttribute(attributeName)
  if (attribute === undefined) throw new KmipError('InvalidAttribute', `a CMK has no attribute ${attributeName}`)
  if (attribute.setBy === 'server') throw new KmipError('AttributeReadOnly', `${attributeName} is set by the server`)
  if (attribute.setBy === 'action' || attribute.setBy === 'import' || laterNames.has(attributeName)) {
    throw new KmipError('InvalidAttribute', `${attributeName} is for a CMK that exists`)
  }
}

/** Set by clients, and only on a CMK that exists. */
const laterNames: ReadonlySet<string> = new Set([
  'cmk-deletion-window', 'cmk-import-parameters', 'cmk-material-present',
])
