import { KmipError } from '../kmip/error.ts'

/**
 * What every failure of key, data, padding or tag looks like: one reason, one message and no cause,
 * so that no caller learns which of them it was.
 */
export function cryptographicFailure(): KmipError {
  return new KmipError('CryptographicFailure', 'the cryptographic operation failed')
}

export function invalid(message: string): KmipError {
  return new KmipError('InvalidField', message)
}

/** An attribute of a key to be made, such as its length. */
export function invalidAttribute(message: string): KmipError {
  return new KmipError('InvalidAttributeValue', message)
}

export function notSupported(message: string): KmipError {
  return new KmipError('FeatureNotSupported', message)
}

/** Cryptographic Parameters that lack something, contradict each other, or do not go with the key. */
export function badParameters(message: string): KmipError {
  return new KmipError('BadCryptographicParameters', message)
}

/** Cryptographic Parameters that "are valid in the specification but unsupported by the Server" (KMIP 2.1 11.49). */
export function unsupportedParameters(message: string): KmipError {
  return new KmipError('UnsupportedCryptographicParameters', message)
}

/** Runs `work`; whatever it throws that is not already a refusal becomes the one cryptographic failure. */
export function guarded<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof KmipError) throw error
    throw cryptographicFailure()
  }
}
