import { DefaultsInformation } from '../defaults-information.ts'
import { Tag } from '../generated/tags.ts'
import { nested, optional, structure } from '../schema.ts'
import type { Infer } from '../schema.ts'

/** Request payload (KMIP 2.1 6.1.53 Table 328). Without the information all defaults are removed. */
export const SetDefaultsRequest = structure('2.1 6.1.53', {
  defaultsInformation: optional(nested(Tag.DefaultsInformation, DefaultsInformation)),
})
export type SetDefaultsRequest = Infer<typeof SetDefaultsRequest>

/** Response payload (KMIP 2.1 6.1.53 Table 329). */
export const SetDefaultsResponse = structure('2.1 6.1.53', {})
export type SetDefaultsResponse = Infer<typeof SetDefaultsResponse>
