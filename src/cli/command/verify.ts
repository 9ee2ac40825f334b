import { signatureVerify } from '../../client/operations.ts'
import { CryptographicUsageMask, ValidityIndicator } from '../../kmip/generated/enums.ts'
import { helped } from '../cmk.ts'
import { UsageError, command } from '../command.ts'
import { hexBytes, inputOptions, readFileOrInput, readInput } from '../data.ts'
import { identifierOf } from '../identifier.ts'
import { parameterOptions, parametersOf } from '../parameters.ts'
import { validity } from '../validity.ts'

export const verify = command({
  summary: 'check a signature with a public key',
  positionals: '<id>',
  options: {
    signature: { type: 'string', value: 'HEX', description: 'the signature' },
    'signature-file': { type: 'string', value: 'FILE', description: 'or the file that sign has written' },
    ...inputOptions,
    ...parameterOptions,
  },
  details: 'The exit code is 1 when the signature is not valid. Parameters are those of sign.',
  examples: ['verify 0192... --in report.pdf --signature-file report.sig'],
  async run({ values, positionals: [id = ''], connect, io }) {
    const { signature, 'signature-file': file } = values
    if ((signature === undefined) === (file === undefined)) {
      throw new UsageError('give one of --signature and --signature-file')
    }
    const signatureData = file === undefined
      ? hexBytes('--signature', signature ?? '') : await readFileOrInput(file, io)
    const data = await readInput(values, io)
    const client = await connect()
    const identifier = await identifierOf(client, id, CryptographicUsageMask.Verify)
    const answer = await helped(identifier, async () => client.request(signatureVerify, {
      uniqueIdentifier: identifier,
      cryptographicParameters: await parametersOf(client, identifier, 'sign', values),
      data,
      signatureData,
    }))
    const { uniqueIdentifier, validityIndicator } = answer
    return validity(uniqueIdentifier, validityIndicator ?? ValidityIndicator.Unknown)
  },
})
