import { structure } from '../schema.ts'
import type { Infer } from '../schema.ts'

/** Request payload (KMIP 2.1 6.1.36 Table 271). */
export const PingRequest = structure('2.1 6.1.36', {})
export type PingRequest = Infer<typeof PingRequest>

/** Response payload (KMIP 2.1 6.1.36 Table 272). */
export const PingResponse = structure('2.1 6.1.36', {})
export type PingResponse = Infer<typeof PingResponse>
