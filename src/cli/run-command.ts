import { parseArgs } from 'node:util'
import packageJson from '../../package.json' with { type: 'json' }
import type { Client } from '../client/client.ts'
import { ConnectionError } from '../client/connection.ts'
import { KmipError } from '../kmip/error.ts'
import { PkiError } from '../server/pki.ts'
import { TtlvError } from '../ttlv/item.ts'
import { UsageError } from './command.ts'
import type { AnyCommand, Family, Invocation, Io, OptionTable, Outcome, Values } from './command.ts'
import { commands } from './commands.ts'
import { globalOptions, openClient } from './connection.ts'
import type { Globals } from './connection.ts'
import { commandHelp, familyHelp, generalHelp } from './help.ts'
import { jsonText } from './output.ts'

/** What the exit code says; the general help lists them. */
export const exitCodes = { ok: 0, refused: 1, usage: 2, noConnection: 3, bug: 70 } as const

/**
 * Runs one command line and prints what comes of it.
 *
 * @param parameters what follows `keyward`
 * @returns the exit code
 */
export async function runCommandLine(parameters: readonly string[], io: Io): Promise<number> {
  try {
    return await dispatch(parameters, io)
  } catch (error) {
    return report(error, parameters.includes('--json'), io)
  }
}

async function dispatch(parameters: readonly string[], io: Io): Promise<number> {
  const { words, rest } = splitWords(parameters)
  const isHelp = words[0] === 'help' || asksFor(rest, '--help', '-h')
  const [name, second] = words[0] === 'help' ? words.slice(1) : words
  if (name === undefined) return withoutCommand(rest, isHelp, io)
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (entry === undefined) throw new UsageError(`there is no command ${name}: see keyward --help`)
  if (!isFamily(entry)) {
    if (isHelp) return print(commandHelp(name, entry), io)
    return runCommand(name, entry, rest, words.slice(1), io)
  }
  if (second === undefined && isHelp) return print(familyHelp(name, entry), io)
  const member = second !== undefined && Object.hasOwn(entry.commands, second) ? entry.commands[second] : undefined
  const known = Object.keys(entry.commands).join(', ')
  if (member === undefined) throw new UsageError(`keyward ${name} is followed by one of: ${known}`)
  if (isHelp) return print(commandHelp(`${name} ${second}`, member), io)
  return runCommand(`${name} ${second}`, member, rest, words.slice(2), io)
}

function withoutCommand(rest: readonly string[], isHelp: boolean, io: Io): number {
  if (isHelp) return print(generalHelp(commands), io)
  if (asksFor(rest, '--version')) return print(`keyward ${packageJson.version}\n`, io)
  throw new UsageError('a command is missing: see keyward --help')
}

async function runCommand(
  name: string, command: AnyCommand, rest: readonly string[], words: readonly string[], io: Io,
): Promise<number> {
  const { values, positionals } = parse(name, command, rest)
  checkCount(name, command, [...words, ...positionals])
  let client: Promise<Client> | undefined
  const invocation: Invocation<OptionTable> = {
    values,
    positionals: [...words, ...positionals],
    io,
    globals: values,
    connect: () => (client ??= openClient(values, io.environment)),
  }
  try {
    const outcome = await command.run(invocation as Invocation<never>)
    printOutcome(outcome, values.json === true, io)
    return outcome.isNegative === true ? exitCodes.refused : exitCodes.ok
  } finally {
    // A connection that could not be made has been reported by the command's own failure.
    await client?.then((open) => open.close(), () => undefined)
  }
}

/**
 * The command's words, which end at the first option after them, and everything else in its order:
 * options that hold for every command may stand before it.
 */
