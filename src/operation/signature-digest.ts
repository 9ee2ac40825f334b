import { signatureAlgorithms } from '../crypto/signature.ts'
import type { CryptographicParameters } from '../kmip/attribute-value.ts'
import { CryptographicAlgorithm, HashingAlgorithm } from '../kmip/generated/enums.ts'
import { KmipError } from '../kmip/error.ts'
import type { KeyInUse } from './key-use.ts'

/**
 * The parameters of a signature over several parts, with the hash that its parts are put through.
 *
 * @throws KmipError Feature Not Supported for algorithms that sign the message and no digest of it
 */
export function digestedParameters({ key, parameters }: KeyInUse): CryptographicParameters & { hashingAlgorithm: number } {
  if (wholeMessage.has(key.algorithm)) {
    throw new KmipError('FeatureNotSupported', 'this algorithm signs whole messages only')
  }
  const named = signatureAlgorithms.get(parameters.digitalSignatureAlgorithm ?? 0)?.hash
  return { ...parameters, hashingAlgorithm: parameters.hashingAlgorithm ?? named ?? HashingAlgorithm.SHA_256 }
}

/** SM2 hashes the signer's identity and public key before the message. */
const wholeMessage: ReadonlySet<number> = new Set([
  CryptographicAlgorithm.Ed25519, CryptographicAlgorithm.Ed448, CryptographicAlgorithm.SM2,
])
