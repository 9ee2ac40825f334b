import { parseCertificate } from '../crypto/certificate.ts'
import type { ValidatedChain } from '../crypto/certificate-chain.ts'
import { KmipError } from '../kmip/error.ts'
import { CertificateType, Operation, ValidityIndicator } from '../kmip/generated/enums.ts'
import { ValidateRequest, ValidateResponse } from '../kmip/payload/validate.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import { authorityCertificate } from './account-authority.ts'
import { certificatesFor, isRevoked } from './known-certificates.ts'
import { operation } from './operation.ts'
import type { Context } from './operation.ts'
import { checkUnarchived } from './unarchived.ts'

/**
 * KMIP 2.1 6.1.57 Validate. Trusted are the authority of the caller's account, and self-signed authorities that are
 * objects of the account and named by the request: who registered them has said that they are to be trusted. What the
 * request leaves out between is taken from the account's objects. A certificate of the chain, in whatever way it was
 * given, that an object of the account says to be revoked makes the chain invalid.
 */
export const validate = operation({
  code: Operation.Validate,
  since: '1.0',
  request: ValidateRequest,
  response: ValidateResponse,
  reasons: [
    'InvalidField', 'InvalidObjectType', 'ObjectArchived', 'ObjectDestroyed', 'ObjectNotFound',
  ],
  async handle(request, context) {
    const count = request.certificate.length + request.uniqueIdentifier.length
    if (count === 0 || count > chainMax) {
      throw new KmipError('InvalidField', `a chain has 1 to ${chainMax} certificates`)
    }
    const objects: ManagedObject[] = []
    for (const reference of request.uniqueIdentifier) {
      objects.push(await context.objects.loadExisting(context.batch.identifier(reference)))
    }
    const managed = objects.map(certificateIn)
    const given = request.certificate.map((each) => x509Value(each.certificateType, each.certificateValue))
    const own = await authorityCertificate(context.objects, context.caller)
    const at = request.validityDate ?? context.now
    const { verdict, chain } = await verdictOn([...given, ...managed], { managed, own, at }, context)
    for (const certificate of chain) {
      if (await isRevoked(certificate, at, context)) return { validityIndicator: ValidityIndicator.Invalid }
    }
    return { validityIndicator: ValidityIndicator[verdict] }
  },
})

async function verdictOn(
  certificates: readonly Buffer[],
  { managed, own, at }: { managed: readonly Buffer[]; own: Buffer | undefined; at: number },
  context: Context,
): Promise<ValidatedChain> {
  const { ChainError, selfSigned, validateChain } = await import('../crypto/certificate-chain.ts')
  try {
    const known = await issuersKnown(certificates, context)
    const anchors = [...await selfSigned(managed), ...(own === undefined ? [] : [own])]
    return await validateChain(certificates, anchors, known, at)
  } catch (error) {
    if (error instanceof KmipError) throw error
    if (error instanceof ChainError) throw new KmipError('InvalidField', error.message)
    throw new KmipError('InvalidField', 'a certificate cannot be read', { cause: error })
  }
}

/** The certificates of the account's objects for those who are named as issuers, and for their issuers. */
async function issuersKnown(certificates: readonly Buffer[], context: Context): Promise<Buffer[]> {
  const found: Buffer[] = []
  const asked = new Set<string>()
  const waiting = [...certificates]
  for (let next = waiting.shift(); next !== undefined && found.length < chainMax; next = waiting.shift()) {
    const { der } = parseCertificate(next).issuer
    const name = der.toString('latin1')
    if (asked.has(name)) continue
    asked.add(name)
    const issuers = await certificatesFor(der, context)
    found.push(...issuers)
    waiting.push(...issuers)
  }
  return found
}

function certificateIn(object: ManagedObject): Buffer {
  if (object.kind !== 'Certificate') throw new KmipError('InvalidObjectType', 'only certificates are validated')
  checkUnarchived(object)
  if (object.value?.kind !== 'Certificate') {
    throw new KmipError('KeyValueNotPresent', 'the certificate is not on the server')
  }
  return x509Value(object.value.value.certificateType, object.value.value.certificateValue)
}

function x509Value(type: number, value: Buffer): Buffer {
  if (type !== CertificateType.X_509) throw new KmipError('InvalidField', 'only X.509 certificates are validated')
  return value
}

/** Real chains have up to five. */
const chainMax = 16
