import { randomUUID } from 'node:crypto'
import { KmipError, RefusedWithPayload } from '../kmip/error.ts'
import { ResultStatus } from '../kmip/generated/enums.ts'
import type { ResponseBatchItem } from '../kmip/message.ts'
import type { Version } from '../kmip/version.ts'
import { resultReason } from '../model/reason.ts'
import { StoreUnavailable } from '../store/store.ts'
import { TtlvError } from '../ttlv/item.ts'

/** Where bugs and faults of the surroundings are written, for the operator's eyes only. */
export interface FaultLog {
  error(details: object, message: string): void
}

/**
 * A failed batch item: always with operation and batch item id where they are known, Result Reason
 * and a Result Message that is not empty; clients read all four (facts: clients.md findings 5, 7).
 */
export function failure(
  request: { operation?: number; uniqueBatchItemID?: Buffer | undefined }, error: KmipError, version: Version,
): ResponseBatchItem {
  return {
    ...(request.operation !== undefined && { operation: request.operation }),
    ...(request.uniqueBatchItemID !== undefined && { uniqueBatchItemID: request.uniqueBatchItemID }),
    resultStatus: ResultStatus.OperationFailed,
    resultReason: resultReason(error.reason, version, request.operation),
    resultMessage: error.message,
    ...(error instanceof RefusedWithPayload && { responsePayload: error.payload }),
    messageExtension: [],
  }
}

/** The failure of a message that could not be read as far as its batch items. */
export function failureOf(error: unknown, version: Version, log: FaultLog): ResponseBatchItem {
  return failure({}, toKmipError(error, log), version)
}

/**
 * By fault: bad bytes and refusals are told as they are; anything else is ours: a fixed text, and
 * the cause in the log under an id that the client is given too.
 */
export function toKmipError(error: unknown, log: FaultLog): KmipError {
  if (error instanceof KmipError) return error
  if (error instanceof TtlvError) return new KmipError('CodecError', error.message)
  const id = randomUUID()
  log.error({ err: error, id }, 'a request failed for a reason of the server')
  if (error instanceof StoreUnavailable) {
    return new KmipError('GeneralFailure', `the store cannot take changes now (${id})`)
  }
  return new KmipError('GeneralFailure', `internal error (${id})`)
}
