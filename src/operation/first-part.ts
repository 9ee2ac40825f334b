import { isDeepStrictEqual } from 'node:util'
import { KmipError } from '../kmip/error.ts'

/** What an operation of several parts begins with, and goes on with whatever later parts say (KMIP 2.1 6.1.11, 6.1.17). */
export interface FirstPart {
  readonly cryptographicParameters?: unknown
  readonly ivCounterNonce?: unknown
  readonly authenticatedEncryptionAdditionalData?: unknown
  readonly authenticatedEncryptionTag?: unknown
}

/** What of a request is for the first part. */
export function firstPartOf(request: FirstPart): FirstPart {
  return Object.fromEntries(fields.map(([field]) => [field, request[field]]))
}

/** @throws KmipError Invalid Field: a later part repeats what the first has said, or is silent */
export function checkLaterPart(begun: FirstPart, request: FirstPart): void {
  const other = fields.find(([field]) => request[field] !== undefined && !isDeepStrictEqual(request[field], begun[field]))
  if (other !== undefined) throw new KmipError('InvalidField', `the ${other[1]} comes with the first part`)
}

const fields = [
  ['cryptographicParameters', 'Cryptographic Parameters'],
  ['ivCounterNonce', 'IV/Counter/Nonce'],
  ['authenticatedEncryptionAdditionalData', 'Authenticated Encryption Additional Data'],
  ['authenticatedEncryptionTag', 'Authenticated Encryption Tag'],
] as const
