import { get as operation } from '../../client/operations.ts'
import { KeyFormatType } from '../../kmip/generated/enums.ts'
import { UsageError, command } from '../command.ts'
import { outputOptions, writeOutput } from '../data.ts'
import { identifierOf } from '../identifier.ts'
import { valueByName } from '../names.ts'
import { encoded, formatInBytes, valueOf } from '../value.ts'

export const get = command({
  summary: 'get the key, certificate or secret itself',
  positionals: '<id>',
  options: {
    format: {
      type: 'string', value: 'FORMAT',
      description: 'key format: raw, pkcs-1, pkcs-8, x-509, ec-private-key, ... (what the server chooses)',
    },
    encoding: {
      type: 'string', value: 'ENCODING', description: 'hex, pem or raw (pem where the format has it, else hex)',
    },
    ...outputOptions,
    show: { type: 'boolean', description: 'print a secret even on a terminal' },
  },
  details: 'A secret is not printed on a terminal, where it would stay: send it to --out or into a pipe, or say\n' +
    '--show.',
  examples: [
    'get name:first-key --out key.hex', 'get 0192... --format pkcs-8 --out private.pem',
    'get 0192... --encoding raw | openssl sha256',
  ],
  async run({ values, positionals: [id = ''], connect, io }) {
    const { format } = values
    const keyFormatType = format === undefined ? undefined : valueByName('--format', KeyFormatType, format)
    const client = await connect()
    const uniqueIdentifier = await identifierOf(client, id)
    const { object } = await client.request(operation, { uniqueIdentifier, keyFormatType })
    const otherFormat = keyFormatType === undefined ? formatInBytes(object) : undefined
    const value = valueOf(otherFormat === undefined
      ? object : (await client.request(operation, { uniqueIdentifier, keyFormatType: otherFormat })).object)
    const bytes = encoded(value, values.encoding)
    if (values.out !== undefined) {
      writeOutput(values.out, bytes)
      return { json: { out: values.out, uniqueIdentifier }, text: `written to ${values.out}` }
    }
    if (value.isSecret && io.stdout.isTTY === true && values.show !== true) {
      throw new UsageError('this is a secret: write it to --out FILE or into a pipe, or say --show')
    }
    return { json: { uniqueIdentifier, ...value.about, value: value.bytes.toString('hex') }, text: '', bytes }
  },
})
