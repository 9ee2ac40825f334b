import { parseName } from '../crypto/distinguished-name.ts'
import type { AttributeName, AttributeSet } from '../kmip/attribute.ts'
import { KmipError } from '../kmip/error.ts'

/** The subject of a certificate to be issued, as `CertificateOrder` takes it. */
export type Subject = Buffer | readonly { readonly type: string; readonly value: string }[]

/** What of a request's attributes says whom the certificate is for; by the tables these are the server's to set. */
export function splitSubject(set: AttributeSet | undefined): { subject: Subject | undefined; rest: AttributeSet } {
  const attributes = set ?? {}
  const rest = Object.fromEntries(
    Object.entries(attributes).filter(([name]) => !subjectNames.has(name)),
  ) as AttributeSet
  return { subject: subjectIn(attributes), rest }
}

function subjectIn(attributes: AttributeSet): Subject | undefined {
  const der = attributes.x509CertificateSubject?.subjectDistinguishedName
  if (der !== undefined) return checkedName(der)
  const text = attributes.certificateSubject?.certificateSubjectDistinguishedName
  if (text !== undefined) return parseText(text)
  const parts = partNames.flatMap(([type, name]) =>
    ((attributes[name] ?? []) as string[]).map((value) => ({ type, value })))
  return parts.length === 0 ? undefined : parts
}

function checkedName(der: Buffer): Buffer {
  try {
    parseName(der)
    return der
  } catch {
    throw new KmipError('InvalidAttributeValue', 'the subject is not an X.501 name')
  }
}

/** RFC 4514: the most particular part comes first in the text, and last in the name. */
function parseText(text: string): Subject {
  const parts = text.split(/(?<!\\),/).map((part) => {
    const [, type, value] = /^\s*([A-Za-z]+)\s*=\s*(.+)$/s.exec(part) ?? []
    if (type === undefined || value === undefined) {
      throw new KmipError('InvalidAttributeValue', 'the subject is not a distinguished name')
    }
    return { type, value: value.replace(/\\([",+;<>\\= #])/g, '$1') }
  })
  return parts.reverse()
}

/** The order of the parts in a name. */
const partNames: readonly (readonly [string, AttributeName])[] = [
  ['C', 'certificateSubjectC'],
  ['ST', 'certificateSubjectST'],
  ['L', 'certificateSubjectL'],
  ['DC', 'certificateSubjectDC'],
  ['O', 'certificateSubjectO'],
  ['OU', 'certificateSubjectOU'],
  ['CN', 'certificateSubjectCN'],
  ['serialNumber', 'certificateSubjectSerialNumber'],
  ['title', 'certificateSubjectTitle'],
  ['dnQualifier', 'certificateSubjectDNQualifier'],
  ['UID', 'certificateSubjectUID'],
  ['emailAddress', 'certificateSubjectEmail'],
]
const subjectNames: ReadonlySet<string> = new Set([
  'x509CertificateSubject', 'certificateSubject', ...partNames.map(([, name]) => name),
])
