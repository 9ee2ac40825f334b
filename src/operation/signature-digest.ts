import type { CryptographicParameters } from '../kmip/attribute-value.ts'
import { CryptographicAlgorithm, DigitalSignatureAlgorithm, HashingAlgorithm } from '../kmip/generated/enums.ts'
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
  const named = hashOf.get(parameters.digitalSignatureAlgorithm ?? 0)
  return { ...parameters, hashingAlgorithm: parameters.hashingAlgorithm ?? named ?? HashingAlgorithm.SHA_256 }
}

const wholeMessage: ReadonlySet<number> = new Set([CryptographicAlgorithm.Ed25519, CryptographicAlgorithm.Ed448])

const hashOf: ReadonlyMap<number, number> = new Map([
  [DigitalSignatureAlgorithm.MD5WithRSAEncryption, HashingAlgorithm.MD5],
  [DigitalSignatureAlgorithm.SHA_1WithRSAEncryption, HashingAlgorithm.SHA_1],
  [DigitalSignatureAlgorithm.SHA_224WithRSAEncryption, HashingAlgorithm.SHA_224],
  [DigitalSignatureAlgorithm.SHA_256WithRSAEncryption, HashingAlgorithm.SHA_256],
  [DigitalSignatureAlgorithm.SHA_384WithRSAEncryption, HashingAlgorithm.SHA_384],
  [DigitalSignatureAlgorithm.SHA_512WithRSAEncryption, HashingAlgorithm.SHA_512],
  [DigitalSignatureAlgorithm.DSAWithSHA_1, HashingAlgorithm.SHA_1],
  [DigitalSignatureAlgorithm.DSAWithSHA224, HashingAlgorithm.SHA_224],
  [DigitalSignatureAlgorithm.DSAWithSHA256, HashingAlgorithm.SHA_256],
  [DigitalSignatureAlgorithm.ECDSAWithSHA_1, HashingAlgorithm.SHA_1],
  [DigitalSignatureAlgorithm.ECDSAWithSHA224, HashingAlgorithm.SHA_224],
  [DigitalSignatureAlgorithm.ECDSAWithSHA256, HashingAlgorithm.SHA_256],
  [DigitalSignatureAlgorithm.ECDSAWithSHA384, HashingAlgorithm.SHA_384],
  [DigitalSignatureAlgorithm.ECDSAWithSHA512, HashingAlgorithm.SHA_512],
])
