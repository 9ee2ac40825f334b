import { Operation } from '../kmip/generated/enums.ts'
import { RNGSeedRequest, RNGSeedResponse } from '../kmip/payload/rng-seed.ts'
import { operation } from './operation.ts'

/**
 * KMIP 2.1 6.1.50 RNG Seed. The generator is OpenSSL's, seeded by the operating system; a client's
 * seed is not taken, which Data Length 0 says.
 */
export const rngSeed = operation({
  code: Operation.RNGSeed,
  since: '1.2',
  request: RNGSeedRequest,
  response: RNGSeedResponse,
  reasons: ['MissingData'],
  handle({ data }, context) {
    context.batch.data(data)
    return { dataLength: 0 }
  },
})
