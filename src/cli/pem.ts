import { KeyFormatType } from '../kmip/generated/enums.ts'
import { UsageError } from './command.ts'

/** What stands behind the label of a PEM file (RFC 7468, and what OpenSSL writes). */
export interface PemForm {
  readonly label: string
  readonly type: 'private' | 'public' | 'certificate'
  readonly format: number
}

/** @throws UsageError for anything but one block with a label that is known */
export function pemBlock(text: string): { readonly bytes: Buffer; readonly form: PemForm } {
  const blocks = [...text.matchAll(/-----BEGIN ([^-]+)-----([^-]*)-----END \1-----/g)]
    .filter(([, label]) => label !== 'EC PARAMETERS')
  const [block, ...others] = blocks
  if (block === undefined) throw new UsageError('the file is not in PEM form')
  if (others.length > 0) throw new UsageError('the file holds more than one object: split it')
  const [, label = '', body = ''] = block
  const form = pemForms.find((each) => each.label === label)
  if (/ENCRYPTED/.test(label + body)) throw new UsageError('the key in the file is encrypted: decrypt it first')
  if (form === undefined) throw new UsageError(`the file holds ${label}, which cannot be registered`)
  return { bytes: Buffer.from(body, 'base64'), form }
}

/** One PEM block; nothing when the format has no label. */
export function pemText(type: PemForm['type'], format: number, bytes: Buffer): string | undefined {
  const form = pemForms.find((each) => each.type === type && each.format === format)
  if (form === undefined) return undefined
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${form.label}-----`, ...lines, `-----END ${form.label}-----`, ''].join('\n')
}

const pemForms: readonly PemForm[] = [
  { label: 'PRIVATE KEY', type: 'private', format: KeyFormatType.PKCS_8 },
  { label: 'RSA PRIVATE KEY', type: 'private', format: KeyFormatType.PKCS_1 },
  { label: 'EC PRIVATE KEY', type: 'private', format: KeyFormatType.ECPrivateKey },
  { label: 'PUBLIC KEY', type: 'public', format: KeyFormatType.X_509 },
  { label: 'RSA PUBLIC KEY', type: 'public', format: KeyFormatType.PKCS_1 },
  { label: 'CERTIFICATE', type: 'certificate', format: KeyFormatType.X_509 },
]
