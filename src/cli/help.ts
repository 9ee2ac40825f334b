import type { AnyCommand, Family, OptionTable } from './command.ts'
import { globalOptions } from './connection.ts'

/** What `keyward --help` prints. */
export function generalHelp(commands: Readonly<Record<string, AnyCommand | Family>>): string {
  const rows = Object.entries(commands).flatMap(([name, entry]) => (
    'commands' in entry ? membersOf(name, entry) : [[name, entry.summary] as const]
  ))
  return sections([
    'keyward: keys on a KMIP server, over mutual TLS',
    'keyward [options] <command> ...\nkeyward <command> --help',
    block('Commands', rows),
    block('Options of every command', optionRows(globalOptions)),
    block('Exit codes', [
      ['0', 'done'],
      ['1', 'refused, with the reason; or the answer is no (a signature is not valid)'],
      ['2', 'the command line is wrong, or names a file that cannot be used'],
      ['3', 'no connection to the server'],
      ['70', 'a bug'],
    ]),
    'An <id> is a Unique Identifier, or name:NAME for the one object of that name that can be used so.',
  ])
}

export function familyHelp(name: string, family: Family): string {
  return sections([`keyward ${name}: ${family.summary}`, block('Commands', membersOf(name, family))])
}

export function commandHelp(name: string, command: AnyCommand): string {
  const { summary, positionals, details, options, examples } = command
  return sections([
    `keyward ${name}: ${summary}`,
    `keyward ${[name, positionals, '[options]'].filter((part) => part !== '').join(' ')}`,
    details,
    block('Options', optionRows(options)),
    block('Options of every command', optionRows(globalOptions)),
    block('Examples', examples.map((example) => [`keyward ${example}`, ''] as const)),
  ])
}

function membersOf(name: string, family: Family): (readonly [string, string])[] {
  return Object.entries(family.commands).map(([member, { summary }]) => [`${name} ${member}`, summary])
}

function optionRows(options: OptionTable): (readonly [string, string])[] {
  return Object.entries(options).map(([name, { short, value, multiple, description }]) => {
    const start = `${short === undefined ? '' : `-${short}, `}--${name}`
    return [`${start}${value === undefined ? '' : ` ${value}`}${multiple === true ? ' ...' : ''}`, description]
  })
}

function block(title: string, rows: readonly (readonly [string, string])[]): string | undefined {
  if (rows.length === 0) return undefined
  const width = Math.max(...rows.map(([start]) => start.length))
  return [`${title}:`, ...rows.map(([start, rest]) => `  ${start.padEnd(width)}  ${rest}`.trimEnd())].join('\n')
}

function sections(parts: readonly (string | undefined)[]): string {
  return `${parts.filter((part) => part !== undefined).join('\n\n')}\n`
}
