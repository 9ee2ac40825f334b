import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import fc from 'fast-check'
import { encodeItem } from '../../src/ttlv/writer.ts'
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
const values = asked()
const roundRuns = 5_000
const seeds = seedRequests()
const server = testEngine()
const end = performance.now() + Number(values.minutes) * 60_000
let seed = values.seed === undefined ? Date.now() % 0x7fff_ffff : Number(values.seed)
let runs = 0

while (performance.now() < end) {
  const options = { seed, numRuns: roundRuns }
  process.stdout.write(`seed ${seed}, ${runs} runs so far\n`)
  await fc.assert(fc.asyncProperty(fc.nat(seeds.length - 1), itemMutations, byteMutations, fc.boolean(), check), options)
  runs += roundRuns
  seed += 1
}
process.stdout.write(`${runs} runs, nothing found\n`)

/** Ends the process with what is to be known of the options where they are asked for, or wrong. */
function asked(): { minutes: string, seed?: string, out: string } {
  try {
    const { values: { help, ...given } } = parseArgs({
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        minutes: { type: 'string', default: '10' },
        seed: { type: 'string' },
        out: { type: 'string', default: 'crash.hex' },
      },
    })
    if (help) {
      process.stdout.write(usage)
      process.exit(0)
    }
    if (!(Number(given.minutes) > 0)) throw new Error('--minutes is a number above 0')
    if (given.seed !== undefined && !Number.isInteger(Number(given.seed))) throw new Error('--seed is a whole number')
    return given
  } catch (error) {
    process.stderr.write(`fuzz: ${(error as Error).message.split('\n')[0]}\n${usage}`)
    process.exit(2)
  }
}

async function check(
  at: number, items: Parameters<typeof mutateItem>[1][], bytes: Parameters<typeof mutateBytes>[1][], damaged: boolean,
): Promise<void> {
  const whole = encodeItem(items.reduce(mutateItem, seeds[at]!))
  const message = damaged ? bytes.reduce(mutateBytes, whole) : whole
  try {
    checkDecoder(message)
    await checkEngine(server, message)
  } catch (error) {
    writeFileSync(values.out, message.toString('hex'))
    throw error
  }
}
