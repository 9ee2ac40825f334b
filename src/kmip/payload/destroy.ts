import { Tag } from '../generated/tags.ts'
import { identifier } from '../identifier.ts'
import { optional, structure, text } from '../schema.ts'
import type { Infer } from '../schema.ts'

/** Request payload (KMIP 2.1 6.1.15 Table 208; 1.4 4.21 Table 214). */
export const DestroyRequest = structure('2.1 6.1.15', {
  uniqueIdentifier: optional(identifier()),
})
export type DestroyRequest = Infer<typeof DestroyRequest>

/** Response payload (KMIP 2.1 6.1.15 Table 209; 1.4 4.21 Table 215). */
export const DestroyResponse = structure('2.1 6.1.15', {
  uniqueIdentifier: text(Tag.UniqueIdentifier),
})
export type DestroyResponse = Infer<typeof DestroyResponse>
