import { mac as operation } from '../../client/operations.ts'
import { CryptographicUsageMask } from '../../kmip/generated/enums.ts'
import { command } from '../command.ts'
import { inputOptions, readInput } from '../data.ts'
import { identifierOf } from '../identifier.ts'
import { parameterOptions, parametersOf } from '../parameters.ts'

export const mac = command({
  summary: 'make a message authentication code',
  positionals: '<id>',
  options: { ...inputOptions, mode: parameterOptions.mode, hash: parameterOptions.hash },
  details: 'Prints it in hexadecimal. HMAC keys know their hash; AES without parameters is CMAC.',
  examples: ['mac name:mac-key --in report.pdf'],
  async run({ values, positionals: [id = ''], connect, io }) {
    const data = await readInput(values, io)
    const client = await connect()
    const identifier = await identifierOf(client, id, CryptographicUsageMask.MACGenerate)
    const { uniqueIdentifier, macData = Buffer.alloc(0) } = await client.request(operation, {
      uniqueIdentifier: identifier,
      cryptographicParameters: await parametersOf(client, identifier, 'mac', values),
      data,
    })
    const text = macData.toString('hex')
    return { json: { uniqueIdentifier, macData: text }, text }
  },
})
