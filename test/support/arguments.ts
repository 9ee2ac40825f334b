import { parseArgs } from 'node:util'
import type { ParseArgsOptionsConfig } from 'node:util'

/**
 * The options of an npm script, all of which take a value: those that have a number as default, one above 0. Ends the
 * process where they are wrong, or only its usage is asked for.
 *
 * @param script its name in package.json
 * @param usage lines
 */
export function argumentsOf<T extends Record<string, number | string>>(script: string, usage: string, defaults: T): T {
  const options: ParseArgsOptionsConfig = { help: { type: 'boolean', short: 'h' } }
  for (const name of Object.keys(defaults)) options[name] = { type: 'string' }
  try {
    const { values } = parseArgs({ options })
    if (values.help === true) {
      process.stdout.write(usage)
      process.exit(0)
    }
    const given = Object.entries(defaults).map(([name, other]) => {
      const text = values[name]
      if (text === undefined || typeof other === 'string') return [name, text ?? other]
      const number = Number(text)
      if (!(number > 0 && number < Infinity)) throw new Error(`--${name} is a number above 0`)
      return [name, number]
    })
    return Object.fromEntries(given) as T
  } catch (error) {
    return fail(script, `${(error as Error).message.split('\n')[0]}\n${usage.trimEnd()}`)
  }
}

/** Ends a script that cannot be run. */
export function fail(script: string, why: string): never {
  process.stderr.write(`${script}: ${why}\n`)
  process.exit(2)
}
