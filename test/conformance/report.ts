import type { Case } from './case-file.ts'
import type { Failure, Outcome } from './run-case.ts'

export interface Result {
  readonly case: Case
  readonly outcome: Outcome
  /** Why the case is listed as one that cannot pass. */
  readonly skipped?: string
}

/** A result is good when the case passed, or failed and is listed with a reason. A listed case that passes is not. */
export function isGood({ outcome, skipped }: Result): boolean {
  return outcome.passed === (skipped === undefined)
}

/** One test point of TAP 13, with what was expected and what came as its diagnosis. */
export function tapLines(result: Result, number: number): string {
  const { outcome, skipped } = result
  const title = `${number} - ${labelOf(result.case)}`
  if (skipped !== undefined) {
    if (!outcome.passed) return `not ok ${title} # TODO ${skipped}`
    return `not ok ${title}\n${yaml({ why: 'passes, but is listed as skipped' })}`
  }
  return outcome.failure === undefined ? `ok ${title}` : `not ok ${title}\n${diagnosis(outcome.failure)}`
}

/** Passed and total by version and kind, then by profile, as text. */
export function summary(results: readonly Result[]): string {
  const kinds = [...new Set(results.map((result) => kindOf(result.case)))].toSorted()
  const byVersion = table('version', kinds, results, (result) => result.case.version, (result) => kindOf(result.case))
  const versions = [...new Set(results.map((result) => result.case.version))].toSorted()
  const byProfile = table(
    'profile', versions, results, (result) => result.case.profile, (result) => result.case.version,
  )
  const good = results.filter((result) => result.outcome.passed).length
  const unexpected = results.filter((result) => !isGood(result)).length
  const skipped = results.filter((result) => isGood(result) && !result.outcome.passed).length
  return `${byVersion}\n\n${byProfile}\n\n${good} passed, ${unexpected} failed, ${skipped} skipped with a reason\n`
}

/** What a machine reads: one record per case. */
export function records(results: readonly Result[]): object[] {
  return results.map(({ case: { name, folder, version, profile, steps }, outcome, skipped }) => {
    return { name, folder, version, profile, of: steps.length, ...outcome, ...(skipped !== undefined && { skipped }) }
  })
}

function labelOf({ folder, name }: Case): string {
  return folder === '' ? name : `${folder}/${name}`
}

function kindOf({ folder }: Case): string {
  return folder.split('/').at(-1) || 'cases'
}

function diagnosis({ companion, step, operation, request, answer, error, difference }: Failure): string {
  return yaml({
    ...(companion !== undefined && { companion }),
    step: String(step),
    operation,
    ...(error !== undefined && { error }),
    ...difference,
    ...(request !== undefined && { request: shortened(request) }),
    ...(answer !== undefined && { answer: shortened(answer) }),
  })
}

function yaml(fields: Readonly<Record<string, string>>): string {
  const lines = Object.entries(fields).flatMap(([key, value]) => {
    if (!value.includes('\n')) return [`${key}: ${JSON.stringify(value)}`]
    return [`${key}: |`, ...value.split('\n').map((line) => `  ${line}`)]
  })
  return ['---', ...lines, '...'].map((line) => `  ${line}`).join('\n')
}

function table(
  corner: string, columns: readonly string[], results: readonly Result[],
  rowOf: (result: Result) => string, columnOf: (result: Result) => string,
): string {
  const rows = [...Map.groupBy(results, rowOf)].toSorted(([a], [b]) => a.localeCompare(b))
  const cells = rows.map(([row, members]) => {
    const counts = columns.map((column) => count(members.filter((result) => columnOf(result) === column)))
    return [row, ...counts, count(members)]
  })
  const lines = [[corner, ...columns, 'all'], ...cells, ['all', ...columns.map((column) => {
    return count(results.filter((result) => columnOf(result) === column))
  }), count(results)]]
  const widths = lines[0]!.map((_, index) => Math.max(...lines.map((line) => line[index]!.length)))
  return lines.map((line) => line.map((cell, index) => cell.padEnd(widths[index]!)).join('  ').trimEnd()).join('\n')
}

function count(results: readonly Result[]): string {
  return results.length === 0 ? '-' : `${results.filter(({ outcome }) => outcome.passed).length}/${results.length}`
}

function shortened(message: string): string {
  return message.split('\n').slice(0, messageLinesMax).join('\n')
}

/** Enough to see what was said; all of it is in the case. */
const messageLinesMax = 40
