import fc from 'fast-check'
import { describe, it } from 'vitest'
import { encodeItem } from '../../src/ttlv/writer.ts'
import { testEngine } from '../support/engine.ts'
import { byteMutations, itemMutations, mutateBytes, mutateItem } from './mutations.ts'
import { checkDecoder, checkEngine } from './properties.ts'
import { seedRequests } from './seeds.ts'

const seeds = seedRequests()

describe('hostile bytes are an answer, never a fault (the longer run: npm run fuzz)', () => {
  it('random bytes in the decoder', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 256 }), (bytes) => checkDecoder(Buffer.from(bytes))), { numRuns: 20_000 })
  })

  it('mutated messages in the decoder', () => {
    fc.assert(fc.property(fc.nat(seeds.length - 1), byteMutations, (seed, mutations) => {
      checkDecoder(mutations.reduce(mutateBytes, encodeItem(seeds[seed]!)))
    }), { numRuns: 20_000 })
  })

  it('mutated messages in the engine', async () => {
    const server = testEngine()
    await fc.assert(fc.asyncProperty(fc.nat(seeds.length - 1), byteMutations, async (seed, mutations) => {
      await checkEngine(server, mutations.reduce(mutateBytes, encodeItem(seeds[seed]!)))
    }), { numRuns: 1_500 })
  }, 120_000)

  it('well-formed messages with wrong contents in the engine', async () => {
    const server = testEngine()
    await fc.assert(fc.asyncProperty(fc.nat(seeds.length - 1), itemMutations, async (seed, mutations) => {
      await checkEngine(server, encodeItem(mutations.reduce(mutateItem, seeds[seed]!)))
    }), { numRuns: 3_000 })
  }, 120_000)
})
