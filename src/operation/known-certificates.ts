import { hash } from 'node:crypto'
import { endsAt } from '../model/lifecycle.ts'
import { certificateKey, subjectKey } from './index-keys.ts'
import type { Context } from './operation.ts'

/** What a lookup of certificates needs. */
type Scope = Pick<Context, 'objects' | 'caller' | 'now'>

/**
 * Whether an object of the account says that this certificate was not, or is no longer, to be relied on at a moment: it
 * was revoked or deactivated by then, was compromised by then or at an unknown time, or is destroyed.
 *
 * @param at seconds since 1970-01-01 UTC
 */
export async function isRevoked(certificate: Buffer, at: number, scope: Scope): Promise<boolean> {
  return isFingerprintRevoked(hash('sha256', certificate, 'buffer'), at, scope)
}

/** @param fingerprint SHA-256 of the certificate */
export async function isFingerprintRevoked(
  fingerprint: Buffer, at: number, { objects, caller, now }: Scope,
): Promise<boolean> {
  for await (const object of objects.known(certificateKey(caller.account, fingerprint))) {
    if (endsAt(object.attributes, now) <= at) return true
  }
  return false
}

/** The certificates (DER) of the account for a subject: an X.501 Name in DER. */
export async function certificatesFor(subject: Buffer, { objects, caller }: Scope): Promise<Buffer[]> {
  const found: Buffer[] = []
  for await (const { value } of objects.known(subjectKey(caller.account, subject))) {
    if (value?.kind === 'Certificate') found.push(value.value.certificateValue)
    if (found.length === sameSubjectMax) break
  }
  return found
}

/** Authorities of one name: renewed ones, and those that a client has made up to keep us busy. */
const sameSubjectMax = 16
