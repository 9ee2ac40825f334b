import { ItemType } from '../ttlv/item.ts'
import { attributeSet } from './attribute-codec.ts'
import { Tag } from './generated/tags.ts'
import { enumeration, field, many, nested, optional, since, structure } from './schema.ts'
import type { Field, Infer } from './schema.ts'
import { ObjectGroups, ObjectTypes } from './selection.ts'

/** Attribute values that new objects, of these types and groups, get unless the client gives others. */
export const ObjectDefaults = structure('2.1 7.22', {
  objectTypes: objectTypes(),
  attributes: attributeSet(Tag.TemplateAttribute, Tag.Attributes),
  objectGroups: since('2.1', optional(nested(Tag.ObjectGroups, ObjectGroups))),
})
export type ObjectDefaults = Infer<typeof ObjectDefaults>

export const DefaultsInformation = structure('2.1 7.11', {
  objectDefaults: many(nested(Tag.ObjectDefaults, ObjectDefaults)),
})
export type DefaultsInformation = Infer<typeof DefaultsInformation>

/** One type stands alone as Object Type, the only form of 2.0; several in an Object Types structure. */
function objectTypes(): Field<readonly number[]> {
  const single = enumeration(Tag.ObjectType)
  const list = nested(Tag.ObjectTypes, ObjectTypes)
  return field<readonly number[]>([Tag.ObjectType, Tag.ObjectTypes], (item, coding) => {
    return item.type === ItemType.Structure ? list.decode(item, coding).objectType : [single.decode(item, coding)]
  }, (writer, types, coding) => {
    if (types.length === 1) single.encode(writer, types[0]!, coding)
    else list.encode(writer, { objectType: [...types] }, coding)
  })
}
