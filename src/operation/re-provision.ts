import { KmipError } from '../kmip/error.ts'
import {
  CertificateType, CryptographicAlgorithm, CryptographicUsageMask, LinkType, Operation, RecommendedCurve,
} from '../kmip/generated/enums.ts'
import { ReProvisionRequest, ReProvisionResponse } from '../kmip/payload/re-provision.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import { certificateObject } from './certificate-object.ts'
import { readRequest } from './certificate-request.ts'
import { credentialEnd, isEndedFor } from './client-credentials.ts'
import { keyParts } from './key-parts.ts'
import { isFingerprintRevoked } from './known-certificates.ts'
import { newObject } from './new-object.ts'
import { operation } from './operation.ts'
import type { Context } from './operation.ts'

/**
 * KMIP 2.1 6.1.48 Re-Provision: the client certificate of the connection is replaced, and good for nothing after this
 * message. The new one names the same principal of the same account. What the server issues, it issues by the authority
 * whose certificates it lets in. The private key that it makes is to be fetched in the same batch; of an asynchronous
 * batch the old certificate still fetches the outcomes, and nothing else.
 */
export const reProvision = operation({
  code: Operation.ReProvision,
  since: '2.0',
  request: ReProvisionRequest,
  response: ReProvisionResponse,
  reasons: ['FeatureNotSupported', 'InvalidCSR', 'InvalidField', 'PermissionDenied'],
  async handle({ certificate, certificateRequest }, context) {
    const { fingerprint, certificate: names } = context.caller
    if (fingerprint === undefined || names === undefined) {
      throw new KmipError('PermissionDenied', 'only a client certificate is replaced, by who connects with it')
    }
    await checkCurrent(fingerprint, context)
    if (certificate !== undefined && certificateRequest !== undefined) {
      throw new KmipError('InvalidField', 'a certificate and a request for one exclude each other')
    }
    const produced = certificate !== undefined
      ? brought(certificate.certificateType, certificate.certificateValue, context)
      : certificateRequest !== undefined
        ? await issued((await readRequest(certificateRequest, undefined)).publicKey, context)
        : await made(context)
    context.objects.writeRecord(credentialEnd(fingerprint))
    const { uniqueIdentifier } = produced
    context.batch.produced(uniqueIdentifier)
    return { uniqueIdentifier }
  },
})

/** What was replaced before, in the same message or by another one under way, or was revoked, is replaced by nothing. */
async function checkCurrent(fingerprint: string, context: Context): Promise<void> {
  if (await isEndedFor(fingerprint, context.objects)) {
    throw new KmipError('PermissionDenied', 'the client certificate has been replaced already')
  }
  if (await isFingerprintRevoked(Buffer.from(fingerprint, 'hex'), context.now, context)) {
    throw new KmipError('PermissionDenied', 'the client certificate is revoked')
  }
}

/** A certificate that the client brings lets in the same principal, or else it would be somebody else's. */
function brought(certificateType: number, certificate: Buffer, context: Context): ManagedObject {
  const holder = certificateType === CertificateType.X_509 ? context.clients?.holderOf(certificate) : undefined
  const { account, principal } = context.caller
  if (holder?.account !== account || holder.principal !== principal) {
    throw new KmipError('PermissionDenied', 'the certificate does not let in the same client')
  }
  return certificateObject(context, { certificate, certificateType, given: {}, links: [] })
}

/** @param publicKey SubjectPublicKeyInfo */
async function issued(publicKey: Buffer, context: Context): Promise<ManagedObject> {
  const { authority, holderOf } = context.clients ?? {}
  if (authority === undefined || holderOf === undefined) {
    throw new KmipError('FeatureNotSupported', 'the server does not have the key of the clients\' authority')
  }
  const { issueCertificate } = await import('../crypto/certificate-authority.ts')
  const { commonNames, organizations } = context.caller.certificate!
  const certificate = await issueCertificate(authority, {
    subject: [
      ...organizations.map((value) => ({ type: 'O', value })), ...commonNames.map((value) => ({ type: 'CN', value })),
    ],
    publicKey,
    notBefore: context.now,
    notAfter: context.now + clientSeconds,
    usageMask: CryptographicUsageMask.Sign,
    isForClients: true,
  })
  const { account, principal } = context.caller
  const holder = holderOf(certificate)
  if (holder?.account !== account || holder.principal !== principal) {
    throw new KmipError('FeatureNotSupported', 'the client is not known by common name and organization')
  }
  const given = { cryptographicUsageMask: CryptographicUsageMask.Sign + CryptographicUsageMask.Verify }
  return certificateObject(context, { certificate, certificateType: CertificateType.X_509, given, links: [] })
}

/** A key pair of the server's making, whose private key the client fetches. */
async function made(context: Context): Promise<ManagedObject> {
  const pair = await context.provider.generateKeyPair({
    algorithm: CryptographicAlgorithm.ECDSA, length: 256, curve: RecommendedCurve.P_256,
  })
  if ('reference' in pair.publicKey) throw new KmipError('FeatureNotSupported', 'the key pair does not leave its token')
  const certificate = await issued(pair.publicKey.bytes.reveal(), context)
  const given = { cryptographicUsageMask: CryptographicUsageMask.Sign, activationDate: context.now }
  return newObject(context, {
    kind: 'PrivateKey',
    origin: 'made',
    given,
    links: [{ linkType: LinkType.CertificateLink, linkedObjectIdentifier: certificate.uniqueIdentifier }],
    ...keyParts(context.provider, pair.privateKey, 'PrivateKey', given, context.version),
  })
}

/** As long as the certificates of the throw-away PKI: 825 days, what TLS clients accept of a private authority. */
const clientSeconds = 71_280_000
