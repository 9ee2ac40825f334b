import { decrypt as operation } from '../../client/operations.ts'
import { CryptographicUsageMask } from '../../kmip/generated/enums.ts'
import { command } from '../command.ts'
import { inputOptions, outputOptions, readInput, writeOutput } from '../data.ts'
import { identifierOf } from '../identifier.ts'
import { openMessage } from '../message.ts'
import { outputBytes } from '../output.ts'

export const decrypt = command({
  summary: 'decrypt what encrypt has written',
  positionals: '[id]',
  options: {
    in: inputOptions.in,
    aad: { type: 'string', value: 'TEXT', description: 'the additional authenticated data, where there was any' },
    ...outputOptions,
  },
  details: 'The message names the key and everything else; an [id] takes the place of the key that it names. With\n' +
    '--json the data is in hexadecimal.',
  examples: ['decrypt --in hello.json', 'encrypt name:first-key --data hello | keyward decrypt'],
  async run({ values, positionals: [id], connect, io }) {
    const { uniqueIdentifier: named, ...message } = openMessage((await readInput(values, io)).toString('utf8'))
    const client = await connect()
    const { uniqueIdentifier, data = Buffer.alloc(0) } = await client.request(operation, {
      ...message,
      uniqueIdentifier: id === undefined ? named : await identifierOf(client, id, CryptographicUsageMask.Decrypt),
      authenticatedEncryptionAdditionalData: values.aad === undefined ? undefined : Buffer.from(values.aad, 'utf8'),
    })
    if (values.out === undefined) return outputBytes({ uniqueIdentifier }, data)
    writeOutput(values.out, data)
    return { json: { out: values.out, uniqueIdentifier }, text: `written to ${values.out}` }
  },
})
