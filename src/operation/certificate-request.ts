import { createPublicKey } from 'node:crypto'
import type { CertificateRequestFields } from '../crypto/certificate-authority.ts'
import { KmipError } from '../kmip/error.ts'
import { CertificateRequestType } from '../kmip/generated/enums.ts'
import type { ManagedObject } from '../model/managed-object.ts'

/** A certificate request of a payload, or one that is an object. */
export interface RequestValue {
  readonly certificateRequestType: number
  readonly certificateRequestValue: Buffer
}

/**
 * The certificate request of a payload, if there is one.
 *
 * @throws KmipError Invalid Field for a type without a value, or a value without a type (KMIP 2.1 6.1.6)
 */
export function requestIn(
  { certificateRequestType, certificateRequestValue }: Partial<Record<keyof RequestValue, unknown>>,
): RequestValue | undefined {
  if (certificateRequestType === undefined && certificateRequestValue === undefined) return undefined
  if (certificateRequestType === undefined || certificateRequestValue === undefined) {
    throw new KmipError('InvalidField', 'a Certificate Request and its type come together')
  }
  return { certificateRequestType, certificateRequestValue } as RequestValue
}

/** The certificate request that an object is. @throws KmipError Invalid Object Type */
export function requestOf({ value }: ManagedObject): RequestValue {
  if (value?.kind === 'CertificateRequest') return value.value
  throw new KmipError('InvalidObjectType', 'the object is no certificate request')
}

/**
 * @throws KmipError Feature Not Supported for CRMF and PGP, Invalid CSR for what cannot be read, is not signed by its
 *   own key or is of another key than `expected` (SubjectPublicKeyInfo)
 */
export async function readRequest(
  { certificateRequestType, certificateRequestValue }: RequestValue, expected: Buffer | undefined,
): Promise<CertificateRequestFields> {
  if (!readableTypes.has(certificateRequestType)) {
    const name = Object.entries(CertificateRequestType).find(([, code]) => code === certificateRequestType)?.[0]
    throw new KmipError('FeatureNotSupported', `certificate requests are PKCS#10 or PEM, not ${name ?? 'of that type'}`)
  }
  const { InvalidRequestError, parseCertificateRequest } = await import('../crypto/certificate-authority.ts')
  try {
    const fields = await parseCertificateRequest(certificateRequestValue, certificateRequestType)
    if (expected === undefined || isSameKey(fields.publicKey, expected)) return fields
  } catch (error) {
    if (error instanceof InvalidRequestError) throw new KmipError('InvalidCSR', error.message)
    throw error
  }
  throw new KmipError('InvalidCSR', 'the certificate request is of another public key')
}

/** @param a and b SubjectPublicKeyInfo, of which a key may have several forms */
function isSameKey(a: Buffer, b: Buffer): boolean {
  if (a.equals(b)) return true
  try {
    const [first, second] = [a, b].map((key) => createPublicKey({ key, format: 'der', type: 'spki' }))
    return first!.equals(second!)
  } catch {
    return false
  }
}

const readableTypes: ReadonlySet<number> = new Set([CertificateRequestType.PKCS_10, CertificateRequestType.PEM])
