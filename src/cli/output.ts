import type { Outcome } from './command.ts'

/** JSON for scripts, ending with a line feed. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}

/** Bytes that go to standard output as they are, or with `--json` as `data` in hexadecimal. */
export function outputBytes(about: object, data: Buffer): Outcome {
  return { json: { ...about, data: data.toString('hex') }, text: '', bytes: data }
}

/** Columns under their headings, for people. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  return columns([headings.map((heading) => heading.toUpperCase()), ...rows])
}

/** One line for each name and its value, for people. */
export function fields(rows: readonly (readonly [name: string, value: string])[]): string {
  return columns(rows)
}

/**
 * A moment for people: in the time zone of this machine, and in UTC where that is another.
 *
 * @param seconds since 1970-01-01 UTC
 */
export function dateText(seconds: number): string {
  const moment = new Date(seconds * 1_000)
  if (Number.isNaN(moment.getTime())) return `${seconds} s since 1970`
  const offsetMinutes = -moment.getTimezoneOffset()
  if (offsetMinutes === 0) return `${plainDate(moment)} UTC`
  const local = new Date(moment.getTime() + offsetMinutes * 60_000)
  const hours = Math.trunc(Math.abs(offsetMinutes) / 60)
  const offset = `${offsetMinutes < 0 ? '-' : '+'}${twoDigits(hours)}:${twoDigits(Math.abs(offsetMinutes) % 60)}`
  return `${plainDate(local)} ${offset} (${plainDate(moment)} UTC)`
}

/** ISO 8601 in UTC, for scripts. @param seconds since 1970-01-01 UTC */
export function isoDate(seconds: number): string | number {
  const moment = new Date(seconds * 1_000)
  return Number.isNaN(moment.getTime()) ? seconds : moment.toISOString().replace('.000Z', 'Z')
}

/** The first of a list, as many as a column takes, and how many more there are; `--json` has them all. */
export function shortList(values: readonly string[]): string {
  const [first = '', ...others] = values.map((value) => (
    value.length > listColumns ? `${value.slice(0, listColumns - 1)}…` : value))
  let text = first
  let left = others.length
  for (const other of others) {
    if (text.length + 2 + other.length > listColumns) break
    text += `, ${other}`
    left -= 1
  }
  return left === 0 ? text : `${text} +${left}`
}

/** Terminals act on control characters, and names are what somebody else has chosen. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => (
    `\\u{${character.codePointAt(0)!.toString(16)}}`
  ))
}

function columns(rows: readonly (readonly string[])[]): string {
  const shown = rows.map((row) => row.map(printable))
  const widths = shown[0]?.map((_, at) => Math.max(...shown.map((row) => (row[at] ?? '').length))) ?? []
  return shown.map((row) => row.map((cell, at) => cell.padEnd(widths[at]!)).join('  ').trimEnd()).join('\n')
}

function plainDate(moment: Date): string {
  return moment.toISOString().slice(0, 19).replace('T', ' ')
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0')
}

/** So that a row with an identifier, a type and a state still fits a terminal of 132 columns. */
const listColumns = 40
