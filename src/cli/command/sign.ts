import { sign as operation } from '../../client/operations.ts'
import { CryptographicUsageMask } from '../../kmip/generated/enums.ts'
import { helped } from '../cmk.ts'
import { command } from '../command.ts'
import { inputOptions, outputOptions, readInput, writeOutput } from '../data.ts'
import { identifierOf } from '../identifier.ts'
import { parameterOptions, parametersOf } from '../parameters.ts'

export const sign = command({
  summary: 'sign data with a private key',
  positionals: '<id>',
  options: { ...inputOptions, ...parameterOptions, ...outputOptions },
  details: 'Prints the signature in hexadecimal, or writes its bytes to --out. Without parameters RSA is PSS with\n' +
    'SHA-256, and elliptic curves sign with the hash of their length.',
  examples: ['sign 0192... --in report.pdf --out report.sig', 'sign 0192... --data hello --json'],
  async run({ values, positionals: [id = ''], connect, io }) {
    const data = await readInput(values, io)
    const client = await connect()
    const identifier = await identifierOf(client, id, CryptographicUsageMask.Sign)
    const answer = await helped(identifier, async () => client.request(operation, {
      uniqueIdentifier: identifier,
      cryptographicParameters: await parametersOf(client, identifier, 'sign', values),
      data,
    }))
    const { uniqueIdentifier, signatureData = Buffer.alloc(0) } = answer
    const signature = signatureData.toString('hex')
    if (values.out === undefined) return { json: { uniqueIdentifier, signatureData: signature }, text: signature }
    writeOutput(values.out, signatureData)
    return { json: { out: values.out, uniqueIdentifier }, text: `written to ${values.out}` }
  },
})
