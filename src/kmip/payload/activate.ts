import { Tag } from '../generated/tags.ts'
import { identifier } from '../identifier.ts'
import { optional, structure, text } from '../schema.ts'
import type { Infer } from '../schema.ts'

/** Request payload (KMIP 2.1 6.1.1 Table 164; 1.4 4.19 Table 210). */
export const ActivateRequest = structure('2.1 6.1.1', {
  uniqueIdentifier: optional(identifier()),
})
export type ActivateRequest = Infer<typeof ActivateRequest>

/** Response payload (KMIP 2.1 6.1.1 Table 165; 1.4 4.19 Table 211). */
export const ActivateResponse = structure('2.1 6.1.1', {
  uniqueIdentifier: text(Tag.UniqueIdentifier),
})
export type ActivateResponse = Infer<typeof ActivateResponse>
