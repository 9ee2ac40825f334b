import { protocolVersion } from '../message.ts'
import { many, structure } from '../schema.ts'
import type { Infer } from '../schema.ts'

/** Request payload (KMIP 2.1 6.1.16 Table 211; 1.4 4.26 Table 224). */
export const DiscoverVersionsRequest = structure('2.1 6.1.16', {
  protocolVersion: many(protocolVersion()),
})
export type DiscoverVersionsRequest = Infer<typeof DiscoverVersionsRequest>

/** Response payload (KMIP 2.1 6.1.16 Table 212; 1.4 4.26 Table 225). */
export const DiscoverVersionsResponse = structure('2.1 6.1.16', {
  protocolVersion: many(protocolVersion()),
})
export type DiscoverVersionsResponse = Infer<typeof DiscoverVersionsResponse>
