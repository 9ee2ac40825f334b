import type { AttributeSet } from '../kmip/attribute.ts'
import { KmipError } from '../kmip/error.ts'
import { CertificateType, LinkType, Operation } from '../kmip/generated/enums.ts'
import { ReCertifyRequest, ReCertifyResponse } from '../kmip/payload/re-certify.ts'
import { parseVersion } from '../kmip/version.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import { checkStorageMasks } from '../model/protection-storage.ts'
import { accountAuthority } from './account-authority.ts'
import { checkCertifiable, checkRenewable } from './certifiable.ts'
import { certificateObject, linkedIdentifier, withLink } from './certificate-object.ts'
import { readRequest, requestIn, requestOf } from './certificate-request.ts'
import type { RequestValue } from './certificate-request.ts'
import { splitSubject } from './certificate-subject.ts'
import { checkCertificateType, validity } from './certify.ts'
import { creationReasons } from './creation-reasons.ts'
import { operation } from './operation.ts'
import type { Context } from './operation.ts'
import { replaced, replacedLink, replacementAttributes } from './replacement.ts'
import { checkUnarchived } from './unarchived.ts'

/** KMIP 2.1 6.1.45 Re-certify: a new certificate for the same public key, by the account's authority. */
export const reCertify = operation({
  code: Operation.ReCertify,
  since: '1.0',
  request: ReCertifyRequest,
  response: ReCertifyResponse,
  reasons: [
    ...creationReasons, 'IllegalOperation', 'InvalidCSR', 'InvalidMessage', 'InvalidObjectType', 'ObjectDestroyed',
    'ObjectNotFound', 'PermissionDenied', 'ProtectionStorageUnavailable',
  ],
  async handle(request, context) {
    const existing = await context.objects.loadExisting(context.batch.identifier(request.uniqueIdentifier))
    const { endOf, issueCertificate, renewalFields } = await import('../crypto/certificate-authority.ts')
    const key = await keyOf(existing, context)
    const old = renewalFields(certificateIn(existing))
    const asked = await requestFor(request, context)
    const order = asked === undefined ? old : await readRequest(asked, old.publicKey)
    const { subject, rest } = splitSubject(request.attributes)
    const given = withoutFacts(await replacementAttributes(context, existing, rest, request.offset))
    checkStorageMasks(request.protectionStorageMasks)
    checkCertificateType(given.certificateType, false)
    const name = names(given.name, rest.name, context.version)
    const authority = await accountAuthority(context)
    const certificate = await issueCertificate(authority, {
      ...order,
      subject: asked === undefined && subject !== undefined ? subject : order.subject,
      usageMask: given.cryptographicUsageMask ?? 0,
      ...validity(given, context.now, old.seconds, endOf(authority)),
    })
    const keyIdentifier = linkedIdentifier(existing.attributes, LinkType.PublicKeyLink)
    const links = keyIdentifier === undefined
      ? []
      : [{ linkType: LinkType.PublicKeyLink, linkedObjectIdentifier: keyIdentifier }]
    const { uniqueIdentifier } = certificateObject(context, {
      certificate,
      certificateType: CertificateType.X_509,
      given: { ...given, ...(name !== undefined && { name }) },
      links: context.version < v1_2 ? [replacedLink(existing), ...links] : [...links, replacedLink(existing)],
    })
    context.objects.save(replaced(existing, uniqueIdentifier, context.now))
    if (key !== undefined) {
      const attributes = withLink(key.attributes, LinkType.CertificateLink, uniqueIdentifier)
      context.objects.save({ ...key, attributes })
    }
    context.batch.produced(uniqueIdentifier, 'ReCertify')
    return { uniqueIdentifier }
  },
})

/** The published cases have names and links in one order up to 1.1, and in the other from 1.2 on (TC-134). */
function names(all: AttributeSet['name'], asked: AttributeSet['name'], version: number): AttributeSet['name'] {
  if (all === undefined || asked === undefined || version < v1_2) return all
  return [...all.slice(-asked.length), ...all.slice(0, -asked.length)]
}

function certificateIn(object: ManagedObject): Buffer {
  checkUnarchived(object)
  if (object.kind !== 'Certificate') throw new KmipError('InvalidObjectType', 'only certificates are certified again')
  if (object.value?.kind !== 'Certificate') {
    throw new KmipError('KeyValueNotPresent', 'the certificate is not on the server')
  }
  checkCertificateType(object.value.value.certificateType, true)
  return object.value.value.certificateValue
}

/** In the payload, or an object that it names. */
async function requestFor(
  request: Parameters<typeof requestIn>[0] & {
    readonly certificateRequestUniqueIdentifier?: Parameters<Context['batch']['identifier']>[0]
  }, context: Context,
): Promise<RequestValue | undefined> {
  const inPayload = requestIn(request)
  const named = request.certificateRequestUniqueIdentifier
  if (named === undefined) return inPayload
  if (inPayload !== undefined) throw new KmipError('InvalidField', 'there are two certificate requests')
  return requestOf(await context.objects.loadExisting(context.batch.identifier(named)))
}

/** The public key of a certificate that may be renewed, where it is an object too. */
async function keyOf(existing: ManagedObject, context: Context): Promise<ManagedObject | undefined> {
  checkRenewable(existing, context)
  const linked = linkedIdentifier(existing.attributes, LinkType.PublicKeyLink)
  const key = linked === undefined ? undefined : await context.objects.peek(linked)
  if (key !== undefined) await checkCertifiable(key, context)
  return key
}

/** What the old certificate said of itself, the new one says for itself. */
function withoutFacts(attributes: AttributeSet): AttributeSet {
  const rest: AttributeSet = Object.fromEntries(Object.entries(attributes).filter(([name]) => !isFact(name)))
  return rest
}

function isFact(name: string): boolean {
  return /^(certificate(?!Type)|x509Certificate)/.test(name) || algorithmNames.has(name)
}

const v1_2 = parseVersion('1.2')
const algorithmNames: ReadonlySet<string> = new Set([
  'digitalSignatureAlgorithm', 'cryptographicAlgorithm', 'cryptographicLength',
])
