import type { Mac } from '../crypto/provider.ts'
import { Operation } from '../kmip/generated/enums.ts'
import { MACRequest, MACResponse } from '../kmip/payload/mac.ts'
import { uses } from '../model/usage.ts'
import { keyUseReasons } from './key-use-reasons.ts'
import { nothing } from './key-use.ts'
import { operation } from './operation.ts'
import { runPart } from './parts.ts'
import type { Parts } from './parts.ts'

/** KMIP 2.1 6.1.32 MAC. */
export const mac = operation({
  code: Operation.MAC,
  since: '1.2',
  request: MACRequest,
  response: MACResponse,
  reasons: keyUseReasons,
  async handle(request, context) {
    const part = await runPart(context, request, context.batch.data(request.data), macParts)
    const { uniqueIdentifier, correlationValue, result } = part
    if (correlationValue !== undefined) return { uniqueIdentifier, correlationValue }
    context.batch.output('MACMACData', result)
    return { uniqueIdentifier, macData: result }
  },
})

const macParts: Parts<Mac, Buffer> = {
  code: Operation.MAC,
  use: uses.macGenerate,
  once({ provider, key, parameters }, data) {
    return provider.mac(key, parameters, data)
  },
  open({ provider, key, parameters }) {
    return provider.openMac(key, parameters)
  },
  update(stream, data) {
    stream.update(data)
    return nothing
  },
  async final(stream, _key, data) {
    stream.update(data)
    return stream.final()
  },
}
