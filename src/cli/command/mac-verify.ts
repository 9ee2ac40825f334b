import { macVerify as operation } from '../../client/operations.ts'
import { CryptographicUsageMask, ValidityIndicator } from '../../kmip/generated/enums.ts'
import { UsageError, command } from '../command.ts'
import { hexBytes, inputOptions, readInput } from '../data.ts'
import { identifierOf } from '../identifier.ts'
import { parameterOptions, parametersOf } from '../parameters.ts'
import { validity } from '../validity.ts'

export const macVerify = command({
  summary: 'check a message authentication code',
  positionals: '<id>',
  options: {
    mac: { type: 'string', value: 'HEX', description: 'the code' },
    ...inputOptions,
    mode: parameterOptions.mode,
    hash: parameterOptions.hash,
  },
  details: 'The exit code is 1 when it is not valid.',
  examples: ['mac-verify name:mac-key --mac 6b2f... --in report.pdf'],
  async run({ values, positionals: [id = ''], connect, io }) {
    if (values.mac === undefined) throw new UsageError('--mac is missing')
    const macData = hexBytes('--mac', values.mac)
    const data = await readInput(values, io)
    const client = await connect()
    const identifier = await identifierOf(client, id, CryptographicUsageMask.MACVerify)
    const { uniqueIdentifier, validityIndicator } = await client.request(operation, {
      uniqueIdentifier: identifier,
      cryptographicParameters: await parametersOf(client, identifier, 'mac', values),
      data,
      macData,
    })
    return validity(uniqueIdentifier, validityIndicator ?? ValidityIndicator.Unknown)
  },
})
