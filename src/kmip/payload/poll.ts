import { Tag } from '../generated/tags.ts'
import { bytes, structure } from '../schema.ts'
import type { Infer } from '../schema.ts'

/** Request payload (KMIP 2.1 6.1.38 Table 276; 1.4 4.28 Table 228). */
export const PollRequest = structure('2.1 6.1.38', {
  asynchronousCorrelationValue: bytes(Tag.AsynchronousCorrelationValue),
})
export type PollRequest = Infer<typeof PollRequest>

/**
 * Response payload (KMIP 2.1 6.1.38; 1.4 4.28).
 * The answer is the polled operation's own; while that is pending there is no payload.
 */
export const PollResponse = structure('2.1 6.1.38', {})
export type PollResponse = Infer<typeof PollResponse>
