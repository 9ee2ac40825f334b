import { isUtf8 } from 'node:buffer'
import { KmipError } from '../kmip/error.ts'
import { decodeJson, encodeJson } from '../kmip/json.ts'
import { EncodingError } from '../kmip/text-value.ts'
import type { TextLimits } from '../kmip/text-value.ts'
import { decodeXml, encodeXml } from '../kmip/xml.ts'
import { decodeItem } from '../ttlv/item.ts'
import type { Item } from '../ttlv/item.ts'
import { encodeItem } from '../ttlv/writer.ts'
import type { Limits } from './limits.ts'

/** How a message is written outside, as opposed to the TTLV that the engine takes and gives. */
export interface Encoding {
  readonly contentType: string
  /** @returns the message in TTLV, or why there is none */
  toTtlv(bytes: Buffer, limits: Limits): Buffer | KmipError
  /** @returns the message as it is sent, or why it cannot be written */
  fromTtlv(message: Buffer): Buffer | KmipError
}

export const encodings: Readonly<Record<string, Encoding>> = {
  'application/octet-stream': {
    contentType: 'application/octet-stream',
    toTtlv: (bytes) => bytes,
    fromTtlv: (message) => message,
  },
  'text/xml': textEncoding('text/xml', decodeXml, encodeXml),
  'application/json': textEncoding('application/json', decodeJson, encodeJson),
}

function textEncoding(
  contentType: string, decode: (text: string, limits: TextLimits) => Item, encode: (item: Item) => string,
): Encoding {
  return {
    contentType,
    toTtlv(bytes, { messageBytesMax, depthMax }) {
      try {
        if (!isUtf8(bytes)) return new KmipError('InvalidMessage', 'the text is not UTF-8')
        const message = encodeItem(decode(bytes.toString(), { lengthMax: messageBytesMax, depthMax }))
        if (message.length <= messageBytesMax) return message
        return new KmipError('InvalidMessage', 'the message is too large')
      } catch (error) {
        if (!(error instanceof EncodingError)) throw error
        return new KmipError('InvalidMessage', error.message)
      }
    },
    fromTtlv(message) {
      try {
        return Buffer.from(encode(decodeItem(message)))
      } catch (error) {
        if (!(error instanceof EncodingError)) throw error
        return new KmipError('GeneralFailure', `${error.message}; what was asked for is done`)
      }
    },
  }
}
