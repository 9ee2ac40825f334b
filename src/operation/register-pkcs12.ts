import { parseCertificate } from '../crypto/certificate.ts'
import { decodePkcs12 } from '../crypto/pkcs12.ts'
import type { AttributeSet } from '../kmip/attribute.ts'
import type { Link } from '../kmip/attribute-value.ts'
import { KmipError } from '../kmip/error.ts'
import { CertificateType, KeyFormatType, LinkType } from '../kmip/generated/enums.ts'
import type { KeyBlock, ManagedObjectValue } from '../kmip/object.ts'
import { Secret } from '../kmip/secret.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import { takeIn } from './incoming-object.ts'
import { newObject } from './new-object.ts'
import type { Context } from './operation.ts'
import { pkcs12Password } from './pkcs12-password.ts'

/**
 * Registers what a PKCS#12 container holds: the private key as PKCS#8, and its certificates as objects of their own,
 * each linked to that of its issuer (KMIP 2.1 6.1.19, TC-PKCS12-2).
 *
 * @throws KmipError as `pkcs12Password`, `decodePkcs12` and `takeIn`; Invalid Object Type for another object type
 */
export async function registerPkcs12(
  context: Context, object: ManagedObjectValue, told: AttributeSet,
): Promise<ManagedObject> {
  const given = { ...told }
  delete given.keyFormatType
  if (object.kind !== 'PrivateKey') throw new KmipError('InvalidObjectType', 'a PKCS#12 container holds a private key')
  const password = await pkcs12Password(context, given)
  const { privateKey, certificates, friendlyName } = await decodePkcs12(containerOf(object.value.keyBlock), password)
  const name = { pkcs12FriendlyName: given.pkcs12FriendlyName ?? friendlyName ?? defaultFriendlyName }
  const links = await registerChain(context, certificates, name)
  const keyBlock = { keyFormatType: KeyFormatType.PKCS_8, keyValue: { keyMaterial: privateKey } }
  const { facts } = await takeIn(context, { kind: 'PrivateKey', value: { keyBlock } }, given, 'never')
  const { cryptographicAlgorithm, cryptographicLength, digest = [] } = facts
  return newObject(context, {
    kind: 'PrivateKey',
    origin: 'registered',
    given: { ...given, ...name },
    // The published case has the digest of this format alone (TC-PKCS12-2-20).
    facts: { ...facts, digest: digest.slice(0, 1) },
    links,
    value: { kind: 'PrivateKey', value: { keyBlock: { ...keyBlock, cryptographicAlgorithm, cryptographicLength } } },
  })
}

/** The container is the Key Value itself in 1.4, its Key Material in 2.x. */
function containerOf({ keyValue }: KeyBlock): Buffer {
  if (keyValue === undefined) throw new KmipError('InvalidField', 'the Key Value is missing')
  if ('wrapped' in keyValue) return keyValue.wrapped.reveal()
  if (keyValue.keyMaterial instanceof Secret) return keyValue.keyMaterial.reveal()
  throw new KmipError('InvalidField', 'a PKCS#12 container is a byte string')
}

/** @returns the link to the first certificate, where there is one */
async function registerChain(context: Context, certificates: readonly Buffer[], name: AttributeSet): Promise<Link[]> {
  let next: { readonly subject: Buffer; readonly link: Link } | undefined
  for (const certificateValue of certificates.toReversed()) {
    const { subject, issuer } = parseCertificate(certificateValue)
    const links = next !== undefined && issuer.der.equals(next.subject) ? [next.link] : []
    const value = { certificateType: CertificateType.X_509, certificateValue }
    const incoming = await takeIn(context, { kind: 'Certificate', value }, {}, 'never')
    // It was not given to the server as an object, so it is not a fresh one.
    const given = { ...name, fresh: false }
    const { uniqueIdentifier } = newObject(context, { kind: 'Certificate', origin: 'registered', given, ...incoming, links })
    const link = { linkType: LinkType.PKCS_12CertificateLink, linkedObjectIdentifier: uniqueIdentifier }
    next = { subject: subject.der, link }
  }
  return next === undefined ? [] : [next.link]
}
/** KMIP 2.1 4.39. */
const defaultFriendlyName = 'alias'
