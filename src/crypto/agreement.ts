import { diffieHellman } from 'node:crypto'
import { CryptographicAlgorithm } from '../kmip/generated/enums.ts'
import { guarded, invalid, notSupported } from './failure.ts'
import { checkKind } from './key.ts'
import type { SoftwareKey } from './key.ts'
import type { Key } from './provider.ts'

/**
 * The secret that a private key shares with another party's public key: ECDH (SP 800-56A 5.7.1.2:
 * the x coordinate), X25519, X448 or Diffie-Hellman (padded to the prime's length).
 */
export function agree(key: SoftwareKey, peer: Key): Buffer {
  checkKind(key, 'private')
  const other = peer as SoftwareKey
  if (other.kind !== 'public') throw invalid('the other key of an agreement is a public key')
  if (key.algorithm === CryptographicAlgorithm.RSA || key.algorithm === CryptographicAlgorithm.SM2) {
    throw notSupported('the algorithm has no key agreement')
  }
  if (key.curve !== other.curve || key.length !== other.length) throw invalid('the keys are not of one group')
  return guarded(() => diffieHellman({ privateKey: key.object, publicKey: other.object }))
}
