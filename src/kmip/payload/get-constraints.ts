import { Constraints } from '../constraints.ts'
import { Tag } from '../generated/tags.ts'
import { nested, structure } from '../schema.ts'
import type { Infer } from '../schema.ts'

/** Request payload (KMIP 2.1 6.1.22 Table 229). */
export const GetConstraintsRequest = structure('2.1 6.1.22', {})
export type GetConstraintsRequest = Infer<typeof GetConstraintsRequest>

/** Response payload (KMIP 2.1 6.1.22 Table 230). */
export const GetConstraintsResponse = structure('2.1 6.1.22', {
  constraints: nested(Tag.Constraints, Constraints),
})
export type GetConstraintsResponse = Infer<typeof GetConstraintsResponse>
