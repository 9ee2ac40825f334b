import { Tag } from '../generated/tags.ts'
import { bytes, integer, structure } from '../schema.ts'
import type { Infer } from '../schema.ts'

/** Request payload (KMIP 2.1 6.1.49 Table 316; 1.4 4.35 Table 241). */
export const RNGRetrieveRequest = structure('2.1 6.1.49', {
  dataLength: integer(Tag.DataLength),
})
export type RNGRetrieveRequest = Infer<typeof RNGRetrieveRequest>

/** Response payload (KMIP 2.1 6.1.49 Table 317; 1.4 4.35 Table 242). */
export const RNGRetrieveResponse = structure('2.1 6.1.49', {
  data: bytes(Tag.Data),
})
export type RNGRetrieveResponse = Infer<typeof RNGRetrieveResponse>
