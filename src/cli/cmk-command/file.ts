import { createReadStream, linkSync, rmSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { CmkCipher } from '../../client/cmk-cipher.ts'
import { decryptStream, encryptStream } from '../../client/envelope.ts'
import { EnvelopeError } from '../../client/envelope-format.ts'
import { helped, pairs } from '../cmk.ts'
import { UsageError, command } from '../command.ts'
import type { Io, Outcome } from '../command.ts'
import { fields } from '../output.ts'
import { Progress } from '../progress.ts'

const fileOptions = {
  in: { type: 'string', value: 'FILE', description: 'the file; - is standard input, which is usual' },
  out: { type: 'string', value: 'FILE', description: 'a new file (mode 0600)' },
  context: {
    type: 'string', multiple: true, value: 'KEY=VALUE', description: 'encryption context: needed again to decrypt',
  },
} as const

export const fileEncrypt = command({
  summary: 'encrypt a file of any size here, under a data key of one or several CMKs',
  positionals: '<cmk>...',
  options: fileOptions,
  details: 'Only the data key goes to the server. Any one of the CMKs can decrypt. Memory stays the same however\n' +
    'long the file is.',
  examples: [
    'file encrypt alias/archive --in dump.sql --out dump.sql.kw', 'file encrypt alias/a alias/b --out x.kw < x',
  ],
  async run({ values, positionals: cmks, connect, io }) {
    const context = pairs('--context', values.context ?? [])
    const { source, total } = openInput(values.in, io)
    const cipher = new CmkCipher(await connect())
    const progress = new Progress(io, total)
    const encrypted = encryptStream(cipher, cmks, progress.watch(source), { context })
    return helped(cmks[0] ?? '', () => write(encrypted, values.out))
  },
})

export const fileDecrypt = command({
  summary: 'decrypt what file encrypt has written',
  positionals: '',
  options: fileOptions,
  details: 'The new file is there only when all of it has been found authentic.',
  examples: ['file decrypt --in dump.sql.kw --out dump.sql'],
  async run({ values, connect, io }) {
    const context = pairs('--context', values.context ?? [])
    const { source, total } = openInput(values.in, io)
    const cipher = new CmkCipher(await connect())
    const progress = new Progress(io, total)
    return helped('<cmk>', () => write(decryptStream(cipher, progress.watch(source), { context }), values.out))
  },
})

function openInput(path: string | undefined, io: Io): { source: Readable; total: number | undefined } {
  if (path === undefined || path === '-') {
    if (io.stdin.isTTY === true) throw new UsageError('there is no data: give --in')
    return { source: io.stdin, total: undefined }
  }
  try {
    const file = statSync(path)
    if (!file.isDirectory()) return { total: file.size, source: createReadStream(path, { highWaterMark: readBytes }) }
  } catch (error) {
    throw new UsageError(`${path} cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
  throw new UsageError(`${path} is a directory`)
}

/** Into a file beside it, which gets its name when it is whole. @throws UsageError */
async function write(chunks: AsyncGenerator<Buffer>, out: string | undefined): Promise<Outcome> {
  if (out === undefined) throw new UsageError('--out is missing')
  const part = `${out}.part`
  let bytes = 0
  const count = async function* (): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      bytes += chunk.length
      yield chunk
    }
  }
  let isOurs = false
  try {
    // Opened before anything can fail: a stream that opens later would make the file after it was removed.
    const file = await open(part, 'wx', 0o600)
    isOurs = true
    await pipeline(count(), file.createWriteStream())
    linkSync(part, out)
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException
    if (isOurs) rmSync(part, { force: true })
    if (error instanceof EnvelopeError) throw new UsageError(error.message)
    if (syscall === undefined) throw error
    if (code === 'EEXIST') throw new UsageError(`${out} or ${part} is there already`)
    throw new UsageError(`${out} cannot be written (${code})`)
  }
  rmSync(part)
  return { json: { out, bytes }, text: fields([['Written to', out], ['Bytes', String(bytes)]]) }
}

const readBytes = 262_144
