import { ValidityIndicator } from '../kmip/generated/enums.ts'
import type { Outcome } from './command.ts'
import { nameOf } from './names.ts'

/** The answer of a check: anything but "valid" is a no. */
export function validity(uniqueIdentifier: string, validityIndicator: number): Outcome {
  const answer = nameOf(ValidityIndicator, validityIndicator)
  return {
    json: { uniqueIdentifier, validityIndicator: answer },
    text: answer.toLowerCase(),
    ...(validityIndicator !== ValidityIndicator.Valid && { isNegative: true as const }),
  }
}
