import { ItemType } from '../ttlv/item.ts'
import type { Item } from '../ttlv/item.ts'
import type { TtlvWriter } from '../ttlv/writer.ts'
import {
  attributeFields, attributesBySpecName, attributesByTag, isMultiInstance, ruleOf,
} from './attribute.ts'
import type { AttributeInstance, AttributeName, AttributeReference, AttributeSet } from './attribute.ts'
import { Name } from './attribute-value.ts'
import type { VendorAttribute } from './attribute-value.ts'
import { KmipError } from './error.ts'
import { canonicalValue, customNameOf, isCmkAttribute, keywardVendor, textValue } from './keyward-attribute.ts'
import { StorageStatusMask } from './generated/enums.ts'
import { Tag } from './generated/tags.ts'
import { field, forKeeping, textOf, wrongType } from './schema.ts'
import type { Coding, Field, Presence } from './schema.ts'
import { parseVersion } from './version.ts'
import type { Version } from './version.ts'

/**
 * The translation at the edge: 1.x sends Attribute structures of name, index and value, alone or
 * in a Template-Attribute; 2.x sends the attributes themselves in an Attributes structure.
 */

/**
 * A set of attributes: a Template-Attribute in 1.x, an Attributes structure in 2.x.
 *
 * @param isForMaking whether the server makes the object: any one of several Random Number Generators may do it
 */
export function attributeSet(templateTag: number, attributesTag: number, isForMaking = false): Field<AttributeSet> {
  return field([templateTag, attributesTag], (item, coding) => {
    const instances = decodeInstances(item, coding)
    const templateNames = childrenOf(item)
      .filter((child) => item.tag === templateTag && child.tag === Tag.Name)
      .map((child) => Name.decode(child, coding))
    const set = isForMaking ? toSetWithGenerators(instances) : toSet(instances)
    return templateNames.length === 0 ? set : { ...set, templateNames }
  }, (writer, set, coding) => {
    const handle = writer.begin(coding.version < v2 ? templateTag : attributesTag)
    const templateNames = coding.version < v2 ? set.templateNames ?? [] : []
    for (const name of templateNames) Name.encode(writer, Tag.Name, name, coding)
    writeAttributes(writer, set, coding)
    writer.end(handle)
  })
}

/** A set of attributes that in 1.x stand in the payload itself, one Attribute each. */
export function attributeList(): Field<AttributeSet> {
  return field([Tag.Attribute, Tag.TemplateAttribute, Tag.Attributes],
    (item, coding) => toSet(decodeInstances(item, coding)),
    (writer, set, coding) => {
      if (coding.version < v2) return writeAttributes(writer, set, coding)
      const handle = writer.begin(Tag.Attributes)
      writeAttributes(writer, set, coding)
      writer.end(handle)
    },
    (sets) => toSet(sets.flatMap(instancesOf)))
}

/**
 * Like `attributeList`, but one attribute may come several times, a structure may have only some of its fields, and a value
 * may be of a later version, which objects may have nevertheless (CMKs): Locate's filters (KMIP 2.1 6.1.28).
 */
export function attributeFilters(): Field<AttributeInstance[]> {
  return field([Tag.Attribute, Tag.TemplateAttribute, Tag.Attributes],
    (item, coding) => {
      if (item.tag === Tag.TemplateAttribute && childrenOf(item).some(({ tag }) => tag === Tag.Name)) {
        throw new KmipError('InvalidField', 'no template is looked for by')
      }
      return decodeInstances(item, { ...coding, partial: true, refusesNewer: false })
    },
    (writer, instances, coding) => {
      const handle = coding.version < v2 ? undefined : writer.begin(Tag.Attributes)
      for (const instance of instances) writeInstance(writer, instance, coding)
      if (handle !== undefined) writer.end(handle)
    },
    (lists) => lists.flat())
}

