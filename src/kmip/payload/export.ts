import { attributeList } from '../attribute-codec.ts'
import { Tag } from '../generated/tags.ts'
import { identifier } from '../identifier.ts'
import { KeyWrappingSpecification } from '../key-wrapping-specification.ts'
import { managedObject } from '../object.ts'
import { enumeration, nested, optional, since, structure, text } from '../schema.ts'
import type { Infer } from '../schema.ts'

/** Request payload (KMIP 2.1 6.1.18 Table 217; 1.4 4.40 Table 251). Since 1.4. */
export const ExportRequest = structure('2.1 6.1.18', {
  uniqueIdentifier: optional(identifier()),
  keyFormatType: optional(enumeration(Tag.KeyFormatType)),
  keyWrapType: since('1.4', optional(enumeration(Tag.KeyWrapType))),
  keyCompressionType: optional(enumeration(Tag.KeyCompressionType)),
  keyWrappingSpecification: optional(nested(Tag.KeyWrappingSpecification, KeyWrappingSpecification)),
})
export type ExportRequest = Infer<typeof ExportRequest>

/** Response payload (KMIP 2.1 6.1.18 Table 218; 1.4 4.40 Table 252). */
export const ExportResponse = structure('2.1 6.1.18', {
  objectType: enumeration(Tag.ObjectType),
  uniqueIdentifier: text(Tag.UniqueIdentifier),
  attributes: attributeList(),
  object: managedObject(),
})
export type ExportResponse = Infer<typeof ExportResponse>
