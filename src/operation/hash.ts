import type { Digest } from '../crypto/provider.ts'
import { KmipError } from '../kmip/error.ts'
import { Operation } from '../kmip/generated/enums.ts'
import { HashRequest, HashResponse } from '../kmip/payload/hash.ts'
import { checkLaterPart, firstPartOf } from './first-part.ts'
import type { FirstPart } from './first-part.ts'
import { nothing, phaseOf, requireData } from './key-use.ts'
import { operation } from './operation.ts'

/** KMIP 2.1 6.1.24 Hash. */
export const hash = operation({
  code: Operation.Hash,
  since: '1.2',
  request: HashRequest,
  response: HashResponse,
  reasons: ['FeatureNotSupported', 'InvalidCorrelationValue', 'InvalidField', 'MissingData'],
  handle(request, context) {
    const { hashingAlgorithm } = request.cryptographicParameters
    if (hashingAlgorithm === undefined) throw new KmipError('InvalidField', 'the Hashing Algorithm is missing')
    const data = context.batch.data(request.data)
    const phase = phaseOf(request, context)
    if (phase === 'only' || phase === 'first') {
      const digest = context.provider.openDigest(hashingAlgorithm)
      digest.update(phase === 'only' ? requireData(data) : data ?? nothing)
      if (phase === 'first') {
        const content: OpenHash = { digest, begun: firstPartOf(request) }
        const correlationValue = context.streams.open(context.caller, Operation.Hash, content, context.now)
        context.objects.undo.add(() => void context.streams.close(correlationValue))
        return { correlationValue }
      }
      return output(digest)
    }
    const correlationValue = request.correlationValue!
    const open = context.streams.find(context.caller, Operation.Hash, correlationValue, context.now) as OpenHash
    checkLaterPart(open.begun, request)
    const { digest } = open
    digest.update(phase === 'next' ? requireData(data) : data ?? nothing)
    if (phase === 'next') return { correlationValue }
    context.streams.close(correlationValue)
    return output(digest)

    function output(finished: Digest): { data: Buffer } {
      const value = finished.final()
      context.batch.output('Hash', value)
      return { data: value }
    }
  },
})

interface OpenHash {
  readonly digest: Digest
  readonly begun: FirstPart
}
