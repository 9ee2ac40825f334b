import { Tag } from '../generated/tags.ts'
import { Certificate, CertificateRequest } from '../object.ts'
import { nested, optional, structure, text } from '../schema.ts'
import type { Infer } from '../schema.ts'

/** Request payload (KMIP 2.1 6.1.48 Table 313). */
export const ReProvisionRequest = structure('2.1 6.1.48', {
  certificateRequest: optional(nested(Tag.CertificateRequest, CertificateRequest)),
  certificate: optional(nested(Tag.Certificate, Certificate)),
})
export type ReProvisionRequest = Infer<typeof ReProvisionRequest>

/** Response payload (KMIP 2.1 6.1.48 Table 314). */
export const ReProvisionResponse = structure('2.1 6.1.48', {
  uniqueIdentifier: optional(text(Tag.UniqueIdentifier)),
})
export type ReProvisionResponse = Infer<typeof ReProvisionResponse>