/** Exactly one attribute: Attribute in 1.x, `tag` (New Attribute, Current Attribute) in 2.x. */
export function attributeInstance(tag: number): Field<AttributeInstance> {
  return field([Tag.Attribute, tag], (item, coding) => {
    const [instance, ...others] = decodeInstances(item, coding)
    if (instance === undefined) throw new KmipError('InvalidMessage', 'the attribute is missing')
    if (others.length > 0) throw new KmipError('InvalidField', 'more than one attribute')
    return instance
  }, (writer, instance, coding) => {
    const handle = coding.version < v2 ? undefined : writer.begin(tag)
    writeInstance(writer, instance, coding)
    if (handle !== undefined) writer.end(handle)
  })
}

/** Which attribute: Attribute Name in 1.x, Attribute Reference in 2.x (KMIP 2.1 7.2). */
export function attributeReference(): Field<AttributeReference> {
  return field<AttributeReference>([Tag.AttributeName, Tag.AttributeReference], (item) => {
    if (item.tag === Tag.AttributeName) return referenceByName(textOf(item))
    if (item.type === ItemType.Enumeration) return referenceByTag(item.value)
    const parts = childrenOf(item)
    const vendor = parts.find((part) => part.tag === Tag.VendorIdentification)
    const name = parts.find((part) => part.tag === Tag.AttributeName)
    if (vendor === undefined || name === undefined || parts.length > 2) {
      throw new KmipError('InvalidField', 'an Attribute Reference is a Vendor Identification and an Attribute Name')
    }
    return { name: 'vendorAttribute', vendorIdentification: textOf(vendor), attributeName: textOf(name) }
  }, (writer, reference, coding) => {
    if (coding.version < v2) {
      const name = referenceName(reference)
      if (name !== undefined) writer.textString(Tag.AttributeName, name)
    } else if ('unknown' in reference) {
      throw new KmipError('InvalidField', 'the attribute is not one of this version')
    } else if (reference.name !== 'vendorAttribute') {
      writer.enumeration(Tag.AttributeReference, attributeFields[reference.name].tags[0]!)
    } else {
      const handle = writer.begin(Tag.AttributeReference)
      writer.textString(Tag.VendorIdentification, reference.vendorIdentification)
      writer.textString(Tag.AttributeName, reference.attributeName)
      writer.end(handle)
    }
  })
}

/** Whether the attribute may be sent in this version. */
export function inVersion(name: AttributeName, { version, keepRemoved }: Coding): boolean {
  if (name === 'vendorAttribute' || keepRemoved === true) return true
  const { since, removedIn } = versionRanges[name]
  return version >= since && version < removedIn
}

/** Whether the attribute may be sent in this version with this value. */
export function isSendable({ name, value }: Pick<AttributeInstance, 'name' | 'value'>, coding: Coding): boolean {
  return inVersion(name, coding) && (coding.omitsUnknown !== true || codec(name).isKnown?.(value, coding.version) !== false)
}

/** The instances of a set, in order. Custom attributes of different names count their instances apart. */
export function instancesOf(set: AttributeSet): AttributeInstance[] {
  return namesIn(set).flatMap((name) => {
    const value: unknown = set[name]
    if (!isMultiInstance(name)) return [{ name, value }]
    const counts = new Map<string, number>()
    return (value as unknown[]).map((each, at) => {
      const kind = name === 'vendorAttribute' ? vendorKey(each as VendorAttribute) : ''
      const place = counts.get(kind) ?? 0
      counts.set(kind, place + 1)
      return { name, index: set.indices?.[name]?.[at] ?? place, value: each }
    })
  })
}

/**
 * @throws KmipError Attribute Single Valued when an attribute that has one instance comes twice
 */
export function toSet(instances: readonly AttributeInstance[]): AttributeSet {
  const set: Record<string, unknown> = {}
  for (const { name, value } of instances) {
    const list = set[name] as unknown[] | undefined
    if (isMultiInstance(name) && list !== undefined) list.push(value)
    else if (isMultiInstance(name)) set[name] = [value]
    else if (set[name] === undefined) set[name] = value
    else throw new KmipError('AttributeSingleValued', `${ruleOf(name).specName} has one instance`)
  }
  return set
}

