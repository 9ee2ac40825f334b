import { encrypt as operation } from '../../client/operations.ts'
import { CryptographicUsageMask } from '../../kmip/generated/enums.ts'
import { command } from '../command.ts'
import { hexBytes, inputOptions, outputOptions, readInput, writeOutput } from '../data.ts'
import { identifierOf } from '../identifier.ts'
import { sealedMessage } from '../message.ts'
import { jsonText } from '../output.ts'
import { parameterOptions, parametersOf } from '../parameters.ts'

export const encrypt = command({
  summary: 'encrypt data under a key',
  positionals: '<id>',
  options: {
    ...inputOptions,
    ...parameterOptions,
    aad: { type: 'string', value: 'TEXT', description: 'additional authenticated data: needed again to decrypt' },
    iv: { type: 'string', value: 'HEX', description: 'instead of the one that the server makes' },
    ...outputOptions,
  },
  details: 'Gives a JSON document with all that decrypting needs but the key: identifier, IV, tag, parameters and\n' +
    'data, in hexadecimal. Without parameters AES is GCM, and RSA is OAEP with SHA-256.',
  examples: [
    'encrypt name:first-key --data hello --out hello.json', 'encrypt 0192... --mode cbc --padding pkcs5 < plain',
  ],
  async run({ values, positionals: [id = ''], connect, io }) {
    const iv = values.iv === undefined ? undefined : hexBytes('--iv', values.iv)
    const data = await readInput(values, io)
    const client = await connect()
    const uniqueIdentifier = await identifierOf(client, id, CryptographicUsageMask.Encrypt)
    const usual = await parametersOf(client, uniqueIdentifier, 'encrypt', values)
    const parameters = usual === undefined || iv === undefined ? usual : { ...usual, randomIV: false }
    const answer = await client.request(operation, {
      uniqueIdentifier,
      cryptographicParameters: parameters,
      data,
      ivCounterNonce: iv,
      authenticatedEncryptionAdditionalData: values.aad === undefined ? undefined : Buffer.from(values.aad, 'utf8'),
    })
    const message = sealedMessage({ ...answer, ivCounterNonce: answer.ivCounterNonce ?? iv }, parameters)
    if (values.out === undefined) return { json: message, text: jsonText(message) }
    writeOutput(values.out, jsonText(message))
    return { json: { out: values.out, uniqueIdentifier: answer.uniqueIdentifier }, text: `written to ${values.out}` }
  },
})
