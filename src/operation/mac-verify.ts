import { timingSafeEqual } from 'node:crypto'
import type { Mac } from '../crypto/provider.ts'
import { KmipError } from '../kmip/error.ts'
import { Operation } from '../kmip/generated/enums.ts'
import { MACVerifyRequest, MACVerifyResponse } from '../kmip/payload/mac-verify.ts'
import { uses } from '../model/usage.ts'
import { keyUseReasons } from './key-use-reasons.ts'
import { operation } from './operation.ts'
import { runPart, validity } from './parts.ts'
import type { Parts } from './parts.ts'

/** KMIP 2.1 6.1.33 MAC Verify. */
export const macVerify = operation({
  code: Operation.MACVerify,
  since: '1.2',
  request: MACVerifyRequest,
  response: MACVerifyResponse,
  reasons: keyUseReasons,
  async handle(request, context) {
    const parts: Parts<MacStream, boolean | undefined> = {
      code: Operation.MACVerify,
      use: uses.macVerify,
      async once({ provider, key, parameters }, data) {
        return isSame(await provider.mac(key, parameters, data), requireMac(request.macData))
      },
      async open({ provider, key, parameters }) {
        return { digest: await provider.openMac(key, parameters), mac: undefined }
      },
      update(stream, data) {
        stream.digest.update(data)
        stream.mac ??= request.macData
        return undefined
      },
      async final(stream, _key, data) {
        stream.digest.update(data)
        return isSame(await stream.digest.final(), requireMac(request.macData ?? stream.mac))
      },
    }
    return validity(await runPart(context, request, context.batch.data(request.data), parts))
  },
})

interface MacStream {
  readonly digest: Mac
  mac: Buffer | undefined
}

function requireMac(mac: Buffer | undefined): Buffer {
  if (mac === undefined) throw new KmipError('MissingData', 'there is no MAC Data')
  return mac
}

/** In constant time; of a different length they are different, which says nothing about the key. */
function isSame(computed: Buffer, given: Buffer): boolean {
  return computed.length === given.length && timingSafeEqual(computed, given)
}
