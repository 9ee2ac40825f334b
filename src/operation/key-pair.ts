import type { KeySpec } from '../crypto/provider.ts'
import type { AttributeSet } from '../kmip/attribute.ts'
import { KmipError } from '../kmip/error.ts'
import { CryptographicUsageMask, LinkType } from '../kmip/generated/enums.ts'
import type { ProtectionStorageMasks } from '../kmip/protection-storage-masks.ts'
import { parseVersion } from '../kmip/version.ts'
import type { Version } from '../kmip/version.ts'
import { agreesOnly, curveForLength, defaultLength, isElliptic, orderLength } from '../model/key-length.ts'
import type { ManagedObject } from '../model/managed-object.ts'
import { hasMask } from '../model/usage.ts'
import { newIdentifier } from './identifier.ts'
import { keyParts } from './key-parts.ts'
import { givenAttributes, newObject } from './new-object.ts'
import type { Context } from './operation.ts'
import { storedBy } from './protection.ts'
import { mergeAttributes, withTemplates } from './template.ts'

/** What Create Key Pair and Re-key Key Pair have in common, for plain keys and for versions of a CMK. */

/** Attributes of both keys of a pair. */
export interface PairAttributes {
  readonly privateKey: AttributeSet
  readonly publicKey: AttributeSet
}

interface PairRequest {
  readonly commonAttributes?: AttributeSet | undefined
  readonly privateKeyAttributes?: AttributeSet | undefined
  readonly publicKeyAttributes?: AttributeSet | undefined
}

/**
 * Common attributes go to both keys; those of one key precede them, and explicit ones those of templates of the same
 * place (KMIP 2.1 6.1.9, 1.4 4.2).
 *
 * @throws KmipError as `givenAttributes`
 */
export async function pairAttributes(context: Context, request: PairRequest): Promise<PairAttributes> {
  const common = await withTemplates(request.commonAttributes, context)
  const privateKey = mergeAttributes(await withTemplates(request.privateKeyAttributes, context), common)
  const publicKey = mergeAttributes(await withTemplates(request.publicKeyAttributes, context), common)
  return {
    privateKey: await givenAttributes(context, 'PrivateKey', privateKey, 'made'),
    publicKey: await givenAttributes(context, 'PublicKey', publicKey, 'made'),
  }
}

/**
 * The context whose provider keeps both keys.
 *
 * @throws KmipError Private or Public Protection Storage Unavailable, or Protection Storage Unavailable for both
 */
export function pairStorage(context: Context, request: {
  readonly commonProtectionStorageMasks?: ProtectionStorageMasks | undefined
  readonly privateProtectionStorageMasks?: ProtectionStorageMasks | undefined
  readonly publicProtectionStorageMasks?: ProtectionStorageMasks | undefined
}): Context {
  return storedBy(
    context, { masks: request.commonProtectionStorageMasks },
    { masks: request.privateProtectionStorageMasks, reason: 'PrivateProtectionStorageUnavailable' },
    { masks: request.publicProtectionStorageMasks, reason: 'PublicProtectionStorageUnavailable' },
  )
}

/** A key pair to be made; of the links, those to each other come first. */
export interface PairDraft {
  readonly given: PairAttributes
  readonly privateLinks?: NonNullable<AttributeSet['link']>
  readonly publicLinks?: NonNullable<AttributeSet['link']>
  /** Unique Identifier of the private key, where it is chosen already. */
  readonly privateId?: string
}

/** @throws KmipError Invalid Field and Invalid Attribute Value for what makes no key pair; what the provider refuses */
export async function newKeyPair(
  context: Context, { given: told, privateLinks = [], publicLinks = [], privateId = newIdentifier() }: PairDraft,
): Promise<{ privateKey: ManagedObject; publicKey: ManagedObject }> {
  const { provider, version } = context
  const given = shared(told)
  const stored = await provider.generateKeyPair(pairSpec(given, version), context.objects.keptKeys.announceAt(provider))
  const publicId = newIdentifier()
  const privateKey = newObject(context, {
    kind: 'PrivateKey',
    origin: 'made',
    uniqueIdentifier: privateId,
    given: given.privateKey,
    links: [{ linkType: LinkType.PublicKeyLink, linkedObjectIdentifier: publicId }, ...privateLinks],
    ...keyParts(provider, stored.privateKey, 'PrivateKey', given.privateKey, version),
  })
  const publicKey = newObject(context, {
    kind: 'PublicKey',
    origin: 'made',
    uniqueIdentifier: publicId,
    given: given.publicKey,
    links: [{ linkType: LinkType.PrivateKeyLink, linkedObjectIdentifier: privateId }, ...publicLinks],
    ...keyParts(provider, stored.publicKey, 'PublicKey', given.publicKey, version),
  })
  return { privateKey, publicKey }
}

