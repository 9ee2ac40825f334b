import type { ResultReason } from './generated/enums.ts'
import type { OutgoingPayload } from './message.ts'

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

/** A refusal that has more to say than a message: the failed item has a payload (KMIP 2.1 6.1.7). */
export class RefusedWithPayload extends KmipError {
  readonly payload: OutgoingPayload
  constructor(reason: ResultReasonName, message: string, payload: OutgoingPayload) {
    super(reason, message)
    this.payload = payload
  }
}
