import { attributeSet } from './attribute-codec.ts'
import { Tag } from './generated/tags.ts'
import { many, nested, optional, structure } from './schema.ts'
import type { Infer } from './schema.ts'
import { ObjectGroups, ObjectTypes } from './selection.ts'

/** Attribute values that new objects, of these types and groups, must have. */
export const Constraint = structure('2.1 7.6', {
  objectTypes: optional(nested(Tag.ObjectTypes, ObjectTypes)),
  objectGroups: optional(nested(Tag.ObjectGroups, ObjectGroups)),
  attributes: optional(attributeSet(Tag.TemplateAttribute, Tag.Attributes)),
})
export type Constraint = Infer<typeof Constraint>

export const Constraints = structure('2.1 7.7', { constraint: many(nested(Tag.Constraint, Constraint)) })
export type Constraints = Infer<typeof Constraints>
