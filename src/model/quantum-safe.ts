import type { AttributeSet } from '../kmip/attribute.ts'
import { CryptographicAlgorithm } from '../kmip/generated/enums.ts'
import { KmipError } from '../kmip/error.ts'

/**
 * A client that sets Quantum Safe demands it of the object (KMIP 2.1 4.45). Grover's search halves
 * the strength of a symmetric key, so that 256 bits keep 128; every public-key algorithm that the
 * server has falls to Shor's.
 *
 * @throws KmipError General Failure, as the published cases QS-M-2 have it
 */
export function checkQuantumSafe(attributes: AttributeSet): void {
  if (attributes.quantumSafe !== true || attributes.cryptographicAlgorithm === undefined) return
  const { cryptographicAlgorithm: algorithm, cryptographicLength: length = 0 } = attributes
  if (brokenAlgorithms.has(algorithm) || length < safeBitsMin) {
    throw new KmipError('GeneralFailure', 'an object of this algorithm and length is not quantum safe')
  }
}

const c = CryptographicAlgorithm
const safeBitsMin = 256
const brokenAlgorithms: ReadonlySet<number> = new Set([
  c.RSA, c.DSA, c.DH, c.ECDSA, c.ECDH, c.ECMQV, c.EC, c.SM2, c.Ed25519, c.Ed448,
])
