import { Tag } from '../generated/tags.ts'
import { dataReference } from '../identifier.ts'
import { integer, structure } from '../schema.ts'
import type { Infer } from '../schema.ts'

/** Request payload (KMIP 2.1 6.1.50 Table 319; 1.4 4.36 Table 243). */
export const RNGSeedRequest = structure('2.1 6.1.50', {
  data: dataReference(Tag.Data),
})
export type RNGSeedRequest = Infer<typeof RNGSeedRequest>

/** Response payload (KMIP 2.1 6.1.50 Table 320; 1.4 4.36 Table 244). */
export const RNGSeedResponse = structure('2.1 6.1.50', {
  dataLength: integer(Tag.DataLength),
})
export type RNGSeedResponse = Infer<typeof RNGSeedResponse>
