import { writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { encodeItem } from '../../src/ttlv/writer.ts'
import { argumentsOf, fail } from '../support/arguments.ts'
import { testEngine } from '../support/engine.ts'
import { byteMutations, itemMutations, mutateBytes, mutateItem } from './mutations.ts'
import { checkDecoder, checkEngine } from './properties.ts'
import { seedRequests } from './seeds.ts'

/** The longer run of `fuzz.test.ts`: until the time is over or something is found, which it prints as a seed and bytes. */
const usage = `npm run fuzz -- [--minutes N] [--seed N] [--out FILE]
  --minutes  how long; 10
  --seed     of the first round, as an earlier run has printed it; the time
  --out      where the bytes go that were answered wrongly, in hexadecimal; crash.hex
`
const asked = argumentsOf('fuzz', usage, { minutes: 10, seed: 1 + Date.now() % 0x7fff_fffe, out: 'crash.hex' })
if (!Number.isInteger(asked.seed)) fail('fuzz', '--seed is a whole number')
const roundRuns = 5_000
const seeds = seedRequests()
const server = testEngine()
const end = performance.now() + asked.minutes * 60_000
let { seed } = asked
let runs = 0

while (performance.now() < end) {
  const options = { seed, numRuns: roundRuns }
  process.stdout.write(`seed ${seed}, ${runs} runs so far\n`)
  await fc.assert(fc.asyncProperty(fc.nat(seeds.length - 1), itemMutations, byteMutations, fc.boolean(), check), options)
  runs += roundRuns
  seed += 1
}
process.stdout.write(`${runs} runs, nothing found\n`)

async function check(
  at: number, items: Parameters<typeof mutateItem>[1][], bytes: Parameters<typeof mutateBytes>[1][], damaged: boolean,
): Promise<void> {
  const whole = encodeItem(items.reduce(mutateItem, seeds[at]!))
  const message = damaged ? bytes.reduce(mutateBytes, whole) : whole
  try {
    checkDecoder(message)
    await checkEngine(server, message)
  } catch (error) {
    writeFileSync(asked.out, message.toString('hex'))
    throw error
  }
}
