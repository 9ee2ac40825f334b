import { CryptographicAlgorithm } from '../kmip/generated/enums.ts'
import { curveById } from './curve.ts'
import type { Curve } from './curve.ts'
import { invalidAttribute, notSupported } from './failure.ts'
import { tokenCapabilities, tokenCurves } from './pkcs11-capabilities.ts'
import type { TokenFacts } from './pkcs11-protocol.ts'
import type { KeyKind, KeySpec } from './provider.ts'

/**
 * Whether the token keeps keys of a kind and spec, whatever way they come.
 *
 * @throws KmipError Feature Not Supported, or Invalid Attribute Value for its length
 */
export function checkImportable(facts: TokenFacts, { kind, ...spec }: KeySpec & { readonly kind: KeyKind }): void {
  if (kind === 'secret') throw notSupported('the token keeps keys, no secrets')
  if (kind === 'symmetric') checkSymmetric(facts, spec)
  else if (spec.algorithm === CryptographicAlgorithm.RSA) checkRsaLength(facts, spec.length)
  else curveOf(facts, spec)
}

/** @throws KmipError Feature Not Supported, or Invalid Field for its length */
export function checkSymmetric(facts: TokenFacts, { algorithm, length }: KeySpec): void {
  const found = tokenCapabilities(facts).keys.find((each) => each.algorithm === algorithm)
  if (found === undefined || found.curves !== undefined || algorithm === CryptographicAlgorithm.RSA) {
    throw notSupported('the token has no keys of this algorithm')
  }
  const fits = found.lengths.length === 0
    ? length >= secretBitsMin && length % 8 === 0 && length <= secretBitsMax
    : found.lengths.includes(length)
  if (!fits) throw invalidAttribute('the cryptographic length does not fit the algorithm')
}

/** @throws KmipError as `checkSymmetric` */
export function checkRsaLength(facts: TokenFacts, bits: number): void {
  const found = tokenCapabilities(facts).keys.find((each) => each.algorithm === CryptographicAlgorithm.RSA)
  if (found === undefined) throw notSupported('the token has no RSA')
  if (!found.lengths.includes(bits)) throw invalidAttribute(`RSA keys of the token have ${found.lengths.join(', ')} bits`)
}

/** @throws KmipError Feature Not Supported */
export function curveOf(facts: TokenFacts, { algorithm, curve: id }: KeySpec): Curve {
  if (algorithm !== CryptographicAlgorithm.EC && algorithm !== CryptographicAlgorithm.ECDSA) {
    throw notSupported('the token makes no key pairs of this algorithm')
  }
  const curve = curveById(id)
  if (!tokenCurves(facts).includes(curve)) throw notSupported(`the token has no keys on ${curve.name}`)
  return curve
}

/** NIST SP 800-131A: an HMAC key has at least 112 bits. */
const secretBitsMin = 112
const secretBitsMax = 4096
