import { Tag } from '../generated/tags.ts'
import { identifier } from '../identifier.ts'
import { optional, structure, text } from '../schema.ts'
import type { Infer } from '../schema.ts'

/** Request payload (KMIP 2.1 6.1.4 Table 173; 1.4 4.22 Table 216). */
export const ArchiveRequest = structure('2.1 6.1.4', {
  uniqueIdentifier: optional(identifier()),
})
export type ArchiveRequest = Infer<typeof ArchiveRequest>

/** Response payload (KMIP 2.1 6.1.4 Table 174; 1.4 4.22 Table 217). */
export const ArchiveResponse = structure('2.1 6.1.4', {
  uniqueIdentifier: text(Tag.UniqueIdentifier),
})
export type ArchiveResponse = Infer<typeof ArchiveResponse>
