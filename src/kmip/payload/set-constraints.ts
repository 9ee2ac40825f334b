import { Constraints } from '../constraints.ts'
import { Tag } from '../generated/tags.ts'
import { nested, optional, structure } from '../schema.ts'
import type { Infer } from '../schema.ts'

/**
 * Request payload (KMIP 2.1 6.1.52 Table 325).
 * The table requires the constraints; the published case TC-MD-24-21 removes all of them with an empty payload.
 */
export const SetConstraintsRequest = structure('2.1 6.1.52', {
  constraints: optional(nested(Tag.Constraints, Constraints)),
})
export type SetConstraintsRequest = Infer<typeof SetConstraintsRequest>

/** Response payload (KMIP 2.1 6.1.52 Table 326). */
export const SetConstraintsResponse = structure('2.1 6.1.52', {})
export type SetConstraintsResponse = Infer<typeof SetConstraintsResponse>
