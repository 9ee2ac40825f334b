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

export function notSupported(message: string): KmipError {
  return new KmipError('FeatureNotSupported', message)
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
