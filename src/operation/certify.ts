import { KmipError } from '../kmip/error.ts'
import type { AttributeSet } from '../kmip/attribute.ts'
import { CertificateType, LinkType, Operation } from '../kmip/generated/enums.ts'
import { CertifyRequest, CertifyResponse } from '../kmip/payload/certify.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import { checkStorageMasks } from '../model/protection-storage.ts'
import { accountAuthority } from './account-authority.ts'
import { checkCertifiable } from './certifiable.ts'
import { certificateObject, linkedIdentifier, withLink } from './certificate-object.ts'
import { readRequest, requestIn, requestOf } from './certificate-request.ts'
import type { RequestValue } from './certificate-request.ts'
import { splitSubject } from './certificate-subject.ts'
import type { Subject } from './certificate-subject.ts'
import { creationReasons } from './creation-reasons.ts'
import { givenAttributes } from './new-object.ts'
import { operation } from './operation.ts'
import type { Context } from './operation.ts'
import { storedKeyOf } from './stored-key.ts'
import { checkUnarchived } from './unarchived.ts'

/** KMIP 2.1 6.1.6 Certify, by the certificate authority of the caller's account. */
export const certify = operation({
  code: Operation.Certify,
  since: '1.0',
  request: CertifyRequest,
  response: CertifyResponse,
  reasons: [
    ...creationReasons, 'InvalidCSR', 'InvalidObjectType', 'KeyValueNotPresent', 'ObjectDestroyed', 'ObjectNotFound',
    'PermissionDenied', 'ProtectionStorageUnavailable',
  ],
  async handle(request, context) {
    const { publicKey, order } = await orderOf(request, context)
    const { subject, rest } = splitSubject(request.attributes)
    const given = await givenAttributes(context, 'Certificate', rest, 'made')
    checkStorageMasks(request.protectionStorageMasks)
    checkCertificateType(given.certificateType, order === undefined)
    const mask = given.cryptographicUsageMask ?? publicKey?.attributes.cryptographicUsageMask ?? 0
    const authority = await accountAuthority(context)
    const { endOf, issueCertificate } = await import('../crypto/certificate-authority.ts')
    const certificate = await issueCertificate(authority, {
      subject: order?.subject ?? subject ?? subjectFor(publicKey!),
      publicKey: order?.publicKey ?? spkiOf(publicKey!),
      alternativeNames: order?.alternativeNames,
      usageMask: mask,
      ...validity(given, context.now, defaultSeconds, endOf(authority)),
    })
    const { uniqueIdentifier } = certificateObject(context, {
      certificate,
      certificateType: CertificateType.X_509,
      given: { ...given, cryptographicUsageMask: mask },
      links: publicKey === undefined
        ? []
        : [{ linkType: LinkType.PublicKeyLink, linkedObjectIdentifier: publicKey.uniqueIdentifier }],
    })
    if (publicKey !== undefined) {
      const attributes = withLink(publicKey.attributes, LinkType.CertificateLink, uniqueIdentifier)
      context.objects.save({ ...publicKey, attributes })
    }
    context.batch.produced(uniqueIdentifier, 'Certify')
    return { uniqueIdentifier }
  },
})

/** Only X.509 is issued. @throws KmipError Invalid Field, Feature Not Supported */
export function checkCertificateType(type: number | undefined, isRequired: boolean): void {
  if (type === undefined && isRequired) {
    throw new KmipError('InvalidField', 'without a certificate request, the Certificate Type says what is wanted')
  }
  if (type !== undefined && type !== CertificateType.X_509) {
    throw new KmipError('FeatureNotSupported', 'the server issues X.509 certificates')
  }
}

/**
 * The dates of a certificate: those of its object, or from now on for so many seconds. It ends when its authority does at
 * the latest.
 *
 * @param authorityEnd seconds since 1970-01-01 UTC
 * @throws KmipError Invalid Attribute Value for an Activation Date later than that
 */
export function validity(
  { activationDate, deactivationDate }: AttributeSet, now: number, seconds: number, authorityEnd: number,
): { notBefore: number; notAfter: number } {
  const notBefore = Math.max(activationDate ?? now, now)
  if (notBefore >= authorityEnd) throw new KmipError('InvalidAttributeValue', 'the authority ends before the Activation Date')
  const isAhead = deactivationDate !== undefined && deactivationDate > notBefore
  return { notBefore, notAfter: Math.min(isAhead ? deactivationDate : notBefore + seconds, authorityEnd) }
}

/** SubjectPublicKeyInfo of a Public Key object. */
export function spkiOf(publicKey: ManagedObject): Buffer {
  const key = storedKeyOf(publicKey)
  if ('reference' in key) throw new KmipError('FeatureNotSupported', 'the public key is in another protection storage')
  return key.bytes.reveal()
}

interface Found {
  readonly publicKey: ManagedObject | undefined
  /** Of the certificate request, where there is one. */
  readonly order: { subject: Buffer; publicKey: Buffer; alternativeNames: Buffer | undefined } | undefined
}

/** What is to be certified: a public key, a certificate request, or both. */
async function orderOf(request: Parameters<typeof requestIn>[0] & {
  readonly uniqueIdentifier?: Parameters<Context['batch']['identifier']>[0]
}, context: Context): Promise<Found> {
  const inPayload = requestIn(request)
  const isNamed = request.uniqueIdentifier !== undefined || inPayload === undefined
  const named = isNamed
    ? await context.objects.loadExisting(context.batch.identifier(request.uniqueIdentifier))
    : undefined
  if (named !== undefined) {
    checkUnarchived(named)
    await checkCertifiable(named, context)
  }
  if (named?.kind === 'CertificateRequest') return ofRequestObject(named, inPayload, context)
  if (named !== undefined && named.kind !== 'PublicKey') {
    throw new KmipError('InvalidObjectType', 'only public keys and certificate requests are certified')
  }
  const spki = named && spkiOf(named)
  return { publicKey: named, order: inPayload && await readRequest(inPayload, spki) }
}

async function ofRequestObject(
  object: ManagedObject, inPayload: RequestValue | undefined, context: Context,
): Promise<Found> {
  if (inPayload !== undefined) throw new KmipError('InvalidField', 'there are two certificate requests')
  const linked = linkedIdentifier(object.attributes, LinkType.PublicKeyLink)
  const publicKey = linked === undefined ? undefined : await context.objects.loadExisting(linked)
  if (publicKey !== undefined) await checkCertifiable(publicKey, context)
  return { publicKey, order: await readRequest(requestOf(object), publicKey && spkiOf(publicKey)) }
}

/** A key that nobody has named anything is known by its identifier. */
function subjectFor({ uniqueIdentifier, attributes }: ManagedObject): Subject {
  return [{ type: 'CN', value: attributes.name?.[0]?.nameValue ?? uniqueIdentifier }]
}

/** A year. */
const defaultSeconds = 31_536_000
