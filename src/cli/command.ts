import type { Readable } from 'node:stream'
import type { Client } from '../client/client.ts'
import type { Globals } from './connection.ts'

/**
 * One command of `keyward`, as a literal: its options, their types, its help and what it does. It
 * is entered in `commands.ts`; nothing else knows it.
 */
export interface Command<T extends OptionTable> {
  /** One line for the list of commands. */
  readonly summary: string
  /** What follows the name: `<id>` one, `<id>...` one or more, `[file]` none or one. */
  readonly positionals: '' | `<${string}>` | `<${string}>...` | `[${string}]`
  readonly options: T
  /** Examples: what comes after `keyward`. */
  readonly examples: readonly string[]
  /** Paragraphs that say what the options cannot. */
  readonly details?: string
  /**
   * @throws UsageError, KmipError, ConnectionError
   */
  run(invocation: Invocation<T>): Promise<Outcome>
}

export interface Option {
  readonly type: 'string' | 'boolean'
  /** May be given several times. */
  readonly multiple?: true
  readonly short?: string
  /** What stands for the value in the help. */
  readonly value?: string
  readonly description: string
}
export type OptionTable = Readonly<Record<string, Option>>

export type Values<T extends OptionTable> = {
  readonly [K in keyof T]?: T[K] extends { readonly type: 'boolean' } ? boolean
    : T[K] extends { readonly multiple: true } ? string[] : string
}

export interface Invocation<T extends OptionTable> {
  readonly values: Values<T>
  readonly positionals: readonly string[]
  readonly io: Io
  /** The options of every command, such as `--certs`. */
  readonly globals: Globals
  /** The connection of this run, made at the first call and closed at the end. */
  connect(): Promise<Client>
}

/** What a command gives back; it is printed in one of its forms. */
export interface Outcome {
  /** With `--json`. */
  readonly json: unknown
  /** For people. */
  readonly text: string
  /** Goes to standard output as it is, in place of the text. */
  readonly bytes?: Buffer
  /** The answer is no, although nothing was refused: a signature that is not valid. */
  readonly isNegative?: true
}

/** Streams, environment and clock of a run. */
export interface Io {
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly stdout: Sink
  readonly stderr: Sink
  readonly environment: Readonly<NodeJS.ProcessEnv>
  nowMs(): number
}

interface Sink {
  readonly isTTY?: boolean
  write(data: string | Uint8Array): unknown
}

/** The command line is wrong, or names a file that cannot be used. One line, nothing secret. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/** A command whose options are forgotten, as the table holds it. */
export type AnyCommand = Omit<Command<OptionTable>, 'run'> & {
  run(invocation: Invocation<never>): Promise<Outcome>
}

/** Commands of two words, such as `certificate issue`. */
export interface Family {
  readonly summary: string
  readonly commands: Readonly<Record<string, AnyCommand>>
}

export function command<const T extends OptionTable>(definition: Command<T>): AnyCommand {
  return definition
}

/** @throws UsageError unless the text is a whole number within the bounds */
export function wholeNumber(name: string, text: string, min: number, max: number): number {
  const value = Number(text)
  if (/^\d{1,15}$/.test(text) && value >= min && value <= max) return value
  throw new UsageError(`${name} must be a whole number from ${min} to ${max}`)
}