function toSetWithGenerators(instances: readonly AttributeInstance[]): AttributeSet {
  const generators = instances.filter(({ name }) => name === 'randomNumberGenerator')
  if (generators.length < 2) return toSet(instances)
  const others = generators.slice(1)
  const otherGenerators = others.map(({ value }) => value as NonNullable<AttributeSet['randomNumberGenerator']>)
  return { ...toSet(instances.filter((each) => !others.includes(each))), otherGenerators }
}

/** The attributes that a set holds, in the order they were put in. */
export function namesIn(set: AttributeSet): AttributeName[] {
  return Object.keys(set).filter((key) => key in attributeFields && set[key as AttributeName] !== undefined) as
    AttributeName[]
}

function decodeInstances(item: Item, given: Coding): AttributeInstance[] {
  const coding = forKeeping(given)
  if (item.tag === Tag.Attribute && isNamedAttribute(item)) return [decodeNamed(item, coding)]
  return childrenOf(item).flatMap((child) => {
    if (templateTags.has(item.tag) && saysOnline(child)) return []
    if (child.tag === Tag.Attribute && isNamedAttribute(child)) return [decodeNamed(child, coding)]
    if (child.tag === Tag.Name && templateTags.has(item.tag)) return []
    return [decodeTagged(child, coding)]
  })
}

/** 1.x and 2.x use the tag Attribute for different structures; 2.x has a Vendor Identification. */
function isNamedAttribute(item: Item): boolean {
  return !childrenOf(item).some((child) => child.tag === Tag.VendorIdentification)
}

/**
 * Whether a Template-Attribute asks for on-line storage, which is what objects are made in. Storage Status Mask is a field
 * of Locate and no attribute, but MySQL's keyring was seen to send it with Create; any other storage is an unknown
 * attribute.
 */
function saysOnline(item: Item): boolean {
  if (item.tag !== Tag.Attribute || item.type !== ItemType.Structure) return false
  const name = item.value.find(({ tag }) => tag === Tag.AttributeName)
  const value = item.value.find(({ tag }) => tag === Tag.AttributeValue)
  return name?.value === 'Storage Status Mask' && value?.type === ItemType.Integer &&
    value.value === StorageStatusMask.OnLineStorage
}

function decodeTagged(item: Item, coding: Coding): AttributeInstance {
  const name = attributesByTag.get(item.tag)
  if (name === undefined) throw new KmipError('InvalidAttribute', `unknown attribute 0x${item.tag.toString(16)}`)
  const value = codec(name).decode(item, coding)
  return { name, value: name === 'vendorAttribute' ? canonicalVendor(value as VendorAttribute) : value }
}

function decodeNamed(item: Item, coding: Coding): AttributeInstance {
  const parts = childrenOf(item)
  const nameItem = parts.find((part) => part.tag === Tag.AttributeName)
  const indexItem = parts.find((part) => part.tag === Tag.AttributeIndex)
  const valueItem = parts.find((part) => part.tag === Tag.AttributeValue)
  if (nameItem === undefined) throw new KmipError('InvalidMessage', 'an Attribute has no Attribute Name')
  if (indexItem !== undefined && indexItem.type !== ItemType.Integer) throw wrongType(indexItem.tag)
  if (valueItem === undefined) throw new KmipError('InvalidMessage', 'an Attribute has no Attribute Value')
  const fields = indexItem === undefined ? 2 : 3
  if (parts.length > fields) throw new KmipError('InvalidField', 'unexpected field in Attribute')
  const reference = referenceByName(textOf(nameItem))
  if ('unknown' in reference) throw new KmipError('InvalidField', `unknown attribute ${reference.unknown}`)
  const index = indexItem === undefined ? {} : { index: indexItem.value }
  if (reference.name !== 'vendorAttribute') {
    return { name: reference.name, ...index, value: codec(reference.name).decode(valueItem, coding) }
  }
  const { vendorIdentification, attributeName } = reference
  return {
    name: 'vendorAttribute',
    ...index,
    value: canonicalVendor({ vendorIdentification, attributeName, attributeValue: valueItem }),
  }
}

