import { rngRetrieve } from '../../client/operations.ts'
import { command, wholeNumber } from '../command.ts'
import { outputOptions, writeOutput } from '../data.ts'

export const random = command({
  summary: 'get random bytes of the server',
  positionals: '<count>',
  options: outputOptions,
  details: 'Prints them in hexadecimal, or writes them to --out as they are. The server may give fewer.',
  examples: ['random 32', 'random 4096 --out seed.bin'],
  async run({ values, positionals: [count = ''], connect }) {
    const dataLength = wholeNumber('<count>', count, 1, 2_147_483_647)
    const client = await connect()
    const { data } = await client.request(rngRetrieve, { dataLength })
    if (values.out === undefined) return { json: { data: data.toString('hex') }, text: data.toString('hex') }
    writeOutput(values.out, data)
    return { json: { out: values.out, length: data.length }, text: `${data.length} bytes written to ${values.out}` }
  },
})
