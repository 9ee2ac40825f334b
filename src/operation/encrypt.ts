import type { Cipher, EncryptOutput } from '../crypto/provider.ts'
import { Operation } from '../kmip/generated/enums.ts'
import { EncryptRequest, EncryptResponse } from '../kmip/payload/encrypt.ts'
import { after } from '../model/awaitable.ts'
import type { Awaitable } from '../model/awaitable.ts'
import { uses } from '../model/usage.ts'
import { encryptByFormat, encryptsToBlob } from './cmk-ciphertext-format.ts'
import { encryptToBlob } from './cmk-ciphertext.ts'
import { givenIvKey } from './cmk-key.ts'
import { keyUseReasons } from './key-use-reasons.ts'
import { orNothing } from './key-use.ts'
import { operation } from './operation.ts'
import type { Context } from './operation.ts'
import { runPart } from './parts.ts'
import type { Parts } from './parts.ts'

/** KMIP 2.1 6.1.17 Encrypt. */
export const encrypt = operation({
  code: Operation.Encrypt,
  since: '1.2',
  request: EncryptRequest,
  response: EncryptResponse,
  reasons: [...keyUseReasons, 'CryptographicFailure'],
  handle(request, context) {
    if (context.extension !== undefined) return encryptToBlob(context, request, context.extension.asked)
    return after(encryptsToBlob(context, request), (asksForBlob) => (
      asksForBlob ? encryptByFormat(context, request) : encryptPart(context, request)))
  },
})

/** Plain KMIP: what one request, or one part of several, encrypts. */
function encryptPart(context: Context, request: EncryptRequest): Awaitable<EncryptResponse> {
  const { ivCounterNonce: iv, authenticatedEncryptionAdditionalData: additionalData } = request
  const parts: Parts<Cipher, EncryptOutput> = {
    code: Operation.Encrypt,
    use: uses.encrypt,
    once({ object, provider, key, parameters }, data) {
      const apart = iv === undefined ? undefined : givenIvKey(context.keys, object, parameters)
      return after(apart, (other) => provider.encrypt(other?.key ?? key, parameters, { data, iv, additionalData }))
    },
    open({ provider, key, parameters }) {
      return provider.openCipher(key, parameters, { direction: 'encrypt', iv, additionalData })
    },
    update: (cipher, data) => ({ data: cipher.update(data), iv: cipher.iv }),
    async final(cipher, _key, data) {
      const start = cipher.update(data)
      const { data: end, tag } = await cipher.final()
      return { data: Buffer.concat([start, end]), tag }
    },
  }
  const ran = runPart(context, request, context.batch.data(request.data), parts)
  return after(ran, ({ uniqueIdentifier, correlationValue, result }) => {
    context.batch.output('Encrypt', result.data)
    const isWhole = correlationValue === undefined && request.correlationValue === undefined
    return {
      uniqueIdentifier,
      data: isWhole ? result.data : orNothing(result.data),
      // The IV of several parts is told once, with the first.
      ivCounterNonce: request.correlationValue === undefined ? result.iv : undefined,
      correlationValue,
      authenticatedEncryptionTag: result.tag,
    }
  })
}
