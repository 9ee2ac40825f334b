import { Tag } from '../generated/tags.ts'
import { bytes, enumeration, structure } from '../schema.ts'
import type { Infer } from '../schema.ts'

/** Request payload (KMIP 2.1 6.1.5 Table 176; 1.4 4.27 Table 226). */
export const CancelRequest = structure('2.1 6.1.5', {
  asynchronousCorrelationValue: bytes(Tag.AsynchronousCorrelationValue),
})
export type CancelRequest = Infer<typeof CancelRequest>

/** Response payload (KMIP 2.1 6.1.5 Table 177; 1.4 4.27 Table 227). */
export const CancelResponse = structure('2.1 6.1.5', {
  asynchronousCorrelationValue: bytes(Tag.AsynchronousCorrelationValue),
  cancellationResult: enumeration(Tag.CancellationResult),
})
export type CancelResponse = Infer<typeof CancelResponse>
