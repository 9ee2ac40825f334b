import { Tag } from '../generated/tags.ts'
import { bytes, structure } from '../schema.ts'
import type { Infer } from '../schema.ts'

/** Request payload (KMIP 2.1 6.1.39 Table 278). */
export const ProcessRequest = structure('2.1 6.1.39', {
  asynchronousCorrelationValue: bytes(Tag.AsynchronousCorrelationValue),
})
export type ProcessRequest = Infer<typeof ProcessRequest>

/** Response payload (KMIP 2.1 6.1.39 Table 279). */
export const ProcessResponse = structure('2.1 6.1.39', {})
export type ProcessResponse = Infer<typeof ProcessResponse>
