import { Tag } from './generated/tags.ts'
import { identifier } from './identifier.ts'
import { enumeration, many, structure, text } from './schema.ts'

/** Lists that narrow a right, a constraint, a default or a question to some objects or operations. */

export const ObjectTypes = structure('2.1 7.24', { objectType: many(enumeration(Tag.ObjectType)) })

export const ObjectGroups = structure('2.1 7.23', { objectGroup: many(text(Tag.ObjectGroup)) })

export const Objects = structure('2.1 7.21', { uniqueIdentifier: many(identifier()) })

export const Operations = structure('2.1 7.25', { operation: many(enumeration(Tag.Operation)) })
