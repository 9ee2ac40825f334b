import { Tag } from '../generated/tags.ts'
import { identifier } from '../identifier.ts'
import { KeyWrappingSpecification } from '../key-wrapping-specification.ts'
import { managedObject } from '../object.ts'
import { enumeration, nested, optional, since, structure, text } from '../schema.ts'
import type { Infer } from '../schema.ts'

/** Which object, and in what form: also of Export, which "SHALL have the same semantics" (KMIP 2.1 6.1.18). */
export const formFields = {
  uniqueIdentifier: optional(identifier()),
  keyFormatType: optional(enumeration(Tag.KeyFormatType)),
  keyWrapType: since('1.4', optional(enumeration(Tag.KeyWrapType))),
  keyCompressionType: optional(enumeration(Tag.KeyCompressionType)),
  keyWrappingSpecification: optional(nested(Tag.KeyWrappingSpecification, KeyWrappingSpecification)),
}

/** Request payload (KMIP 2.1 6.1.19 Table 220; 1.4 4.11 Table 194). */
export const GetRequest = structure('2.1 6.1.19', formFields)
export type GetRequest = Infer<typeof GetRequest>

/** Response payload (KMIP 2.1 6.1.19 Table 221; 1.4 4.11 Table 195). */
export const GetResponse = structure('2.1 6.1.19', {
  objectType: enumeration(Tag.ObjectType),
  uniqueIdentifier: text(Tag.UniqueIdentifier),
  object: managedObject(),
})
export type GetResponse = Infer<typeof GetResponse>