function writeAttributes(writer: TtlvWriter, set: AttributeSet, coding: Coding): void {
  for (const instance of instancesOf(set)) writeInstance(writer, instance, coding)
}

function writeInstance(writer: TtlvWriter, instance: AttributeInstance, coding: Coding): void {
  if (!isSendable(instance, coding)) return
  const { name, index, value } = instance
  if (coding.version >= v2) return codec(name).encode(writer, value, coding)
  const text = name === 'vendorAttribute' ? customName(value as VendorAttribute) : ruleOf(name).specName
  if (text === undefined) return
  const handle = writer.begin(Tag.Attribute)
  writer.textString(Tag.AttributeName, text)
  if (index !== undefined && index > 0) writer.integer(Tag.AttributeIndex, index)
  if (name === 'vendorAttribute') {
    const vendor = value as VendorAttribute
    writer.item(isCmkAttribute(vendor) ? textValue(vendor.attributeValue) : vendor.attributeValue, Tag.AttributeValue)
  } else {
    const start = writer.length
    codec(name).encode(writer, value, coding)
    writer.retag(start, Tag.AttributeValue)
  }
  writer.end(handle)
}

function referenceByTag(tag: number): AttributeReference {
  const name = attributesByTag.get(tag)
  if (name === undefined || name === 'vendorAttribute') return { unknown: `0x${tag.toString(16)}` }
  return { name }
}

function referenceByName(text: string): AttributeReference {
  const name = attributesBySpecName.get(text)
  if (name !== undefined && name !== 'vendorAttribute') return { name }
  if (!/^[xy]-./.test(text)) return { unknown: text }
  if (text.startsWith('cmk-', 2)) {
    return { name: 'vendorAttribute', vendorIdentification: keywardVendor, attributeName: text.slice(2) }
  }
  return { name: 'vendorAttribute', vendorIdentification: text[0]!, attributeName: text.slice(2) }
}

function referenceName(reference: AttributeReference): string | undefined {
  if ('unknown' in reference) return reference.unknown
  return reference.name === 'vendorAttribute' ? customName(reference) : ruleOf(reference.name).specName
}

/** Values of a CMK's attributes in their own types, whatever the client sent. */
function canonicalVendor(vendor: VendorAttribute): VendorAttribute {
  if (!isCmkAttribute(vendor)) return vendor
  return { ...vendor, attributeValue: canonicalValue(vendor.attributeName, vendor.attributeValue) }
}

function vendorKey({ vendorIdentification, attributeName }: VendorAttribute): string {
  return `${vendorIdentification}\0${attributeName}`
}

/** The 1.x name of a vendor attribute; those of other vendors have none (KMIP 2.1 4.60). */
function customName(attribute: { vendorIdentification: string; attributeName: string }): string | undefined {
  const { vendorIdentification, attributeName } = attribute
  if (isCmkAttribute(attribute)) return customNameOf(attributeName)
  return vendorIdentification === 'x' || vendorIdentification === 'y'
    ? `${vendorIdentification}-${attributeName}`
    : undefined
}

function codec(name: AttributeName): Field<unknown, Presence> {
  return attributeFields[name] as Field<unknown, Presence>
}

function childrenOf(item: Item): readonly Item[] {
  if (item.type !== ItemType.Structure) throw wrongType(item.tag)
  return item.value
}

const v2 = parseVersion('2.0')
const templateTags: ReadonlySet<number> = new Set([
  Tag.TemplateAttribute, Tag.CommonTemplateAttribute, Tag.PrivateKeyTemplateAttribute, Tag.PublicKeyTemplateAttribute,
])
const versionRanges = Object.fromEntries(
  [...attributesByTag.values()].map((name) => {
    const { since, removedIn } = ruleOf(name)
    const end = removedIn === undefined ? Infinity : parseVersion(removedIn)
    return [name, { since: parseVersion(since), removedIn: end }]
  }),
) as Record<AttributeName, { since: Version; removedIn: Version }>
