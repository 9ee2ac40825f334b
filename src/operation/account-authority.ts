import { hash } from 'node:crypto'
import type { Authority } from '../crypto/certificate-authority.ts'
import { CertificateType, CryptographicUsageMask, NameType } from '../kmip/generated/enums.ts'
import { secret } from '../kmip/object.ts'
import { bytes, integer, structure } from '../kmip/schema.ts'
import type { Caller } from '../model/access.ts'
import { decodeItem } from '../ttlv/item.ts'
import { TtlvWriter } from '../ttlv/writer.ts'
import { certificateObject } from './certificate-object.ts'
import { isRevoked } from './known-certificates.ts'
import type { Objects } from './objects.ts'
import type { Context } from './operation.ts'

/**
 * The certificate authority of the caller's account. It is made when it is first needed, and made anew after its ten
 * years or when its certificate is revoked; its key never leaves its sealed record. Its certificate also becomes an
 * object of the account, so that clients can read it.
 */
export async function accountAuthority(context: Context): Promise<Authority> {
  const { objects, caller, now, profile } = context
  const id = recordId(caller)
  const stored = await objects.readRecord(id)
  const { endOf, makeAuthority } = await import('../crypto/certificate-authority.ts')
  const existing = stored && decode(stored.data)
  if (existing !== undefined && endOf(existing) > now && !await isRevoked(existing.certificate, now, context)) {
    return existing
  }
  const authority = await makeAuthority(caller.account, now, profile.authorityName)
  objects.writeRecord({ id, expected: stored?.revision ?? 0, data: encode(authority), keys: [] })
  certificateObject(context, {
    certificate: authority.certificate,
    certificateType: CertificateType.X_509,
    given: {
      name: [{ nameValue: certificateName, nameType: NameType.UninterpretedTextString }],
      cryptographicUsageMask: CryptographicUsageMask.CertificateSign + CryptographicUsageMask.Verify,
      activationDate: now,
    },
    links: [],
  })
  return authority
}

/** The certificate of the account's authority, when it has one by now. */
export async function authorityCertificate(objects: Objects, caller: Caller): Promise<Buffer | undefined> {
  const stored = await objects.readRecord(recordId(caller))
  return stored && decode(stored.data).certificate
}

function recordId({ account }: Caller): string {
  return `~authority/${hash('sha256', account, 'base64url')}`
}

function encode(authority: Authority): Buffer {
  const writer = new TtlvWriter()
  AuthorityRecord.encode(writer, authorityTag, { format: currentFormat, ...authority }, stored)
  return writer.take()
}

function decode(data: Uint8Array): Authority {
  const { format, certificate, privateKey } = AuthorityRecord.decode(decodeItem(Buffer.from(data)), stored)
  if (format !== currentFormat) throw new Error(`an authority has format ${format}`)
  return { certificate, privateKey }
}

const AuthorityRecord = structure('Keyward authority 1', {
  format: integer(0x54_0040),
  certificate: bytes(0x54_0041),
  privateKey: secret(0x54_0042),
})
const authorityTag = 0x54_0043
const currentFormat = 1
const stored = { version: 9_999, keepRemoved: true }
const certificateName = 'keyward-authority'
