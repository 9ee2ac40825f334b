import { isUtf8 } from 'node:buffer'
import { KmipError } from '../kmip/error.ts'
import { decodeJson, encodeJson } from '../kmip/json.ts'
import { EncodingError } from '../kmip/text-value.ts'
import type { TextLimits } from '../kmip/text-value.ts'
import { decodeElement, encodeXml } from '../kmip/xml.ts'
import { ElementReader } from '../kmip/xml-element.ts'
import { Turn } from '../model/turn.ts'
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
  /** Lets others in. @returns the message in TTLV, or why there is none */
  toTtlv(bytes: Buffer, limits: Limits): Promise<Buffer | KmipError>
  /** The version that a message asks for which cannot be turned into TTLV, where that can be told. */
  versionOf(bytes: Buffer): Version | undefined
  /**
   * Lets others in between two batch items: an answer may be a hundred thousand items.
   *
   * @param message a Response Message
   * @returns the message as it is sent, or why it cannot be written
   */
  fromTtlv(message: Buffer): Promise<Buffer | KmipError>
}

export const encodings: Readonly<Record<string, Encoding>> = {
  'application/octet-stream': {
    contentType: 'application/octet-stream',
    toTtlv: (bytes) => Promise.resolve(bytes),
    versionOf: () => undefined,
    fromTtlv: (message) => Promise.resolve(message),
  },
  'text/xml': textEncoding('text/xml', {
    decode: decodeXml, encode: (item) => encodeXml(item, '  '), version: versionInXml,
    frame: ['<ResponseMessage>\n', '', '</ResponseMessage>\n'],
  }),
  'application/json': textEncoding('application/json', {
    decode: decodeJson, encode: encodeJson, version: versionInJson,
    frame: ['{"tag":"ResponseMessage","value":[', ',', ']}'],
  }),
}

interface TextCodec {
  readonly decode: (text: string, limits: TextLimits, turn: Turn) => Item | Promise<Item>
  /** Of what stands in a message. */
  readonly encode: (item: Item) => string
  /** What is before, between and behind the encoded items of a Response Message. */
  readonly frame: readonly [before: string, between: string, behind: string]
  /** Major and minor version, in their order. */
  readonly version: RegExp
}

function textEncoding(contentType: string, { decode, encode, frame, version }: TextCodec): Encoding {
  return {
    contentType,
    async toTtlv(bytes, { messageBytesMax, depthMax, itemsMax }) {
      const turn = new Turn()
      try {
        if (!isUtf8(bytes)) return new KmipError('CodecError', 'the text is not UTF-8')
        const item = await decode(bytes.toString(), { lengthMax: messageBytesMax, depthMax, itemsMax }, turn)
        if (turn.isOver) await turn.pass()
        const message = encodeItem(item)
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
    async fromTtlv(message) {
      const [before, between, behind] = frame
      const pieces: Buffer[] = []
      const turn = new Turn()
      try {
        for (const part of partsOf(message)) {
          if (turn.isOver) await turn.pass()
          pieces.push(Buffer.from(`${pieces.length === 0 ? before : between}${encode(decodeItem(part))}`))
        }
        return Buffer.concat([...pieces, Buffer.from(behind)])
      } catch (error) {
        if (!(error instanceof EncodingError)) throw error
        return new KmipError('GeneralFailure', `${error.message}; what was asked for is done`)
      }
    },
  }
}

/** A mebibyte of XML takes 60 ms to parse, and 50 more to make items of. */
async function decodeXml(text: string, limits: TextLimits, turn: Turn): Promise<Item> {
  const reader = new ElementReader(limits)
  for (let at = 0; at < text.length; at += pieceLength) {
    if (turn.isOver) await turn.pass()
    reader.write(text.slice(at, at + pieceLength))
  }
  const element = reader.end()
  if (turn.isOver) await turn.pass()
  return decodeElement(element)
}

/** Header and batch items of a message, each in TTLV; all that is in one is a structure. */
function* partsOf(message: Buffer): Iterable<Buffer> {
  for (let start = itemHeaderBytes; start < message.length;) {
    const end = start + itemHeaderBytes + message.readUInt32BE(start + 4)
    yield message.subarray(start, end)
    start = end
  }
}

/** In which XML is parsed: 4 ms of it. */
const pieceLength = 65_536
/** Tag, type and length. */
const itemHeaderBytes = 8
