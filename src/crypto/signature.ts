import type { CryptographicParameters } from '../kmip/attribute-value.ts'
import {
  CryptographicAlgorithm, DigitalSignatureAlgorithm, HashingAlgorithm, PaddingMethod,
} from '../kmip/generated/enums.ts'
import { HashingExtension, SignatureExtension } from '../kmip/extension.ts'
import { badParameters, invalid, unsupportedParameters } from './failure.ts'
import { hashInfo } from './hash.ts'
import type { HashInfo } from './hash.ts'
import type { Signable } from './provider.ts'

export type SignatureKind = 'rsa' | 'pss' | 'ecdsa' | 'dsa' | 'sm2'

export interface SignatureScheme {
  readonly kind: SignatureKind
  /** Absent for a digest that the caller gives without saying of which hash. */
  readonly hash: HashInfo | undefined
}

/**
 * Which signature is meant (KMIP 2.1 4.16): a Digital Signature Algorithm, or Hashing Algorithm and
 * Padding Method with the key's algorithm. Data without a hash is hashed with SHA-256 (the OASIS case
 * CS-AC-M-3-ECC signs so); RSA without a padding is PKCS#1 v1.5.
 *
 * Verification is judged by the key alone where the parameters name another kind of key: there the
 * cases want "invalid", or valid, and no error.
 *
 * @param family what keys of this algorithm sign with; 'rsa' stands for both paddings
 */
export function signatureScheme(
  family: Exclude<SignatureKind, 'pss'>, parameters: CryptographicParameters, input: Signable, strict: boolean,
): SignatureScheme {
  const { digitalSignatureAlgorithm, hashingAlgorithm, paddingMethod, cryptographicAlgorithm } = parameters
  const named = digitalSignatureAlgorithm === undefined ? undefined : signatureAlgorithms.get(digitalSignatureAlgorithm)
  if (digitalSignatureAlgorithm !== undefined && named === undefined) {
    throw unsupportedParameters('the digital signature algorithm is not supported')
  }
  if (strict) {
    if (named !== undefined && familyOf(named.kind) !== family) {
      throw badParameters('the key is for another signature algorithm')
    }
    if (named?.hash !== undefined && hashingAlgorithm !== undefined && named.hash !== hashingAlgorithm) {
      throw badParameters('the hashing algorithm contradicts the signature algorithm')
    }
    if (cryptographicAlgorithm !== undefined && !algorithmsOf[family].includes(cryptographicAlgorithm)) {
      throw badParameters('the key is for another algorithm')
    }
  }
  const hashed = named?.hash ?? hashingAlgorithm
  const fallback = 'digest' in input ? undefined : family === 'sm2' ? HashingExtension.SM3 : HashingAlgorithm.SHA_256
  const hash = hashed === undefined && fallback === undefined ? undefined : hashInfo(hashed ?? fallback)
  if (strict && 'digest' in input && hash !== undefined && input.digest.length !== hash.length) {
    throw invalid('the digest has the wrong length for the hashing algorithm')
  }
  return { kind: family === 'rsa' ? rsaKind(named?.kind, paddingMethod) : family, hash }
}

function familyOf(kind: SignatureKind): SignatureKind {
  return kind === 'pss' ? 'rsa' : kind
}

function rsaKind(named: SignatureKind | undefined, padding: number | undefined): SignatureKind {
  const padded = padding === undefined ? undefined : paddingKinds.get(padding)
  if (padding !== undefined && padded === undefined) throw unsupportedParameters('the padding method is not supported')
  if (named === 'pss' && padded === 'rsa') throw badParameters('the padding method contradicts the signature algorithm')
  // "SHA-256 with RSA Encryption" and PSS: the padding method says more.
  return padded ?? (named === 'pss' ? 'pss' : 'rsa')
}

const d = DigitalSignatureAlgorithm
const h = HashingAlgorithm
const c = CryptographicAlgorithm

const paddingKinds: ReadonlyMap<number, SignatureKind> = new Map<number, SignatureKind>([
  [PaddingMethod.PSS, 'pss'], [PaddingMethod.PKCS1V1_5, 'rsa'],
])

const algorithmsOf: Readonly<Record<Exclude<SignatureKind, 'pss'>, readonly number[]>> = {
  rsa: [c.RSA],
  ecdsa: [c.EC, c.ECDSA],
  dsa: [c.DSA],
  sm2: [c.SM2],
}

export const signatureAlgorithms: ReadonlyMap<number, { kind: SignatureKind; hash: number | undefined }> = new Map(
  ([
    [d.MD5WithRSAEncryption, 'rsa', h.MD5], [d.SHA_1WithRSAEncryption, 'rsa', h.SHA_1],
    [d.SHA_224WithRSAEncryption, 'rsa', h.SHA_224], [d.SHA_256WithRSAEncryption, 'rsa', h.SHA_256],
    [d.SHA_384WithRSAEncryption, 'rsa', h.SHA_384], [d.SHA_512WithRSAEncryption, 'rsa', h.SHA_512],
    [d.SHA3_256WithRSAEncryption, 'rsa', h.SHA3_256], [d.SHA3_384WithRSAEncryption, 'rsa', h.SHA3_384],
    [d.SHA3_512WithRSAEncryption, 'rsa', h.SHA3_512], [d.RSASSA_PSS, 'pss', undefined],
    [d.DSAWithSHA_1, 'dsa', h.SHA_1], [d.DSAWithSHA224, 'dsa', h.SHA_224], [d.DSAWithSHA256, 'dsa', h.SHA_256],
    [d.ECDSAWithSHA_1, 'ecdsa', h.SHA_1], [d.ECDSAWithSHA224, 'ecdsa', h.SHA_224],
    [d.ECDSAWithSHA256, 'ecdsa', h.SHA_256], [d.ECDSAWithSHA384, 'ecdsa', h.SHA_384],
    [d.ECDSAWithSHA512, 'ecdsa', h.SHA_512], [SignatureExtension.SM2WithSM3, 'sm2', HashingExtension.SM3],
  ] as const).map(([algorithm, kind, hash]) => [algorithm, { kind, hash }]),
)
