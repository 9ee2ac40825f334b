import { parseCertificate } from '../crypto/certificate.ts'
import type { AlternativeName, CertificateFields } from '../crypto/certificate.ts'
import type { NamePart } from '../crypto/distinguished-name.ts'
import type { AttributeSet } from '../kmip/attribute.ts'
import { CertificateType } from '../kmip/generated/enums.ts'

/**
 * The attributes that the server takes from a certificate (KMIP 2.1 4.5 to 4.11, 4.22, 4.61 to 4.63; 1.4 3.13 to
 * 3.15). Which of them a version knows is decided where a message is encoded.
 *
 * @throws KmipError Invalid Field for an X.509 certificate that cannot be read
 */
export function certificateAttributes(certificateType: number, certificateValue: Buffer): AttributeSet {
  const common: AttributeSet = { certificateType, certificateLength: certificateValue.length }
  if (certificateType !== CertificateType.X_509) return common
  const fields = parseCertificate(certificateValue)
  const { keySpec, signatureAlgorithm } = fields
  return {
    ...common,
    ...(keySpec !== undefined && {
      cryptographicAlgorithm: keySpec.algorithm, cryptographicLength: keySpec.length,
    }),
    ...(signatureAlgorithm !== undefined && { digitalSignatureAlgorithm: [signatureAlgorithm] }),
    ...textAttributes(fields),
    ...derAttributes(fields),
    ...partAttributes(fields.subject.parts, subjectNames),
    ...partAttributes(fields.issuer.parts, issuerNames),
  }
}

/** Of 1.x alone. */
function textAttributes(fields: CertificateFields): AttributeSet {
  const { issuer, subject, serialNumber, issuerAlternativeNames, subjectAlternativeNames } = fields
  return {
    certificateIdentifier: { issuer: issuer.text, serialNumber: serialText(serialNumber) },
    certificateSubject: {
      certificateSubjectDistinguishedName: subject.text,
      certificateSubjectAlternativeName: texts(subjectAlternativeNames),
    },
    certificateIssuer: {
      certificateIssuerDistinguishedName: issuer.text,
      certificateIssuerAlternativeName: texts(issuerAlternativeNames),
    },
  }
}

function derAttributes(fields: CertificateFields): AttributeSet {
  const { issuer, subject, serialNumber, issuerAlternativeNames, subjectAlternativeNames } = fields
  return {
    x509CertificateIdentifier: { issuerDistinguishedName: issuer.der, certificateSerialNumber: serialNumber },
    x509CertificateSubject: {
      subjectDistinguishedName: subject.der,
      subjectAlternativeName: subjectAlternativeNames.map(({ der }) => der),
    },
    x509CertificateIssuer: {
      issuerDistinguishedName: issuer.der,
      issuerAlternativeName: issuerAlternativeNames.map(({ der }) => der),
    },
  }
}

function texts(names: readonly AlternativeName[]): string[] {
  return names.map(({ text }) => text).filter((text) => text !== undefined)
}

function partAttributes(parts: readonly NamePart[], names: Readonly<Record<string, PartName>>): AttributeSet {
  const set: Partial<Record<PartName, string[]>> = {}
  for (const { type, value, isText } of parts) {
    const name = isText ? names[type] : undefined
    if (name !== undefined) (set[name] ??= []).push(value)
  }
  return set
}

/** The number in hex, without the zero byte that keeps it positive in DER. */
function serialText(der: Buffer): string {
  const bytes = der.subarray(2)
  return (bytes.length > 1 && bytes[0] === 0 ? bytes.subarray(1) : bytes).toString('hex').toUpperCase()
}

type PartName = Extract<keyof AttributeSet, `certificate${'Subject' | 'Issuer'}${Part}`>
type Part = 'CN' | 'O' | 'OU' | 'Email' | 'C' | 'ST' | 'L' | 'UID' | 'SerialNumber' | 'Title' | 'DC' | 'DNQualifier'

const subjectNames: Readonly<Record<string, PartName>> = {
  CN: 'certificateSubjectCN',
  O: 'certificateSubjectO',
  OU: 'certificateSubjectOU',
  emailAddress: 'certificateSubjectEmail',
  C: 'certificateSubjectC',
  ST: 'certificateSubjectST',
  L: 'certificateSubjectL',
  UID: 'certificateSubjectUID',
  serialNumber: 'certificateSubjectSerialNumber',
  title: 'certificateSubjectTitle',
  DC: 'certificateSubjectDC',
  dnQualifier: 'certificateSubjectDNQualifier',
}
const issuerNames: Readonly<Record<string, PartName>> = Object.fromEntries(
  Object.entries(subjectNames).map(([type, name]) => [type, name.replace('Subject', 'Issuer') as PartName]),
)
