import { attributeFilters } from '../attribute-codec.ts'
import { Tag } from '../generated/tags.ts'
import { enumeration, integer, many, mask, optional, since, structure, text } from '../schema.ts'
import type { Infer } from '../schema.ts'

/** Request payload (KMIP 2.1 6.1.28 Table 247; 1.4 4.9 Table 190). Without attributes every object is meant. */
export const LocateRequest = structure('2.1 6.1.28', {
  maximumItems: optional(integer(Tag.MaximumItems)),
  offsetItems: since('1.3', optional(integer(Tag.OffsetItems))),
  storageStatusMask: optional(mask(Tag.StorageStatusMask)),
  objectGroupMember: since('1.1', optional(enumeration(Tag.ObjectGroupMember))),
  attributes: optional(attributeFilters()),
})
export type LocateRequest = Infer<typeof LocateRequest>

/** Response payload (KMIP 2.1 6.1.28 Table 248; 1.4 4.9 Table 191). */
export const LocateResponse = structure('2.1 6.1.28', {
  locatedItems: since('1.3', optional(integer(Tag.LocatedItems))),
  uniqueIdentifier: many(text(Tag.UniqueIdentifier)),
})
export type LocateResponse = Infer<typeof LocateResponse>
