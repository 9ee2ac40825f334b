import type { Client } from '../../client/client.ts'
import { CmkCipher } from '../../client/cmk-cipher.ts'
import { encrypt as operation } from '../../client/operations.ts'
import { CryptographicUsageMask } from '../../kmip/generated/enums.ts'
import type { EncryptResponse } from '../../kmip/payload/encrypt.ts'
import { helped, pairs } from '../cmk.ts'
import { UsageError, command } from '../command.ts'
import type { Outcome } from '../command.ts'
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
    blob: {
      type: 'boolean',
      description: 'under a CMK: ciphertext that describes itself, in Base64, instead of the document',
    },
    context: {
      type: 'string', multiple: true, value: 'KEY=VALUE', description: 'of a blob: needed again to decrypt',
    },
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
    if (values.blob === true) return encryptBlob(client, id, data, values)
    if (values.context !== undefined) throw new UsageError('--context goes with --blob')
    const uniqueIdentifier = await identifierOf(client, id, CryptographicUsageMask.Encrypt)
    const usual = await parametersOf(client, uniqueIdentifier, 'encrypt', values)
    const parameters = usual === undefined || iv === undefined ? usual : { ...usual, randomIV: false }
    const answer = await helped(uniqueIdentifier, () => client.request(operation, {
      uniqueIdentifier,
      cryptographicParameters: parameters,
      data,
      ivCounterNonce: iv,
      authenticatedEncryptionAdditionalData: values.aad === undefined ? undefined : Buffer.from(values.aad, 'utf8'),
    }))
    if (isBlob(answer)) return writtenBlob(answer.uniqueIdentifier, answer.data, values.out)
    const message = sealedMessage({ ...answer, ivCounterNonce: answer.ivCounterNonce ?? iv }, parameters)
    if (values.out === undefined) return { json: message, text: jsonText(message) }
    writeOutput(values.out, jsonText(message))
    return { json: { out: values.out, uniqueIdentifier: answer.uniqueIdentifier }, text: `written to ${values.out}` }
  },
})

interface BlobValues {
  readonly context?: string[]
  readonly aad?: string
  readonly iv?: string
  readonly out?: string
}

async function encryptBlob(client: Client, cmk: string, data: Buffer, values: BlobValues): Promise<Outcome> {
  const { aad, iv } = values
  if (aad !== undefined || iv !== undefined) throw new UsageError('a blob takes --context, and no --aad or --iv')
  const cipher = new CmkCipher(client)
  const { version, blob } = await helped(cmk, () => cipher.encrypt(cmk, data, pairs('--context', values.context ?? [])))
  return writtenBlob(version, blob, values.out)
}

function writtenBlob(version: string, blob: Buffer, out: string | undefined): Outcome {
  const ciphertext = blob.toString('base64')
  if (out === undefined) return { json: { version, ciphertext }, text: ciphertext }
  writeOutput(out, `${ciphertext}\n`)
  return { json: { out, version }, text: `written to ${out}` }
}

/** Whether the answer is a blob although none was asked for: the CMK's address makes nothing else. */
function isBlob(answer: EncryptResponse): answer is EncryptResponse & { readonly data: Buffer } {
  const { uniqueIdentifier, data } = answer
  return data?.toString('latin1', 0, uniqueIdentifier.length) === uniqueIdentifier
}
