import type { AttributeValue } from '../kmip/attribute.ts'
import { CryptographicAlgorithm, RNGAlgorithm } from '../kmip/generated/enums.ts'

/** A generator of random numbers, as KMIP describes one. */
export type RandomNumberGenerator = AttributeValue<'randomNumberGenerator'>

/** OpenSSL's CTR_DRBG with AES-256 (NIST SP 800-90A). */
export const drbg: RandomNumberGenerator = {
  rngAlgorithm: RNGAlgorithm.DRBG,
  cryptographicAlgorithm: CryptographicAlgorithm.AES,
  cryptographicLength: 256,
}

/** ANSI X9.31 Appendix A.2.4 with AES-256. */
export const ansiX931: RandomNumberGenerator = { ...drbg, rngAlgorithm: RNGAlgorithm.ANSIX9_31 }

/** That of a token: nobody tells (KMIP 2.1 4.46). */
export const unspecified: RandomNumberGenerator = { rngAlgorithm: RNGAlgorithm.Unspecified }
