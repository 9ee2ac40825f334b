import { isUtf8 } from 'node:buffer'
import { KmipError } from '../kmip/error.ts'
import { decodeJson, encodeJson } from '../kmip/json.ts'
import { EncodingError } from '../kmip/text-value.ts'
import type { TextLimits } from '../kmip/text-value.ts'
import { decodeXml, encodeXml } from '../kmip/xml.ts'
import { toVersion } from '../kmip/version.ts'
import type { Version } from '../kmip/version.ts'
import { decodeItem } from '../ttlv/item.ts'
import type { Item } from '../ttlv/item.ts'
import { encodeItem } from '../ttlv/writer.ts'
import type { Limits } from './limits.ts'

/** Of a text that is not well-formed, too: what its head looks like is enough to answer in the client's version. */
const versionInXml = /<ProtocolVersionMajor\s[^>]*value="(\d)"[^>]*>\s*<ProtocolVersionMinor\s[^>]*value="(\d)"/
const versionInJson =
  /"ProtocolVersionMajor"[^}]*"value"\s*:\s*(\d)[^}]*\}\s*,\s*\{[^}]*"ProtocolVersionMinor"[^}]*"value"\s*:\s*(\d)/
/** In which the version has to stand. */
const headBytesMax = 1_024

/** How a message is written outside, as opposed to the TTLV that the engine takes and gives. */
export interface Encoding {
  readonly contentType: string
  /** @returns the message in TTLV, or why there is none */
  toTtlv(bytes: Buffer, limits: Limits): Buffer | KmipError
  /** The version that a message asks for which cannot be turned into TTLV, where that can be told. */
  versionOf(bytes: Buffer): Version | undefined
  /** @returns the message as it is sent, or why it cannot be written */
  fromTtlv(message: Buffer): Buffer | KmipError
}

export const encodings: Readonly<Record<string, Encoding>> = {
  'application/octet-stream': {
    contentType: 'application/octet-stream',
    toTtlv: (bytes) => bytes,
    versionOf: () => undefined,
    fromTtlv: (message) => message,
  },
  'text/xml': textEncoding('text/xml', { decode: decodeXml, encode: encodeXml, version: versionInXml }),
  'application/json': textEncoding('application/json', { decode: decodeJson, encode: encodeJson, version: versionInJson }),
}

interface TextCodec {
  readonly decode: (text: string, limits: TextLimits) => Item
  readonly encode: (item: Item) => string
  /** Major and minor version, in their order. */
  readonly version: RegExp
}

function textEncoding(contentType: string, { decode, encode, version }: TextCodec): Encoding {
  return {
    contentType,
    toTtlv(bytes, { messageBytesMax, depthMax, itemsMax }) {
      try {
        if (!isUtf8(bytes)) return new KmipError('CodecError', 'the text is not UTF-8')
        const message = encodeItem(decode(bytes.toString(), { lengthMax: messageBytesMax, depthMax, itemsMax }))
        if (message.length <= messageBytesMax) return message
        return new KmipError('InvalidMessage', 'the message is too large')
      } catch (error) {
        if (!(error instanceof EncodingError)) throw error
        return new KmipError('CodecError', error.message)
      }
    },
    versionOf(bytes) {
      const [, major, minor] = version.exec(bytes.toString('latin1', 0, headBytesMax)) ?? []
      return major === undefined ? undefined : toVersion(Number(major), Number(minor))
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
