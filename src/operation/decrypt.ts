import type { Cipher } from '../crypto/provider.ts'
import { KmipError } from '../kmip/error.ts'
import { Operation } from '../kmip/generated/enums.ts'
import { DecryptRequest, DecryptResponse } from '../kmip/payload/decrypt.ts'
import { after, orElse } from '../model/awaitable.ts'
import type { Awaitable } from '../model/awaitable.ts'
import { uses } from '../model/usage.ts'
import { decryptByFormat, decryptsBlob } from './cmk-ciphertext-format.ts'
import { decryptBlob } from './cmk-ciphertext.ts'
import { givenIvKey } from './cmk-key.ts'
import { keyUseReasons } from './key-use-reasons.ts'
import { orNothing } from './key-use.ts'
import { operation } from './operation.ts'
import type { Context } from './operation.ts'
import { runPart } from './parts.ts'
import type { Parts } from './parts.ts'

/** KMIP 2.1 6.1.11 Decrypt. */
export const decrypt = operation({
  code: Operation.Decrypt,
  since: '1.2',
  request: DecryptRequest,
  response: DecryptResponse,
  reasons: [...keyUseReasons, 'CryptographicFailure'],
  handle(request, context) {
    if (context.extension !== undefined) return decryptBlob(context, request, context.extension.asked)
    return after(decryptsBlob(context, request), (isBlob): Awaitable<DecryptResponse> => (
      isBlob ? decryptByFormat(context, request) : decryptPart(context, request)))
  },
})

/** Plain KMIP: what one request, or one part of several, decrypts. */
function decryptPart(context: Context, request: DecryptRequest): Awaitable<DecryptResponse> {
  const iv = request.ivCounterNonce
  const additionalData = request.authenticatedEncryptionAdditionalData
  const tag = request.authenticatedEncryptionTag
  const parts: Parts<Cipher, Buffer> = {
    code: Operation.Decrypt,
    use: uses.decrypt,
    once({ object, provider, key, parameters }, data) {
      const input = { data, iv, additionalData, tag }
      return orElse(() => provider.decrypt(key, parameters, input), async (error) => {
        const isMiss = error instanceof KmipError && error.reason === 'CryptographicFailure'
        const apart = isMiss ? await givenIvKey(context.keys, object, parameters) : undefined
        if (apart === undefined) throw error
        return provider.decrypt(apart.key, parameters, input)
      })
    },
    open({ provider, key, parameters }) {
      return provider.openCipher(key, parameters, { direction: 'decrypt', iv, additionalData, tag })
    },
    update: (cipher, data) => cipher.update(data),
    async final(cipher, _key, data) {
      const start = cipher.update(data)
      const { data: end } = await cipher.final()
      return Buffer.concat([start, end])
    },
  }
  const ran = runPart(context, request, context.batch.data(request.data), parts)
  return after(ran, ({ uniqueIdentifier, correlationValue, result }) => {
    context.batch.output('Decrypt', result)
    const whole = correlationValue === undefined && request.correlationValue === undefined
    return { uniqueIdentifier, data: whole ? result : orNothing(result), correlationValue }
  })
}