/** What both keys must agree in (KMIP 2.1 Table 191); either of them may name it. */
function pairSpec({ privateKey, publicKey }: PairAttributes, version: Version): KeySpec {
  const algorithm = agreed(privateKey.cryptographicAlgorithm, publicKey.cryptographicAlgorithm)
  if (algorithm === undefined) throw missingAlgorithm(version)
  const domains = [privateKey.cryptographicDomainParameters, publicKey.cryptographicDomainParameters]
  const curve = agreed(domains[0]?.recommendedCurve, domains[1]?.recommendedCurve)
  const qlength = agreed(domains[0]?.qlength, domains[1]?.qlength)
  const given = agreed(privateKey.cryptographicLength, publicKey.cryptographicLength)
  if (!isElliptic(algorithm)) {
    const length = given ?? defaultLength(algorithm)
    if (length === undefined) throw new KmipError('InvalidField', 'the Cryptographic Length is missing')
    if (curve !== undefined) throw new KmipError('InvalidAttributeValue', 'keys of this algorithm lie on no curve')
    if (qlength !== undefined && qlength !== orderLength(algorithm, length)) {
      throw new KmipError('FeatureNotSupported', 'keys of this length are not made with this Qlength')
    }
    return { algorithm, length }
  }
  if (given !== undefined && qlength !== undefined && given !== qlength) {
    throw new KmipError('InvalidAttributeValue', 'the Cryptographic Length is not the Qlength')
  }
  const length = given ?? qlength ?? 0
  const named = curve ?? curveForLength(algorithm, length === 0 ? undefined : length)
  if (named === undefined) throw new KmipError('InvalidAttributeValue', 'no curve is named, and none has this length')
  if (agreesOnly(named) && [privateKey, publicKey].some(mayBeForSignatures)) {
    throw new KmipError('InvalidAttributeValue', 'keys of this algorithm on this curve agree on secrets and do not sign')
  }
  return { algorithm, length, curve: named }
}

/** "REQUIRED field(s) missing" (KMIP 1.4 11.3): no field of the payload is, so that this means the attributes of Table 168. */
function missingAlgorithm(version: Version): KmipError {
  return new KmipError(version < v2 ? 'InvalidMessage' : 'InvalidField', 'the Cryptographic Algorithm is missing')
}

function mayBeForSignatures({ cryptographicUsageMask: mask = 0 }: AttributeSet): boolean {
  return hasMask(mask, CryptographicUsageMask.Sign) || hasMask(mask, CryptographicUsageMask.Verify)
}

/** What one of the keys has of them, both have (KMIP 2.1 Table 191). */
function shared({ privateKey, publicKey }: PairAttributes): PairAttributes {
  const cryptographicDomainParameters = privateKey.cryptographicDomainParameters ?? publicKey.cryptographicDomainParameters
  const cryptographicParameters = privateKey.cryptographicParameters ?? publicKey.cryptographicParameters
  const both: AttributeSet = {
    ...(cryptographicDomainParameters !== undefined && { cryptographicDomainParameters }),
    ...(cryptographicParameters !== undefined && { cryptographicParameters }),
  }
  return { privateKey: { ...both, ...privateKey }, publicKey: { ...both, ...publicKey } }
}

function agreed(one: number | undefined, other: number | undefined): number | undefined {
  if (one !== undefined && other !== undefined && one !== other) {
    throw new KmipError('InvalidAttributeValue', 'private and public key differ in what must be the same')
  }
  return one ?? other
}

const v2 = parseVersion('2.0')
