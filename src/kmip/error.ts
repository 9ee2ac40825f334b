import type { ResultReason } from './generated/enums.ts'

export type ResultReasonName = keyof typeof ResultReason

/**
 * A request is refused, by us or (in the client) by the server. The message goes to the caller:
 * it never holds key material, nor anything of an object that the caller may not see.
 */
export class KmipError extends Error {
  override name = 'KmipError'
  readonly reason: ResultReasonName
  constructor(reason: ResultReasonName, message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}
