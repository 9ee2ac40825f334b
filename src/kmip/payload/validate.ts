import { Tag } from '../generated/tags.ts'
import { identifier } from '../identifier.ts'
import { Certificate } from '../object.ts'
import { dateTime, enumeration, many, nested, optional, structure } from '../schema.ts'
import type { Infer } from '../schema.ts'

/** Request payload (KMIP 2.1 6.1.57 Table 340; 1.4 4.24 Table 220). */
export const ValidateRequest = structure('2.1 6.1.57', {
  certificate: many(nested(Tag.Certificate, Certificate)),
  uniqueIdentifier: many(identifier()),
  validityDate: optional(dateTime(Tag.ValidityDate)),
})
export type ValidateRequest = Infer<typeof ValidateRequest>

/** Response payload (KMIP 2.1 6.1.57 Table 341; 1.4 4.24 Table 221). */
export const ValidateResponse = structure('2.1 6.1.57', {
  validityIndicator: enumeration(Tag.ValidityIndicator),
})
export type ValidateResponse = Infer<typeof ValidateResponse>
