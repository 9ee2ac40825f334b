import { Tag } from '../generated/tags.ts'
import { structure, text } from '../schema.ts'
import type { Infer } from '../schema.ts'

/** Request payload (KMIP 2.1 6.1.29 Table 250). */
export const LogRequest = structure('2.1 6.1.29', {
  logMessage: text(Tag.LogMessage),
})
export type LogRequest = Infer<typeof LogRequest>

/** Response payload (KMIP 2.1 6.1.29 Table 251). */
export const LogResponse = structure('2.1 6.1.29', {})
export type LogResponse = Infer<typeof LogResponse>
