import { readFileSync, writeFileSync } from 'node:fs'
import { UsageError } from './command.ts'
import type { Io, OptionTable, Values } from './command.ts'

/** Where the data comes from. */
export const inputOptions = {
  in: { type: 'string', value: 'FILE', description: 'the data, from a file; - is standard input, which is usual' },
  data: { type: 'string', value: 'TEXT', description: 'the data itself, as UTF-8' },
  hex: { type: 'string', value: 'HEX', description: 'the data itself, in hexadecimal' },
} as const satisfies OptionTable

export const outputOptions = {
  out: { type: 'string', value: 'FILE', description: 'write to a new file (mode 0600) instead of standard output' },
} as const satisfies OptionTable

/** @throws UsageError when there is none, more than one, or it cannot be read */
export async function readInput(values: Values<typeof inputOptions>, io: Io): Promise<Buffer> {
  const { in: path, data, hex } = values
  const given = [path, data, hex].filter((value) => value !== undefined)
  if (given.length > 1) throw new UsageError('the data comes from one of --in, --data and --hex')
  if (data !== undefined) return Buffer.from(data, 'utf8')
  if (hex !== undefined) return hexBytes('--hex', hex)
  if (path === undefined && io.stdin.isTTY === true) {
    throw new UsageError('there is no data: give --in, --data or --hex')
  }
  return readFileOrInput(path ?? '-', io)
}

/** @param path `-` for standard input */
export async function readFileOrInput(path: string, io: Io): Promise<Buffer> {
  if (path !== '-') return readBounded(path)
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of io.stdin) {
    chunks.push(Buffer.from(chunk as Uint8Array))
    length += chunks.at(-1)!.length
    if (length > inputBytesMax) throw tooLong('standard input')
  }
  return Buffer.concat(chunks)
}

/**
 * Writes what nobody else should read. Never over a file that is there: it may be the only copy of a key.
 *
 * @throws UsageError
 */
export function writeOutput(path: string, bytes: Uint8Array | string): void {
  try {
    writeFileSync(path, bytes, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new UsageError(code === 'EEXIST' ? `${path} is there already` : `${path} cannot be written (${code})`)
  }
}

/** @throws UsageError */
export function hexBytes(option: string, text: string): Buffer {
  const digits = text.replaceAll(/[\s:]/g, '')
  if (digits.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(digits)) throw new UsageError(`${option} is not hexadecimal`)
  return Buffer.from(digits, 'hex')
}

function readBounded(path: string): Buffer {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (error) {
    throw new UsageError(`${path} cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
  if (bytes.length > inputBytesMax) throw tooLong(path)
  return bytes
}

function tooLong(what: string): UsageError {
  return new UsageError(`${what} is longer than ${inputBytesMax} bytes`)
}

/** The greatest message that a server of ours can be told to take. */
const inputBytesMax = 67_108_864
