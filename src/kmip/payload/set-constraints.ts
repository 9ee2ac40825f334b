import { Constraints } from '../constraints.ts'
import { Tag } from '../generated/tags.ts'
import { nested, structure } from '../schema.ts'
import type { Infer } from '../schema.ts'

/** Request payload (KMIP 2.1 6.1.52 Table 325). */
export const SetConstraintsRequest = structure('2.1 6.1.52', {
  constraints: nested(Tag.Constraints, Constraints),
})
export type SetConstraintsRequest = Infer<typeof SetConstraintsRequest>

/** Response payload (KMIP 2.1 6.1.52 Table 326). */
export const SetConstraintsResponse = structure('2.1 6.1.52', {})
export type SetConstraintsResponse = Infer<typeof SetConstraintsResponse>
