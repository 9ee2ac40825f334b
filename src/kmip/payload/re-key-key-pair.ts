import { Tag } from '../generated/tags.ts'
import { identifier } from '../identifier.ts'
import { pairRequestFields, pairResponseFields } from '../key-pair-fields.ts'
import { interval, optional, structure } from '../schema.ts'
import type { Infer } from '../schema.ts'

/** Request payload (KMIP 2.1 6.1.47 Table 310; 1.4 4.5 Table 178). */
export const ReKeyKeyPairRequest = structure('2.1 6.1.47', {
  privateKeyUniqueIdentifier: optional(identifier(Tag.PrivateKeyUniqueIdentifier)),
  offset: optional(interval(Tag.Offset)),
  ...pairRequestFields,
})
export type ReKeyKeyPairRequest = Infer<typeof ReKeyKeyPairRequest>

/** Response payload (KMIP 2.1 6.1.47 Table 311; 1.4 4.5 Table 179). */
export const ReKeyKeyPairResponse = structure('2.1 6.1.47', pairResponseFields)
export type ReKeyKeyPairResponse = Infer<typeof ReKeyKeyPairResponse>
