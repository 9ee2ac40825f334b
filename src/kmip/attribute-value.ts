import { Tag } from './generated/tags.ts'
import { identifier } from './identifier.ts'
import {
  anything, boolean, bytes, enumeration, integer, longInteger, many, optional, since, structure, text,
} from './schema.ts'
import type { Infer } from './schema.ts'

/** The attributes that are structures, in the order of their clauses in KMIP 2.1 section 4. */

export const AlternativeName = structure('2.1 4.2', {
  alternativeNameValue: text(Tag.AlternativeNameValue),
  alternativeNameType: enumeration(Tag.AlternativeNameType),
})
export type AlternativeName = Infer<typeof AlternativeName>

export const ApplicationSpecificInformation = structure('2.1 4.4', {
  applicationNamespace: text(Tag.ApplicationNamespace),
  applicationData: optional(text(Tag.ApplicationData)),
})

export const CertificateIdentifier = structure('1.4 3.10', {
  issuer: text(Tag.Issuer),
  serialNumber: optional(text(Tag.SerialNumber)),
})

export const CertificateSubject = structure('1.4 3.14', {
  certificateSubjectDistinguishedName: optional(text(Tag.CertificateSubjectDistinguishedName)),
  certificateSubjectAlternativeName: many(text(Tag.CertificateSubjectAlternativeName)),
})

export const CertificateIssuer = structure('1.4 3.15', {
  certificateIssuerDistinguishedName: text(Tag.CertificateIssuerDistinguishedName),
  certificateIssuerAlternativeName: many(text(Tag.CertificateIssuerAlternativeName)),
})

export const CryptographicDomainParameters = structure('2.1 4.14', {
  qlength: optional(integer(Tag.Qlength)),
  recommendedCurve: optional(enumeration(Tag.RecommendedCurve)),
})
export type CryptographicDomainParameters = Infer<typeof CryptographicDomainParameters>

export const CryptographicParameters = structure('2.1 4.16', {
  blockCipherMode: optional(enumeration(Tag.BlockCipherMode)),
  paddingMethod: optional(enumeration(Tag.PaddingMethod)),
  hashingAlgorithm: optional(enumeration(Tag.HashingAlgorithm)),
  keyRoleType: optional(enumeration(Tag.KeyRoleType)),
  digitalSignatureAlgorithm: since('1.1', optional(enumeration(Tag.DigitalSignatureAlgorithm))),
  cryptographicAlgorithm: since('1.2', optional(enumeration(Tag.CryptographicAlgorithm))),
  randomIV: since('1.2', optional(boolean(Tag.RandomIV))),
  ivLength: since('1.2', optional(integer(Tag.IVLength))),
  tagLength: since('1.2', optional(integer(Tag.TagLength))),
  fixedFieldLength: since('1.2', optional(integer(Tag.FixedFieldLength))),
  invocationFieldLength: since('1.2', optional(integer(Tag.InvocationFieldLength))),
  counterLength: since('1.2', optional(integer(Tag.CounterLength))),
  initialCounterValue: since('1.2', optional(integer(Tag.InitialCounterValue))),
  saltLength: since('1.4', optional(integer(Tag.SaltLength))),
  maskGenerator: since('1.4', optional(enumeration(Tag.MaskGenerator))),
  maskGeneratorHashingAlgorithm: since('1.4', optional(enumeration(Tag.MaskGeneratorHashingAlgorithm))),
  pSource: since('1.4', optional(bytes(Tag.PSource))),
  trailerField: since('1.4', optional(integer(Tag.TrailerField))),
})
export type CryptographicParameters = Infer<typeof CryptographicParameters>

export const Digest = structure('2.1 4.21', {
  hashingAlgorithm: enumeration(Tag.HashingAlgorithm),
  digestValue: optional(bytes(Tag.DigestValue)),
  keyFormatType: since('1.1', optional(enumeration(Tag.KeyFormatType))),
})

export const KeyValueLocation = structure('2.1 4.27', {
  keyValueLocationValue: text(Tag.KeyValueLocationValue),
  keyValueLocationType: enumeration(Tag.KeyValueLocationType),
})

export const Link = structure('2.1 4.31', {
  linkType: enumeration(Tag.LinkType),
  linkedObjectIdentifier: identifier(Tag.LinkedObjectIdentifier),
})
export type Link = Infer<typeof Link>

export const Name = structure('2.1 4.32', {
  nameValue: text(Tag.NameValue),
  nameType: enumeration(Tag.NameType),
})
export type Name = Infer<typeof Name>

export const RandomNumberGenerator = structure('2.1 4.46', {
  rngAlgorithm: enumeration(Tag.RNGAlgorithm),
  cryptographicAlgorithm: optional(enumeration(Tag.CryptographicAlgorithm)),
  cryptographicLength: optional(integer(Tag.CryptographicLength)),
  hashingAlgorithm: optional(enumeration(Tag.HashingAlgorithm)),
  drbgAlgorithm: optional(enumeration(Tag.DRBGAlgorithm)),
  recommendedCurve: optional(enumeration(Tag.RecommendedCurve)),
  fips186Variation: optional(enumeration(Tag.FIPS186Variation)),
  predictionResistance: optional(boolean(Tag.PredictionResistance)),
})

export const RevocationReason = structure('2.1 4.47', {
  revocationReasonCode: enumeration(Tag.RevocationReasonCode),
  revocationMessage: optional(text(Tag.RevocationMessage)),
})
export type RevocationReason = Infer<typeof RevocationReason>

export const RotateName = structure('2.1 4.53', {
  rotateNameValue: text(Tag.RotateNameValue),
  rotateNameType: enumeration(Tag.RotateNameType),
})

export const UsageLimits = structure('2.1 4.59', {
  usageLimitsTotal: longInteger(Tag.UsageLimitsTotal),
  usageLimitsCount: optional(longInteger(Tag.UsageLimitsCount)),
  usageLimitsUnit: enumeration(Tag.UsageLimitsUnit),
})
export type UsageLimits = Infer<typeof UsageLimits>

/** Also holds the custom attributes of 1.x: vendor identification "x" (client's) and "y" (server's). */
export const VendorAttribute = structure('2.1 4.60', {
  vendorIdentification: text(Tag.VendorIdentification),
  attributeName: text(Tag.AttributeName),
  attributeValue: anything(Tag.AttributeValue),
})
export type VendorAttribute = Infer<typeof VendorAttribute>

export const X509CertificateIdentifier = structure('2.1 4.61', {
  issuerDistinguishedName: bytes(Tag.IssuerDistinguishedName),
  certificateSerialNumber: bytes(Tag.CertificateSerialNumber),
})

export const X509CertificateIssuer = structure('2.1 4.62', {
  issuerDistinguishedName: bytes(Tag.IssuerDistinguishedName),
  issuerAlternativeName: many(bytes(Tag.IssuerAlternativeName)),
})

export const X509CertificateSubject = structure('2.1 4.63', {
  subjectDistinguishedName: optional(bytes(Tag.SubjectDistinguishedName)),
  subjectAlternativeName: many(bytes(Tag.SubjectAlternativeName)),
})
