import { sign, verify } from 'node:crypto'
import type { CryptographicParameters } from '../kmip/attribute-value.ts'
import { badParameters, guarded, notSupported } from './failure.ts'
import { checkKind } from './key.ts'
import type { SoftwareKey } from './key.ts'
import type { Signable } from './provider.ts'

/** Ed25519 and Ed448 (RFC 8032), pure: they hash the data themselves and sign no digest. */
export function signEddsa(key: SoftwareKey, parameters: CryptographicParameters, input: Signable): Buffer {
  checkKind(key, 'private')
  if (parameters.digitalSignatureAlgorithm !== undefined || parameters.hashingAlgorithm !== undefined) {
    throw badParameters('the key signs without a hashing or signature algorithm')
  }
  const { data } = pureData(input)
  return guarded(() => sign(null, data, key.object))
}

export function verifyEddsa(key: SoftwareKey, input: Signable, signature: Buffer): boolean {
  const { data } = pureData(input)
  try {
    return verify(null, data, key.object, signature)
  } catch {
    return false
  }
}

function pureData(input: Signable): { data: Buffer } {
  if ('digest' in input) throw notSupported('the key signs data, not digests')
  return input
}
