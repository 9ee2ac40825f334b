import type { CryptographicParameters } from '../kmip/attribute-value.ts'
import { BlockCipherMode } from '../kmip/generated/enums.ts'
import { Ckm } from '../kmip/pkcs11-constants.ts'
import { Secret } from '../kmip/secret.ts'
import { modeOf } from './cipher.ts'
import { cryptographicFailure, unsupportedParameters } from './failure.ts'
import { decryptRsaInToken, encryptionMechanism } from './pkcs11-asymmetric.ts'
import type { TokenParts } from './pkcs11-calls.ts'
import { mechanismOf } from './pkcs11-capabilities.ts'
import { asPublic, asTokenKey } from './pkcs11-key.ts'
import type { Mechanism, TokenFacts } from './pkcs11-protocol.ts'
import { decryptInToken, encryptInToken } from './pkcs11-symmetric.ts'
import type { Provider } from './provider.ts'

/** Wraps and unwraps key bytes that are in this process. */
export function wrapping(
  { token, run, software, oaepFacts }: TokenParts,
): Pick<Provider, 'wrap' | 'unwrap'> {
  return {
    async wrap(key, parameters, bytes) {
      if (key.kind === 'public') {
        await encryptionMechanism(parameters, oaepFacts)
        return software.wrap(asPublic(key), parameters, bytes)
      }
      const own = asTokenKey(key)
      if (isKeyWrap(parameters)) {
        const mechanism = wrapMechanism(await token.facts(), parameters)
        return { data: await token.call<Buffer>({ op: 'wrapBytes', key: own.place, mechanism, bytes }) }
      }
      const { data, iv, tag } = await encryptInToken(run, own, parameters, { data: bytes })
      return { data: tag === undefined ? data : Buffer.concat([data, tag]), iv }
    },
    async unwrap(key, parameters, wrapped, { iv } = {}) {
      const own = asTokenKey(key)
      if (key.kind === 'private') {
        return new Secret(await decryptRsaInToken(run, own, parameters, wrapped, oaepFacts))
      }
      if (isKeyWrap(parameters)) {
        const mechanism = wrapMechanism(await token.facts(), parameters)
        return new Secret(await token.call<Buffer>({ op: 'unwrapBytes', key: own.place, mechanism, wrapped }))
      }
      const tagLength = modeOf(own, parameters).kind === 'aead' ? parameters.tagLength ?? 16 : 0
      if (wrapped.length < tagLength) throw cryptographicFailure()
      const data = wrapped.subarray(0, wrapped.length - tagLength)
      const tag = tagLength === 0 ? undefined : wrapped.subarray(data.length)
      return new Secret(await decryptInToken(run, own, parameters, { data, iv, tag }))
    },
  }
}

/** RFC 3394, also where nothing else is said. */
function isKeyWrap({ blockCipherMode }: CryptographicParameters): boolean {
  return blockCipherMode === undefined || keyWraps.has(blockCipherMode)
}

/** @throws KmipError Feature Not Supported */
export function wrapMechanism(facts: TokenFacts, { blockCipherMode }: CryptographicParameters): Mechanism {
  const mode = blockCipherMode ?? BlockCipherMode.NISTKeyWrap
  const candidates = keyWraps.get(mode) ?? []
  const found = candidates.find((mechanism) => mechanismOf(facts, mechanism) !== undefined)
  if (found === undefined) throw unsupportedParameters('the token does not wrap keys in this mode')
  return { mechanism: found }
}

const keyWraps: ReadonlyMap<number, readonly number[]> = new Map<number, readonly number[]>([
  [BlockCipherMode.NISTKeyWrap, [Ckm.AES_KEY_WRAP]],
  [BlockCipherMode.AESKeyWrapPadding, [Ckm.AES_KEY_WRAP_KWP, Ckm.AES_KEY_WRAP_PAD]],
])
