import { UsageLimits } from './attribute-value.ts'
import { Tag } from './generated/tags.ts'
import { many, nested, optional, since, structure } from './schema.ts'
import type { Infer } from './schema.ts'
import { ObjectGroups, Objects, Operations } from './selection.ts'

/** What an absent field would narrow is unrestricted. */
export const Right = structure('2.1 7.34', {
  usageLimits: optional(nested(Tag.UsageLimits, UsageLimits)),
  operations: optional(nested(Tag.Operations, Operations)),
  objects: optional(nested(Tag.Objects, Objects)),
  objectGroups: since('2.1', optional(nested(Tag.ObjectGroups, ObjectGroups))),
})
export type Right = Infer<typeof Right>

/** An operation is allowed when one of the rights allows it (KMIP 2.1 6.1.12). */
export const Rights = structure('2.1 7.35', { right: many(nested(Tag.Right, Right)) })
export type Rights = Infer<typeof Rights>
