import { UsageError } from './command.ts'

/**
 * A date of the command line: ISO 8601, in the time zone of this machine when it names none.
 *
 * @returns seconds since 1970-01-01 UTC
 * @throws UsageError
 */
export function parseDate(option: string, text: string): number {
  const match = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(Z|[+-]\d\d:\d\d)?)?$/.exec(text)
  const [, day, time = '00:00:00', zone = ''] = match ?? []
  const moment = Date.parse(`${day}T${time}${zone}`)
  if (match === null || Number.isNaN(moment) || !isDay(day!)) {
    throw new UsageError(`${option} is a date such as 2030-01-31, 2030-01-31T12:00:00 or 2030-01-31T12:00:00Z`)
  }
  return Math.floor(moment / 1_000)
}

/** `Date.parse` takes the 31st of any month for a day of the next one. */
function isDay(day: string): boolean {
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day)
}
