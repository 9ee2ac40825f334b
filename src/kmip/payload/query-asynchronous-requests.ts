import { Tag } from '../generated/tags.ts'
import { bytes, dateTimeExtended, enumeration, many, nested, optional, structure } from '../schema.ts'
import type { Infer } from '../schema.ts'
import { Operations } from '../selection.ts'

export const AsynchronousCorrelationValues = structure('2.1 7.1', {
  asynchronousCorrelationValue: many(bytes(Tag.AsynchronousCorrelationValue)),
})

export const AsynchronousRequest = structure('2.1 7.2', {
  asynchronousCorrelationValue: bytes(Tag.AsynchronousCorrelationValue),
  operation: enumeration(Tag.Operation),
  submissionDate: dateTimeExtended(Tag.SubmissionDate),
  processingStage: enumeration(Tag.ProcessingStage),
})

/** Request payload (KMIP 2.1 6.1.41 Table 285). */
export const QueryAsynchronousRequestsRequest = structure('2.1 6.1.41', {
  asynchronousCorrelationValues: optional(
    nested(Tag.AsynchronousCorrelationValues, AsynchronousCorrelationValues),
  ),
  operations: optional(nested(Tag.Operations, Operations)),
})
export type QueryAsynchronousRequestsRequest = Infer<typeof QueryAsynchronousRequestsRequest>

/** Response payload (KMIP 2.1 6.1.41 Table 286). */
export const QueryAsynchronousRequestsResponse = structure('2.1 6.1.41', {
  asynchronousRequest: many(nested(Tag.AsynchronousRequest, AsynchronousRequest)),
})
export type QueryAsynchronousRequestsResponse = Infer<typeof QueryAsynchronousRequestsResponse>
