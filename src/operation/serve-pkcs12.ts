import { encodeKeyBlock } from '../crypto/key-format.ts'
import { encodePkcs12 } from '../crypto/pkcs12.ts'
import type { AttributeSet } from '../kmip/attribute.ts'
import { KmipError } from '../kmip/error.ts'
import { CertificateType, KeyFormatType, LinkType } from '../kmip/generated/enums.ts'
import type { ManagedObjectValue } from '../kmip/object.ts'
import { Secret } from '../kmip/secret.ts'
import { parseVersion } from '../kmip/version.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import type { Context } from './operation.ts'
import { pkcs12Password } from './pkcs12-password.ts'
import { plainKeyOf } from './stored-key.ts'

/**
 * A private key with its certificate chain as a PKCS#12 container (KMIP 2.1 6.1.19).
 *
 * @param value the key in the clear
 * @throws KmipError Key Format Type Not Supported for any other object, Invalid Field when the chain is not one, and as
 *   `pkcs12Password`
 */
export async function servePkcs12(
  context: Context, { kind, attributes }: ManagedObject, value: ManagedObjectValue,
): Promise<ManagedObjectValue> {
  if (kind !== 'PrivateKey') throw new KmipError('KeyFormatTypeNotSupported', 'a PKCS#12 container holds a private key')
  const password = await pkcs12Password(context, attributes)
  const { keyValue } = encodeKeyBlock(plainKeyOf(value, attributes), KeyFormatType.PKCS_8)
  if (keyValue === undefined || 'wrapped' in keyValue || !(keyValue.keyMaterial instanceof Secret)) {
    throw new KmipError('KeyValueNotPresent', 'the key material is not on the server')
  }
  const certificates = await chainOf(context, attributes)
  const friendlyName = attributes.pkcs12FriendlyName
  const container = await encodePkcs12({ privateKey: keyValue.keyMaterial, certificates, friendlyName }, password)
  const keyFormatType = KeyFormatType.PKCS_12
  // The cases of 1.4 have the container as the Key Value itself, those of 2.0 as its Key Material.
  const wrapped = context.version < v2 ? { wrapped: container } : { keyMaterial: container }
  return { kind, value: { keyBlock: { keyFormatType, keyValue: wrapped } } }
}

/** From the key, or from its public key, to the first certificate, and from each certificate to the next. */
async function chainOf(context: Context, key: AttributeSet): Promise<Buffer[]> {
  const publicKey = linked(key, LinkType.PublicKeyLink)
  const publicAttributes = publicKey === undefined ? {} : (await context.objects.peek(publicKey))?.attributes ?? {}
  let next = certificateLink(key) ?? certificateLink(publicAttributes)
  const seen = new Set<string>()
  const chain: Buffer[] = []
  while (next !== undefined) {
    if (seen.has(next) || seen.size >= chainMax) throw new KmipError('InvalidField', 'the certificate chain has no end')
    seen.add(next)
    const object = await context.objects.peek(next)
    if (object?.value?.kind !== 'Certificate' || object.value.value.certificateType !== CertificateType.X_509) {
      throw new KmipError('InvalidField', 'a link of the certificate chain names no X.509 certificate')
    }
    chain.push(object.value.value.certificateValue)
    next = certificateLink(object.attributes)
  }
  return chain
}

function certificateLink(attributes: AttributeSet): string | undefined {
  return linked(attributes, LinkType.PKCS_12CertificateLink) ?? linked(attributes, LinkType.CertificateLink)
}

/** @throws KmipError Invalid Field: there may be one valid chain only */
function linked({ link = [] }: AttributeSet, type: number): string | undefined {
  const [first, ...others] = link.filter(({ linkType }) => linkType === type)
  if (others.length > 0) throw new KmipError('InvalidField', 'there is more than one certificate chain')
  const identifier = first?.linkedObjectIdentifier
  return typeof identifier === 'string' ? identifier : undefined
}

const v2 = parseVersion('2.0')
/** Certificates; real chains have three or four. */
const chainMax = 16
