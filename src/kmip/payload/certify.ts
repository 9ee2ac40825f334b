import { attributeSet } from '../attribute-codec.ts'
import { Tag } from '../generated/tags.ts'
import { identifier } from '../identifier.ts'
import { protectionStorageMasks } from '../protection-storage-masks.ts'
import { bytes, enumeration, field, optional, since, structure, text, until } from '../schema.ts'
import type { Field, Infer } from '../schema.ts'
import { parseVersion } from '../version.ts'

/** Request payload (KMIP 2.1 6.1.6 Table 179; 1.4 4.7 Table 184). */
export const CertifyRequest = structure('2.1 6.1.6', {
  uniqueIdentifier: optional(identifier()),
  certificateRequestType: optional(enumeration(Tag.CertificateRequestType)),
  certificateRequestValue: optional(certificateRequestValue()),
  attributes: optional(attributeSet(Tag.TemplateAttribute, Tag.Attributes)),
  protectionStorageMasks: since('2.0', optional(protectionStorageMasks(Tag.ProtectionStorageMasks))),
})
export type CertifyRequest = Infer<typeof CertifyRequest>

/** Response payload (KMIP 2.1 6.1.6 Table 180; 1.4 4.7 Table 185). */
export const CertifyResponse = structure('2.1 6.1.6', {
  uniqueIdentifier: text(Tag.UniqueIdentifier),
  attributes: until('1.4', optional(attributeSet(Tag.TemplateAttribute, Tag.Attributes))),
})
export type CertifyResponse = Infer<typeof CertifyResponse>

/** The bytes of a certificate request: Certificate Request in 1.x, where 2.x has Certificate Request Value. */
export function certificateRequestValue(): Field<Buffer> {
  const { decode } = bytes(Tag.CertificateRequestValue)
  return field([Tag.CertificateRequest, Tag.CertificateRequestValue], decode, (writer, value, coding) =>
    writer.byteString(coding.version < v2 ? Tag.CertificateRequest : Tag.CertificateRequestValue, value))
}

const v2 = parseVersion('2.0')
