/**
 * Enumeration values of ours, in the range that KMIP leaves to extensions (8XXXXXXX), for what the
 * standard has no value for: it names the algorithms SM2, SM3 and SM4, but neither SM3 as a hash
 * nor the signature of SM2, nor the forms of what SM2 encrypts.
 */
export const HashingExtension = { SM3: 0x8000_0001 } as const
export const SignatureExtension = { SM2WithSM3: 0x8000_0001 } as const
/** A Padding Method that says how SM2 writes what it encrypts; without one it is C1 || C3 || C2. */
export const PaddingExtension = { SM2ASN1: 0x8000_0001 } as const
