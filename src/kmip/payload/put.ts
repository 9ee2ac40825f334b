import { attributeList } from '../attribute-codec.ts'
import { Tag } from '../generated/tags.ts'
import { managedObject } from '../object.ts'
import { enumeration, optional, structure, text } from '../schema.ts'
import type { Infer } from '../schema.ts'

/** Request payload (KMIP 2.1 6.2.3; 1.4 5.2). Sent by the server. */
export const PutRequest = structure('2.1 6.2.3', {
  uniqueIdentifier: text(Tag.UniqueIdentifier),
  putFunction: enumeration(Tag.PutFunction),
  replacedUniqueIdentifier: optional(text(Tag.ReplacedUniqueIdentifier)),
  object: managedObject(),
  attributes: optional(attributeList()),
})
export type PutRequest = Infer<typeof PutRequest>

/** Response payload (KMIP 2.1 6.2.3; 1.4 5.2). */
export const PutResponse = structure('2.1 6.2.3', {})
export type PutResponse = Infer<typeof PutResponse>
