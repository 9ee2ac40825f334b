import type { Digest } from '../crypto/provider.ts'
import { Operation } from '../kmip/generated/enums.ts'
import { SignRequest, SignResponse } from '../kmip/payload/sign.ts'
import { uses } from '../model/usage.ts'
import { keyUseReasons } from './key-use-reasons.ts'
import { nothing } from './key-use.ts'
import { operation } from './operation.ts'
import { runPart } from './parts.ts'
import type { Parts } from './parts.ts'
import { checkSignable } from './signable.ts'
import { digestedParameters } from './signature-digest.ts'

/** KMIP 2.1 6.1.55 Sign. */
export const sign = operation({
  code: Operation.Sign,
  since: '1.2',
  request: SignRequest,
  response: SignResponse,
  reasons: keyUseReasons,
  async handle(request, context) {
    const { digestedData } = request
    const data = context.batch.data(request.data)
    checkSignable(request, data)
    const parts: Parts<Digest, Buffer> = {
      code: Operation.Sign,
      use: uses.sign,
      once({ provider, key, parameters }, message) {
        return provider.sign(key, parameters, digestedData === undefined ? { data: message } : { digest: digestedData })
      },
      open(key) {
        return key.provider.openDigest(digestedParameters(key).hashingAlgorithm)
      },
      update(digest, message) {
        digest.update(message)
        return nothing
      },
      async final(digest, key, message) {
        digest.update(message)
        return key.provider.sign(key.key, digestedParameters(key), { digest: digest.final() })
      },
    }
    const part = await runPart(context, request, digestedData ?? data, parts)
    const { uniqueIdentifier, correlationValue, result } = part
    if (correlationValue !== undefined) return { uniqueIdentifier, correlationValue }
    context.batch.output('SignSignatureData', result)
    return { uniqueIdentifier, signatureData: result }
  },
})
