import type { AttributeValue } from '../kmip/attribute.ts'
import { RNGAlgorithm, CryptographicAlgorithm } from '../kmip/generated/enums.ts'

/** The generator behind every key that the server makes: OpenSSL's CTR_DRBG with AES-256 (NIST SP 800-90A). */
export const randomNumberGenerator: AttributeValue<'randomNumberGenerator'> = {
  rngAlgorithm: RNGAlgorithm.DRBG,
  cryptographicAlgorithm: CryptographicAlgorithm.AES,
  cryptographicLength: 256,
}
