import type { AttributeSet } from '../kmip/attribute.ts'
import type { ObjectDefaults } from '../kmip/defaults-information.ts'
import { CryptographicAlgorithm, CryptographicUsageMask, ObjectType } from '../kmip/generated/enums.ts'
import type { ObjectKind } from '../kmip/object.ts'
import { parseVersion } from '../kmip/version.ts'
import type { Version } from '../kmip/version.ts'
import { agreesOnly, defaultLength } from './key-length.ts'

/**
 * What "KMIP servers SHALL supply ... if the client omits them" (KMIP 2.1 section 4, Table 28); what a certificate has
 * of it comes from the certificate.
 *
 * @param given what the client gives; a length or a curve without an algorithm says that
 *   the client means one that is not the default
 * @param version 1.x has no defaults: there the client names what it wants
 */
export function withServerDefaults(kind: ObjectKind, given: AttributeSet, version: Version): AttributeSet {
  if (version < v2) return given
  const cryptographicAlgorithm = given.cryptographicAlgorithm ?? defaultAlgorithm(kind, given)
  const set = { ...given, ...(cryptographicAlgorithm !== undefined && { cryptographicAlgorithm }) }
  const cryptographicUsageMask = given.cryptographicUsageMask ?? defaultMask(kind, set)
  return { ...set, ...(cryptographicUsageMask !== undefined && { cryptographicUsageMask }) }
}

/** The same for both keys of a pair, of which either may name what they share (KMIP 2.1 Table 191). */
export function withPairDefaults<P extends Readonly<Record<'privateKey' | 'publicKey', AttributeSet>>>(
  { privateKey, publicKey }: P, version: Version,
): Record<'privateKey' | 'publicKey', AttributeSet> {
  return {
    privateKey: withServerDefaults('PrivateKey', { ...sharedBy(publicKey), ...privateKey }, version),
    publicKey: withServerDefaults('PublicKey', { ...sharedBy(privateKey), ...publicKey }, version),
  }
}

function sharedBy({ cryptographicAlgorithm, cryptographicDomainParameters }: AttributeSet): AttributeSet {
  return {
    ...(cryptographicAlgorithm !== undefined && { cryptographicAlgorithm }),
    ...(cryptographicDomainParameters !== undefined && { cryptographicDomainParameters }),
  }
}

/** What an object is made with for which the client gives nothing. */
function alone(kind: ObjectKind): AttributeSet {
  const set = withServerDefaults(kind, {}, v2)
  const length = set.cryptographicAlgorithm === undefined ? undefined : defaultLength(set.cryptographicAlgorithm)
  return { ...set, ...(length !== undefined && { cryptographicLength: length }) }
}

function defaultAlgorithm(kind: ObjectKind, given: AttributeSet): number | undefined {
  if (given.cryptographicDomainParameters !== undefined) return undefined
  switch (kind) {
    case 'SymmetricKey':
    case 'SplitKey': return CryptographicAlgorithm.AES
    case 'PublicKey':
    case 'PrivateKey': return CryptographicAlgorithm.RSA
    default: return undefined
  }
}

/** One usage for each key: what its algorithm is mostly for. */
function defaultMask(kind: ObjectKind, set: AttributeSet): number | undefined {
  const { cryptographicAlgorithm: algorithm, cryptographicDomainParameters: domain } = set
  const agrees = agreementAlgorithms.has(algorithm) || agreesOnly(domain?.recommendedCurve ?? 0)
  switch (kind) {
    case 'SymmetricKey':
    case 'SplitKey': return macAlgorithms.has(algorithm) ? m.MACGenerate + m.MACVerify : m.Encrypt + m.Decrypt
    case 'PrivateKey': return agrees ? m.DeriveKey : m.Sign
    case 'PublicKey': return agrees ? m.DeriveKey : m.Verify
    case 'SecretData': return m.DeriveKey
    default: return undefined
  }
}

const v2 = parseVersion('2.0')
const c = CryptographicAlgorithm
const m = CryptographicUsageMask
const macAlgorithms: ReadonlySet<number | undefined> = new Set(
  Object.entries(c).filter(([name]) => name.startsWith('HMAC_')).map(([, number]) => number).concat(c.Poly1305))
const agreementAlgorithms: ReadonlySet<number | undefined> = new Set([c.DH, c.ECDH, c.ECMQV])

/** The same, as Query tells it: for a client that gives nothing. */
export const serverDefaults: readonly ObjectDefaults[] = (
  ['SymmetricKey', 'PublicKey', 'PrivateKey', 'SplitKey', 'SecretData'] as const
).map((kind) => ({ objectTypes: [ObjectType[kind]], attributes: alone(kind) }))
