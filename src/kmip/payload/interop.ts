import { Tag } from '../generated/tags.ts'
import { enumeration, structure, text } from '../schema.ts'
import type { Infer } from '../schema.ts'

/** Request payload (KMIP 2.1 6.1.26 Table 241). */
export const InteropRequest = structure('2.1 6.1.26', {
  interopFunction: enumeration(Tag.InteropFunction),
  interopIdentifier: text(Tag.InteropIdentifier),
})
export type InteropRequest = Infer<typeof InteropRequest>

/** Response payload (KMIP 2.1 6.1.26 Table 242). */
export const InteropResponse = structure('2.1 6.1.26', {})
export type InteropResponse = Infer<typeof InteropResponse>