function splitWords(parameters: readonly string[]): { words: string[]; rest: string[] } {
  const args = [...parameters]
  const { tokens } = parseArgs({ args, options: globalOptions, strict: false, allowPositionals: true, tokens: true })
  const first = tokens.find((token) => token.kind === 'positional')
  if (first === undefined) return { words: [], rest: args }
  const start = first.index
  const length = args.slice(start).findIndex((text) => text.startsWith('-'))
  const end = length === -1 ? args.length : start + length
  return { words: args.slice(start, end), rest: [...args.slice(0, start), ...args.slice(end)] }
}

function parse(
  name: string, command: AnyCommand, rest: readonly string[],
): { values: Values<OptionTable> & Globals; positionals: string[] } {
  try {
    const options = { ...globalOptions, ...command.options }
    return parseArgs({ args: [...rest], options, allowPositionals: true }) as never
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new UsageError(`${error.message.split('. ')[0]}: see keyward ${name} --help`)
  }
}

function checkCount(name: string, { positionals: form }: AnyCommand, given: readonly string[]): void {
  const min = form.startsWith('<') ? 1 : 0
  const max = form === '' ? 0 : form.endsWith('...') ? Infinity : 1
  if (given.length < min) throw new UsageError(`${form} is missing: see keyward ${name} --help`)
  if (given.length > max) throw new UsageError(`${given[max]} is one too many: see keyward ${name} --help`)
}

function asksFor(rest: readonly string[], ...options: readonly string[]): boolean {
  const end = rest.indexOf('--')
  return rest.slice(0, end === -1 ? rest.length : end).some((text) => options.includes(text))
}

function isFamily(entry: AnyCommand | Family): entry is Family {
  return 'commands' in entry
}

function print(text: string, io: Io): number {
  io.stdout.write(text)
  return exitCodes.ok
}

function printOutcome(outcome: Outcome, asJson: boolean, io: Io): void {
  if (asJson) io.stdout.write(jsonText(outcome.json))
  else if (outcome.bytes !== undefined) writeBytes(outcome.bytes, io)
  else if (outcome.text !== '') io.stdout.write(outcome.text.endsWith('\n') ? outcome.text : `${outcome.text}\n`)
}

/** On a terminal the line is ended: else the next prompt stands in it, and npx wipes it out. */
function writeBytes(bytes: Buffer, { stdout }: Io): void {
  stdout.write(bytes)
  if (stdout.isTTY === true && bytes.length > 0 && bytes.at(-1) !== 0x0a) stdout.write('\n')
}

/** Says in one line what went wrong, or as JSON; a bug of ours shows its stack. */
function report(error: unknown, asJson: boolean, io: Io): number {
  const { code, kind, message, reason } = judge(error)
  if (asJson) io.stderr.write(jsonText({ error: { kind, ...(reason && { reason }), message } }))
  else io.stderr.write(`keyward: ${reason === undefined ? '' : `${reason}: `}${message}\n`)
  return code
}

function judge(error: unknown): { code: number; kind: string; message: string; reason?: string } {
  if (error instanceof UsageError) return { code: exitCodes.usage, kind: 'usage', message: error.message }
  if (error instanceof PkiError) return { code: exitCodes.refused, kind: 'refused', message: error.message }
  if (error instanceof KmipError) {
    return { code: exitCodes.refused, kind: 'refused', reason: error.reason, message: error.message }
  }
  if (error instanceof ConnectionError) {
    const cause = error.cause instanceof Error && !error.message.includes(error.cause.message)
      ? ` (${error.cause.message})` : ''
    // In TLS 1.3 a server refuses a certificate by closing a connection that already looks open.
    const hint = error.message.includes('closed the connection') ? ': it may not accept this certificate' : ''
    return { code: exitCodes.noConnection, kind: 'connection', message: `${error.message}${cause}${hint}` }
  }
  if (error instanceof TtlvError) {
    return { code: exitCodes.noConnection, kind: 'connection', message: 'the answer is no KMIP message' }
  }
  const message = error instanceof Error ? error.stack ?? error.message : String(error)
  return { code: exitCodes.bug, kind: 'bug', message }
}
