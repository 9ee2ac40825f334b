import { UsageError } from './command.ts'
import type { Outcome } from './command.ts'
import type { Each } from './each.ts'
import { table } from './output.ts'

/**
 * What came of an operation on several objects, one row each. A single refusal is the command's
 * own; of several objects, each has its own line, and the answer is no when one was refused.
 *
 * @throws KmipError
 */
export function stateChange(results: readonly Each<unknown>[], done: string): Outcome {
  const [first, ...others] = results
  if (first === undefined) throw new UsageError('no object is named')
  if (others.length === 0 && 'error' in first) throw first.error
  const json = results.map((result) => {
    const { uniqueIdentifier } = result
    if (!('error' in result)) return { uniqueIdentifier, done: true }
    return { uniqueIdentifier, refused: { reason: result.error.reason, message: result.error.message } }
  })
  const rows = results.map((result) => [
    result.uniqueIdentifier, 'error' in result ? `${result.error.reason}: ${result.error.message}` : done,
  ])
  const isRefused = results.some((result) => 'error' in result)
  return { json, text: table(['unique identifier', 'result'], rows), ...(isRefused && { isNegative: true as const }) }
}
