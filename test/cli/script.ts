import { Readable } from 'node:stream'
import { runCommandLine } from '../../src/cli/run-command.ts'

/**
 * The notation of fixtures/cli: `$ words < standard input`, then the exit code and what the JSON
 * must hold at least. `@name` in it takes what is there at its first use, and is that value from
 * then on, in commands too; `*` is anything that is there.
 */
export interface Step {
  readonly line: string
  readonly stdin: string
  readonly exitCode: number
  readonly expected: unknown
  words(bindings: Bindings): string[]
}
export type Bindings = Map<string, unknown>

export function parseScript(text: string, places: Readonly<Record<string, string>>): Step[] {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  const steps: Step[] = []
  for (let at = 0; at < lines.length; at += 2) {
    const [line, answer] = [lines[at]!, lines[at + 1] ?? '']
    const [, code, json] = /^(\d+) (.+)$/.exec(answer) ?? []
    if (!line.startsWith('$ ') || code === undefined) throw new Error(`no command and answer: ${line}\n${answer}`)
    const [commandLine = '', stdin = ''] = line.slice(2).split(' < ')
    const wordsOf = (bindings: Bindings) => [...commandLine.replace(/^< /, '').matchAll(/"([^"]*)"|\S+/g)]
      .map(([word, quoted]) => (quoted ?? word)
        .replace(/\{(\w+)\}/g, (_, name: string) => places[name]!)
        .replace(/@(\w+)/g, (_, name: string) => String(bindings.get(name))))
    steps.push({ line, stdin, exitCode: Number(code), expected: JSON.parse(json!), words: wordsOf })
  }
  return steps
}

/** Whether a value holds at least what is expected; lists have the same length. */
export function matches(value: unknown, expected: unknown, bindings: Bindings): boolean {
  if (expected === '*') return value !== undefined
  if (typeof expected === 'string' && expected.startsWith('@')) {
    const name = expected.slice(1)
    if (value === undefined) return false
    if (!bindings.has(name)) bindings.set(name, value)
    return bindings.get(name) === value
  }
  if (Array.isArray(expected)) {
    return Array.isArray(value) && value.length === expected.length &&
      expected.every((each, at) => matches(value[at], each, bindings))
  }
  if (typeof expected === 'object' && expected !== null) {
    return typeof value === 'object' && value !== null && Object.entries(expected).every(([name, each]) => (
      matches((value as Record<string, unknown>)[name], each, bindings)))
  }
  return value === expected
}

interface Result { readonly exitCode: number, readonly stdout: string, readonly stderr: string }

/** Runs a command line in this process. */
export async function run(
  words: readonly string[],
  { stdin = '', environment = {}, isTerminal = false }: { stdin?: string, environment?: object, isTerminal?: boolean },
): Promise<Result> {
  const written = { stdout: [] as Buffer[], stderr: [] as Buffer[] }
  const sink = (name: 'stdout' | 'stderr') => ({
    isTTY: isTerminal, write: (data: string | Uint8Array) => written[name].push(Buffer.from(data as string)),
  })
  const exitCode = await runCommandLine(words, {
    stdin: Object.assign(Readable.from([Buffer.from(stdin)]), { isTTY: isTerminal }),
    stdout: sink('stdout'),
    stderr: sink('stderr'),
    environment: environment as NodeJS.ProcessEnv,
    nowMs: Date.now,
  })
  const text = (name: 'stdout' | 'stderr') => Buffer.concat(written[name]).toString('utf8')
  return { exitCode, stdout: text('stdout'), stderr: text('stderr') }
}
