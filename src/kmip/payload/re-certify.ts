import { attributeSet } from '../attribute-codec.ts'
import { Tag } from '../generated/tags.ts'
import { identifier } from '../identifier.ts'
import { protectionStorageMasks } from '../protection-storage-masks.ts'
import { enumeration, interval, optional, since, structure, text, until } from '../schema.ts'
import type { Infer } from '../schema.ts'
import { certificateRequestValue } from './certify.ts'

/** Request payload (KMIP 2.1 6.1.45 Table 300; 1.4 4.8 Table 188). */
export const ReCertifyRequest = structure('2.1 6.1.45', {
  uniqueIdentifier: optional(identifier()),
  certificateRequestUniqueIdentifier: since('2.0', optional(identifier(Tag.CertificateRequestUniqueIdentifier))),
  certificateRequestType: optional(enumeration(Tag.CertificateRequestType)),
  certificateRequestValue: optional(certificateRequestValue()),
  offset: optional(interval(Tag.Offset)),
  attributes: optional(attributeSet(Tag.TemplateAttribute, Tag.Attributes)),
  protectionStorageMasks: since('2.0', optional(protectionStorageMasks(Tag.ProtectionStorageMasks))),
})
export type ReCertifyRequest = Infer<typeof ReCertifyRequest>

/** Response payload (KMIP 2.1 6.1.45 Table 301; 1.4 4.8 Table 189). */
export const ReCertifyResponse = structure('2.1 6.1.45', {
  uniqueIdentifier: text(Tag.UniqueIdentifier),
  attributes: until('1.4', optional(attributeSet(Tag.TemplateAttribute, Tag.Attributes))),
})
export type ReCertifyResponse = Infer<typeof ReCertifyResponse>
