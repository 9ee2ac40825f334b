import { BlockCipherMode, CryptographicAlgorithm } from '../kmip/generated/enums.ts'
import type { CryptographicParameters } from '../kmip/attribute-value.ts'
import { Secret } from '../kmip/secret.ts'
import { decryptSymmetric, encryptSymmetric, modeOf } from './cipher.ts'
import { badParameters, cryptographicFailure } from './failure.ts'
import type { SoftwareKey } from './key.ts'
import type { UnwrapOptions, WrapOutput } from './provider.ts'
import { decryptRsa, encryptRsa } from './rsa.ts'
import { decryptSm2, encryptSm2, sm2FormOf } from './sm2.ts'

/**
 * Wraps key bytes (KMIP 2.1 3.1.5): NIST key wrap (RFC 3394; the default for AES) and the padded
 * one (RFC 5649), any other cipher mode, RSA with OAEP or PKCS#1 v1.5, or SM2. Key Wrapping Data has no
 * field for an authentication tag, so that of an AEAD mode follows the ciphertext.
 */
export function wrap(key: SoftwareKey, parameters: CryptographicParameters, bytes: Buffer): WrapOutput {
  if (key.algorithm === CryptographicAlgorithm.RSA) return { data: encryptRsa(key, parameters, bytes) }
  if (key.algorithm === CryptographicAlgorithm.SM2) return { data: encryptSm2(key, bytes, sm2FormOf(parameters)) }
  const { data, iv, tag } = encryptSymmetric(key, wrapParameters(key, parameters), { data: bytes })
  return { data: tag === undefined ? data : Buffer.concat([data, tag]), iv }
}

export function unwrap(
  key: SoftwareKey, parameters: CryptographicParameters, wrapped: Buffer, { iv, tellsPadding }: UnwrapOptions = {},
): Secret | Promise<Secret> {
  if (key.algorithm === CryptographicAlgorithm.RSA) {
    return decryptRsa(key, parameters, wrapped, tellsPadding).then((bytes) => new Secret(bytes))
  }
  if (key.algorithm === CryptographicAlgorithm.SM2) {
    sm2FormOf(parameters)
    return new Secret(decryptSm2(key, wrapped))
  }
  const chosen = wrapParameters(key, parameters)
  if (modeOf(key, chosen).kind !== 'aead') return new Secret(decryptSymmetric(key, chosen, { data: wrapped, iv }))
  const tagLength = chosen.tagLength ?? 16
  if (wrapped.length < tagLength) throw cryptographicFailure()
  const data = wrapped.subarray(0, wrapped.length - tagLength)
  return new Secret(decryptSymmetric(key, chosen, { data, iv, tag: wrapped.subarray(data.length) }))
}

function wrapParameters(key: SoftwareKey, parameters: CryptographicParameters): CryptographicParameters {
  if (parameters.blockCipherMode !== undefined) return parameters
  const chosen = defaultModes.find((mode) => key.modes.has(mode))
  if (chosen !== undefined) return { ...parameters, blockCipherMode: chosen }
  throw badParameters('a block cipher mode is required to wrap with this key')
}

/** AES wraps by RFC 3394 where nothing else is said, ChaCha20-Poly1305 has one mode. */
const defaultModes = [BlockCipherMode.NISTKeyWrap, BlockCipherMode.AEAD]
