import type { Authority } from '../crypto/certificate-authority.ts'
import type { Caller } from '../model/access.ts'
import { after } from '../model/awaitable.ts'
import type { Awaitable } from '../model/awaitable.ts'
import type { Change, Store } from '../store/store.ts'
import type { Objects } from './objects.ts'

/** What the server knows of the certificates that clients connect with. */
export interface ClientCredentials {
  /** The authority of client certificates; absent where its key is kept elsewhere, as it should be in earnest. */
  readonly authority?: Authority | undefined
  /** Whom a certificate (DER) lets in, or undefined when it lets nobody in. */
  holderOf(certificate: Buffer): Caller | undefined
}

/** The change after which a client certificate lets nobody in any more (KMIP 2.1 6.1.48). */
export function credentialEnd(fingerprint: string): Change {
  return { id: recordId(fingerprint), expected: 0, data: Buffer.alloc(0), keys: [] }
}

/** @param fingerprint SHA-256 of the certificate, in hex */
export function isEnded(fingerprint: string, store: Store): Awaitable<boolean> {
  return after(store.revision(recordId(fingerprint)), (revision) => revision > 0)
}

/** As `isEnded`, with what the unit of work has done. */
export async function isEndedFor(fingerprint: string, objects: Objects): Promise<boolean> {
  return await objects.readRecord(recordId(fingerprint)) !== undefined
}

/** Kept: every request asks for it. */
function recordId(fingerprint: string): string {
  const known = recordIds.get(fingerprint)
  if (known !== undefined) return known
  const id = `~ended/${fingerprint}`
  if (recordIds.size >= recordIdsMax) recordIds.clear()
  recordIds.set(fingerprint, id)
  return id
}

const recordIds = new Map<string, string>()
const recordIdsMax = 10_000
