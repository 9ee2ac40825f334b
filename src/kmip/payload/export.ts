import { attributeList } from '../attribute-codec.ts'
import { Tag } from '../generated/tags.ts'
import { managedObject } from '../object.ts'
import { enumeration, structure, text } from '../schema.ts'
import type { Infer } from '../schema.ts'
import { formFields } from './get.ts'

/** Request payload (KMIP 2.1 6.1.18 Table 217; 1.4 4.40 Table 251). Since 1.4. */
export const ExportRequest = structure('2.1 6.1.18', formFields)
export type ExportRequest = Infer<typeof ExportRequest>

/** Response payload (KMIP 2.1 6.1.18 Table 218; 1.4 4.40 Table 252). */
export const ExportResponse = structure('2.1 6.1.18', {
  objectType: enumeration(Tag.ObjectType),
  uniqueIdentifier: text(Tag.UniqueIdentifier),
  attributes: attributeList(),
  object: managedObject(),
})
export type ExportResponse = Infer<typeof ExportResponse>
