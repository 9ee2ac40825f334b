import { Tag } from '../generated/tags.ts'
import { identifier } from '../identifier.ts'
import { optional, structure, text } from '../schema.ts'
import type { Infer } from '../schema.ts'

/** Request payload (KMIP 2.1 6.1.42 Table 288; 1.4 4.23 Table 218). */
export const RecoverRequest = structure('2.1 6.1.42', {
  uniqueIdentifier: optional(identifier()),
})
export type RecoverRequest = Infer<typeof RecoverRequest>

/** Response payload (KMIP 2.1 6.1.42 Table 289; 1.4 4.23 Table 219). */
export const RecoverResponse = structure('2.1 6.1.42', {
  uniqueIdentifier: text(Tag.UniqueIdentifier),
})
export type RecoverResponse = Infer<typeof RecoverResponse>
