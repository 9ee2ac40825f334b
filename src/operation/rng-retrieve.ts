import { KmipError } from '../kmip/error.ts'
import { Operation } from '../kmip/generated/enums.ts'
import { RNGRetrieveRequest, RNGRetrieveResponse } from '../kmip/payload/rng-retrieve.ts'
import { operation } from './operation.ts'

/** KMIP 2.1 6.1.49 RNG Retrieve. */
export const rngRetrieve = operation({
  code: Operation.RNGRetrieve,
  since: '1.2',
  request: RNGRetrieveRequest,
  response: RNGRetrieveResponse,
  reasons: ['InvalidField'],
  handle({ dataLength }, context) {
    const { randomBytesMax } = context.settings
    if (dataLength < 1 || dataLength > randomBytesMax) {
      throw new KmipError('InvalidField', `the Data Length is 1 to ${randomBytesMax}`)
    }
    const data = context.provider.random(dataLength)
    context.batch.output('RNGRetrieve', data)
    return { data }
  },
})
