import type { Client } from '../../client/client.ts'
import { CmkCipher } from '../../client/cmk-cipher.ts'
import { decrypt as operation } from '../../client/operations.ts'
import { CryptographicUsageMask } from '../../kmip/generated/enums.ts'
import { KmipError } from '../../kmip/error.ts'
import { blobIn } from '../cmk-command/data-key.ts'
import { helped, pairs } from '../cmk.ts'
import { UsageError, command } from '../command.ts'
import type { Outcome } from '../command.ts'
import { inputOptions, outputOptions, readInput, writeOutput } from '../data.ts'
import { identifierOf } from '../identifier.ts'
import { openMessage } from '../message.ts'
import { outputBytes } from '../output.ts'

export const decrypt = command({
  summary: 'decrypt what encrypt has written',
  positionals: '[id]',
  options: {
    in: inputOptions.in,
    blob: { type: 'string', value: 'BASE64', description: 'a blob itself, instead of a file with one' },
    aad: { type: 'string', value: 'TEXT', description: 'the additional authenticated data, where there was any' },
    context: { type: 'string', multiple: true, value: 'KEY=VALUE', description: 'of a blob: its encryption context' },
    ...outputOptions,
  },
  details: 'A blob (encrypt --blob) holds all but its --context. A document names the key and everything else;\n' +
    'an [id] takes the place of the key that it names. With --json the data is in hexadecimal.',
  examples: ['decrypt --in hello.json', 'encrypt name:first-key --data hello | keyward decrypt'],
  async run({ values, positionals: [id], connect, io }) {
    const input = values.blob === undefined ? await readInput(values, io) : blobIn(Buffer.from(values.blob))
    if (values.blob !== undefined || !isDocument(input)) {
      if (id !== undefined) throw new UsageError('a blob names its key: leave the [id] out')
      return decryptBlob(await connect(), input, values)
    }
    if (values.context !== undefined) throw new UsageError('--context is of a blob, which this is not')
    const { uniqueIdentifier: named, ...message } = openMessage(input.toString('utf8'))
    const client = await connect()
    const key = id === undefined ? named : await identifierOf(client, id, CryptographicUsageMask.Decrypt)
    const { uniqueIdentifier, data = Buffer.alloc(0) } = await helped(key, () => client.request(operation, {
      ...message,
      uniqueIdentifier: key,
      authenticatedEncryptionAdditionalData: values.aad === undefined ? undefined : Buffer.from(values.aad, 'utf8'),
    }))
    if (values.out === undefined) return outputBytes({ uniqueIdentifier }, data)
    writeOutput(values.out, data)
    return { json: { out: values.out, uniqueIdentifier }, text: `written to ${values.out}` }
  },
})

interface BlobValues {
  readonly context?: string[]
  readonly aad?: string
  readonly out?: string
}

/** What describes itself: the key is in it. */
async function decryptBlob(client: Client, input: Buffer, values: BlobValues): Promise<Outcome> {
  if (values.aad !== undefined) throw new UsageError('a blob takes --context, and no --aad')
  const blob = blobIn(input)
  const cipher = new CmkCipher(client)
  const { version, plaintext } = await helped(blob.toString('latin1', 0, 36), () => (
    cipher.decrypt(blob, pairs('--context', values.context ?? [])))).catch(withReasons)
  if (values.out === undefined) return outputBytes({ version }, plaintext)
  writeOutput(values.out, plaintext)
  return { json: { out: values.out, version }, text: `written to ${values.out}` }
}

/** The server does not tell what is wrong with a blob; here it is said what may be. */
function withReasons(error: unknown): never {
  if (!(error instanceof KmipError) || error.reason !== 'CryptographicFailure') throw error
  throw new KmipError(error.reason, `${error.message}: it takes the blob as it was made, the same --context and account`)
}

/** The document that encrypt writes is JSON; anything else that is Base64, or a blob's bytes, may be a blob. */
function isDocument(input: Buffer): boolean {
  return !/^(?:[A-Za-z0-9+/]{80,}={0,2}\s*$|[0-9a-f]{8}-[0-9a-f]{4}-)/.test(input.toString('latin1'))
}
