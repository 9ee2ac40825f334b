import { Operation } from '../kmip/generated/enums.ts'
import { PingRequest, PingResponse } from '../kmip/payload/ping.ts'
import { operation } from './operation.ts'

/** KMIP 2.1 6.1.36 Ping. */
export const ping = operation({
  code: Operation.Ping,
  since: '2.1',
  request: PingRequest,
  response: PingResponse,
  reasons: [],
  handle: () => ({}),
})
