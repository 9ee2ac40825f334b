import { KmipError } from '../kmip/error.ts'
import { AsynchronousIndicator, Operation } from '../kmip/generated/enums.ts'
import type { RequestMessage } from '../kmip/message.ts'
import { parseVersion } from '../kmip/version.ts'

/**
 * Whether the items of a message are taken on now and executed later (KMIP 2.1 9.2, 1.4 6.7). A client that leaves it
 * to the server is answered at once; one of 1.x, which can say no more than that it can wait, waits for what may be
 * slow.
 *
 * @param mayBe whether this client's requests are executed later at all
 * @throws KmipError Feature Not Supported for a batch that must be both, or must be what may not be
 */
export function isAsynchronous(
  { requestHeader: header, batchItem: items }: RequestMessage, mayBe: boolean,
): boolean {
  const { asynchronousIndicator: indicator, protocolVersion: version } = header
  if (indicator === AsynchronousIndicator.Optional && version < v2) {
    return mayBe && items.length === 1 && slowOperations.has(items[0]!.operation)
  }
  if (indicator !== AsynchronousIndicator.Mandatory) return false
  const immediate = items.filter(({ operation }) => immediateOperations.has(operation)).length
  if (immediate > 0 && immediate < items.length) {
    throw new KmipError('FeatureNotSupported', 'the batch has operations that are only answered at once')
  }
  if (immediate === 0 && !mayBe) {
    throw new KmipError('FeatureNotSupported', 'requests of this client are only answered at once')
  }
  return immediate === 0
}

const v2 = parseVersion('2.0')
/** KMIP 2.1 6.1.5, 6.1.38: never asynchronous. The role is the connection's, which is over by then. */
const immediateOperations: ReadonlySet<number> = new Set([
  Operation.Poll, Operation.Cancel, Operation.Process, Operation.QueryAsynchronousRequests, Operation.SetEndpointRole,
])
/** They search, or make keys and certificates. */
const slowOperations: ReadonlySet<number> = new Set([
  Operation.Locate, Operation.CreateKeyPair, Operation.ReKeyKeyPair, Operation.Certify, Operation.ReCertify,
  Operation.Validate, Operation.CreateSplitKey,
])
