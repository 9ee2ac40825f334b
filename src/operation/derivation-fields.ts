import type { Derivation } from '../crypto/provider.ts'
import { KmipError } from '../kmip/error.ts'
import { DerivationMethod } from '../kmip/generated/enums.ts'

/**
 * What is given and not used would be a key other than the one that the client means (KMIP 2.1 7.12). Cryptographic
 * Parameters are not held against the method: they name the function, those of HMAC are ignored by the standard, and
 * clients send more of them than one method needs.
 *
 * @throws KmipError Invalid Field (KMIP 1.4 11.7, Invalid Derivation Parameters)
 */
export function checkDerivationFields(method: number, given: Partial<Derivation>): void {
  const used = fields.get(method)
  if (used === undefined) return
  const unused = optionalFields.find((field) => given[field] !== undefined && !used.includes(field))
  if (unused !== undefined) throw new KmipError('InvalidField', `the derivation method takes no ${names[unused]}`)
  if (method === DerivationMethod.AsymmetricKey && given.parameters?.hashingAlgorithm !== undefined) {
    throw new KmipError('InvalidField', 'the key that two parties agree on is not hashed')
  }
}

const names = {
  derivationData: 'Derivation Data',
  initializationVector: 'Initialization Vector',
  salt: 'Salt',
  iterationCount: 'Iteration Count',
} as const
type OptionalField = keyof typeof names
const optionalFields = Object.keys(names) as readonly OptionalField[]

const m = DerivationMethod
const fields: ReadonlyMap<number, readonly OptionalField[]> = new Map<number, readonly OptionalField[]>([
  [m.PBKDF2, ['salt', 'iterationCount']],
  [m.HASH, ['derivationData']],
  [m.HMAC, ['derivationData']],
  [m.ENCRYPT, ['derivationData', 'initializationVector']],
  [m.NIST800_108_C, ['derivationData']],
  [m.NIST800_108_F, ['derivationData', 'initializationVector']],
  [m.NIST800_108_DPI, ['derivationData']],
  [m.AsymmetricKey, []],
  [m.AWSSignatureVersion4, ['derivationData']],
  [m.HKDF, ['derivationData', 'salt']],
])
