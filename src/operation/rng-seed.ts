import { KmipError } from '../kmip/error.ts'
import { Operation } from '../kmip/generated/enums.ts'
import { RNGSeedRequest, RNGSeedResponse } from '../kmip/payload/rng-seed.ts'
import { operation } from './operation.ts'

/**
 * KMIP 2.1 6.1.50 RNG Seed. How much of a client's seed is taken, the generator decides: OpenSSL's, which the operating
 * system seeds, takes none, and Data Length 0 says so.
 */
export const rngSeed = operation({
  code: Operation.RNGSeed,
  since: '1.2',
  request: RNGSeedRequest,
  response: RNGSeedResponse,
  reasons: ['PermissionDenied'],
  handle({ data }, context) {
    const seed = context.batch.data(data)
    if (!context.profile.rngSeed) throw new KmipError('PermissionDenied', 'this client may not seed the generator')
    return { dataLength: context.provider.seed?.(seed) ?? 0 }
  },
})
