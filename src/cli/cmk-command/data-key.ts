import { CmkCipher } from '../../client/cmk-cipher.ts'
import { helped, pairs } from '../cmk.ts'
import { UsageError, command, wholeNumber } from '../command.ts'
import type { Io } from '../command.ts'
import { outputOptions, readFileOrInput, writeOutput } from '../data.ts'
import { fields, outputBytes } from '../output.ts'

const contextOption = {
  context: {
    type: 'string', multiple: true, value: 'KEY=VALUE', description: 'encryption context: needed again to decrypt',
  },
} as const

const blobOption = {
  blob: { type: 'string', value: 'BASE64', description: 'the encrypted form itself, instead of a file with it' },
} as const

export const dataKeyGenerate = command({
  summary: 'generate a data key, in the clear and encrypted under a CMK',
  positionals: '<cmk>',
  options: {
    bytes: { type: 'string', value: 'N', description: 'its length, 1 to 1024 (32)' },
    'without-plaintext': { type: 'boolean', description: 'only the encrypted form, for who stores it' },
    show: { type: 'boolean', description: 'print the key in the clear on a terminal too' },
    'plaintext-out': { type: 'string', value: 'FILE', description: 'write the key in the clear to a new file' },
    ...contextOption,
  },
  details: 'Forms are Base64. Encrypt with the key in the clear, forget it, and keep the encrypted form by the data.',
  examples: [
    'data-key generate alias/orders --context table=orders --json', 'data-key generate alias/orders --bytes 16',
  ],
  async run({ values, positionals: [cmk = ''], connect, io }) {
    const length = wholeNumber('--bytes', values.bytes ?? '32', 1, 1_024)
    const context = pairs('--context', values.context ?? [])
    const cipher = new CmkCipher(await connect())
    if (values['without-plaintext'] === true) {
      const { version, blob } = await helped(cmk, () => cipher.generateDataKeyWithoutPlaintext(cmk, length, context))
      const shown = { version, ciphertext: blob.toString('base64') }
      return { json: shown, text: fields([['Version', version], ['Ciphertext', shown.ciphertext]]) }
    }
    const { version, blob, plaintext } = await helped(cmk, () => cipher.generateDataKey(cmk, length, context))
    const out = values['plaintext-out']
    if (out !== undefined) writeOutput(out, plaintext)
    const key = out ?? plaintext.toString('base64')
    const ciphertext = blob.toString('base64')
    const shown = { version, ciphertext, ...(out === undefined ? { plaintext: key } : { out }) }
    const isHidden = out === undefined && io.stdout.isTTY === true && values.show !== true
    const plainText = isHidden ? 'not shown on a terminal: --show does, --plaintext-out writes it' : key
    return { json: shown, text: fields([['Version', version], ['Ciphertext', ciphertext], ['Plaintext', plainText]]) }
  },
})

export const dataKeyDecrypt = command({
  summary: 'decrypt a data key',
  positionals: '[file]',
  options: { ...blobOption, ...contextOption, ...outputOptions },
  details: 'The [file] (standard input, which is usual) holds the encrypted form, Base64 or bytes.',
  examples: ['data-key decrypt key.blob --context table=orders --out key.bin'],
  async run({ values, positionals: [file], connect, io }) {
    const blob = await givenBlob(values, file, io)
    const context = pairs('--context', values.context ?? [])
    const cipher = new CmkCipher(await connect())
    const { version, plaintext } = await helped(blob.toString('latin1', 0, 36), () => cipher.decrypt(blob, context))
    if (values.out === undefined) return outputBytes({ version }, plaintext)
    writeOutput(values.out, plaintext)
    return { json: { out: values.out, version }, text: `written to ${values.out}` }
  },
})

export const dataKeyReEncrypt = command({
  summary: 'encrypt under another CMK, or the newest version, without showing the plaintext',
  positionals: '[file]',
  options: {
    ...blobOption,
    to: { type: 'string', value: 'CMK', description: 'the CMK' },
    ...contextOption,
    'source-context': {
      type: 'string', multiple: true, value: 'KEY=VALUE', description: 'context so far, where it changes',
    },
  },
  examples: ['data-key re-encrypt key.blob --to alias/archive --context table=orders'],
  async run({ values, positionals: [file], connect, io }) {
    const { to: cmk, context = [], 'source-context': source = context } = values
    if (cmk === undefined) throw new UsageError('--to is missing')
    const given = await givenBlob(values, file, io)
    const contexts = [pairs('--context', context), pairs('--source-context', source)] as const
    const cipher = new CmkCipher(await connect())
    const { version, blob } = await helped(cmk, () => cipher.reEncrypt(given, cmk, ...contexts))
    const ciphertext = blob.toString('base64')
    return { json: { version, ciphertext }, text: ciphertext }
  },
})

async function givenBlob({ blob }: { readonly blob?: string }, file: string | undefined, io: Io): Promise<Buffer> {
  if (blob !== undefined && file !== undefined) throw new UsageError('give one of --blob and [file]')
  return blobIn(blob === undefined ? await readFileOrInput(file ?? '-', io) : Buffer.from(blob))
}

/** Base64 text, or the bytes themselves, which begin with a UUID: 36 characters with hyphens, as Base64 has none. */
export function blobIn(bytes: Buffer): Buffer {
  const text = bytes.toString('latin1').trim()
  return /^[A-Za-z0-9+/\s]+={0,2}$/.test(text) ? Buffer.from(text, 'base64') : bytes
}
