import { pairRequestFields, pairResponseFields } from '../key-pair-fields.ts'
import { structure } from '../schema.ts'
import type { Infer } from '../schema.ts'

/** Request payload (KMIP 2.1 6.1.9 Table 189; 1.4 4.2 Table 166). */
export const CreateKeyPairRequest = structure('2.1 6.1.9', pairRequestFields)
export type CreateKeyPairRequest = Infer<typeof CreateKeyPairRequest>

/** Response payload (KMIP 2.1 6.1.9 Table 190; 1.4 4.2 Table 167). */
export const CreateKeyPairResponse = structure('2.1 6.1.9', pairResponseFields)
export type CreateKeyPairResponse = Infer<typeof CreateKeyPairResponse>
