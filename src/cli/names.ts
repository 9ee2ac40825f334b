import { UsageError } from './command.ts'

/**
 * The value of an enumeration by its name as people write it: case and punctuation do not count,
 * so that `sha-256`, `SHA_256` and `sha256` are one.
 *
 * @param aliases further names, already without punctuation
 * @throws UsageError
 */
export function valueByName(
  option: string, names: Readonly<Record<string, number>>, text: string,
  aliases: Readonly<Record<string, string>> = {},
): number {
  const plain = normal(text)
  const wanted = aliases[plain] ?? text
  const found = Object.entries(names).find(([name]) => normal(name) === normal(wanted))
  if (found !== undefined) return found[1]
  const known = Object.keys(names).map(writtenName)
  const list = known.length <= listedMax ? `: one of ${known.join(', ')}` : ''
  throw new UsageError(`${option}: there is no ${text}${list}`)
}

/** Several names, separated by commas or in several options. */
export function valuesByName(
  option: string, names: Readonly<Record<string, number>>, texts: readonly string[],
  aliases: Readonly<Record<string, string>> = {},
): number[] {
  const parts = texts.flatMap((text) => text.split(',')).filter((part) => part.trim() !== '')
  return [...new Set(parts.map((part) => valueByName(option, names, part.trim(), aliases)))]
}

/** `KeyCompromise` as `key-compromise`. */
export function writtenName(name: string): string {
  return name.replaceAll('_', '-').replaceAll(/([a-z])([A-Z])/g, '$1-$2').toLowerCase()
}

/** The name of a value, or its number in hexadecimal. */
export function nameOf(names: Readonly<Record<string, number>>, value: number): string {
  return Object.entries(names).find(([, each]) => each === value)?.[0] ?? `0x${value.toString(16).padStart(8, '0')}`
}

function normal(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
}

const listedMax = 24
