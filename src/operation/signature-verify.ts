import type { Digest } from '../crypto/provider.ts'
import { KmipError } from '../kmip/error.ts'
import { Operation } from '../kmip/generated/enums.ts'
import { SignatureVerifyRequest, SignatureVerifyResponse } from '../kmip/payload/signature-verify.ts'
import { uses } from '../model/usage.ts'
import { keyUseReasons } from './key-use-reasons.ts'
import { operation } from './operation.ts'
import { runPart, validity } from './parts.ts'
import type { Parts } from './parts.ts'
import { checkSignable } from './signable.ts'
import { digestedParameters } from './signature-digest.ts'

/** KMIP 2.1 6.1.56 Signature Verify. A signature that is not one is an answer (Invalid), not a failure. */
export const signatureVerify = operation({
  code: Operation.SignatureVerify,
  since: '1.2',
  request: SignatureVerifyRequest,
  response: SignatureVerifyResponse,
  reasons: keyUseReasons,
  async handle(request, context) {
    const { digestedData } = request
    const data = context.batch.data(request.data)
    checkSignable(request, data)
    const parts: Parts<VerifyStream, boolean | undefined> = {
      code: Operation.SignatureVerify,
      use: uses.verify,
      once({ provider, key, parameters }, message) {
        const signed = digestedData === undefined ? { data: message } : { digest: digestedData }
        return provider.verify(key, parameters, signed, requireSignature(request.signatureData))
      },
      isMiss: (isValid) => isValid === false,
      open(key) {
        return { digest: key.provider.openDigest(digestedParameters(key).hashingAlgorithm), signature: undefined }
      },
      update(stream, message) {
        stream.digest.update(message)
        stream.signature ??= request.signatureData
        return undefined
      },
      async final(stream, key, message) {
        stream.digest.update(message)
        const signature = requireSignature(request.signatureData ?? stream.signature)
        return key.provider.verify(key.key, digestedParameters(key), { digest: stream.digest.final() }, signature)
      },
    }
    return validity(await runPart(context, request, digestedData ?? data, parts))
  },
})

/** The signature may come with any part (KMIP 2.1 6.1.56). */
interface VerifyStream {
  readonly digest: Digest
  signature: Buffer | undefined
}

function requireSignature(signature: Buffer | undefined): Buffer {
  if (signature === undefined) throw new KmipError('MissingData', 'there is no Signature Data')
  return signature
}
