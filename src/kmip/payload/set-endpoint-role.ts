import { Tag } from '../generated/tags.ts'
import { enumeration, structure } from '../schema.ts'
import type { Infer } from '../schema.ts'

/** Request payload (KMIP 2.1 6.1.54 Table 331). */
export const SetEndpointRoleRequest = structure('2.1 6.1.54', {
  endpointRole: enumeration(Tag.EndpointRole),
})
export type SetEndpointRoleRequest = Infer<typeof SetEndpointRoleRequest>

/** Response payload (KMIP 2.1 6.1.54 Table 332). */
export const SetEndpointRoleResponse = structure('2.1 6.1.54', {
  endpointRole: enumeration(Tag.EndpointRole),
})
export type SetEndpointRoleResponse = Infer<typeof SetEndpointRoleResponse>
