import { boolean, bytes, dateTime, integer, interval, many, nested, optional, structure, text } from '../kmip/schema.ts'
import { decodeItem } from '../ttlv/item.ts'
import { TtlvWriter } from '../ttlv/writer.ts'
import type {
  CiphertextFormat, Cmk, CmkClass, CmkOrigin, CmkStatus, CmkUsage, KeyStorageMechanism, ProtectionLevelName,
} from './cmk.ts'

/** The stored form of a CMK. */
export function encodeCmk({ revision: ignored, ...cmk }: Cmk): Buffer {
  const writer = new TtlvWriter()
  CmkRecord.encode(writer, cmkTag, { format: currentFormat, ...cmk, ...copies(cmk) }, stored)
  return writer.take()
}

/** @throws Error when the bytes are not a record of a format that this version knows */
export function decodeCmk(revision: number, data: Buffer): Cmk {
  const { format, ...cmk } = CmkRecord.decode(decodeItem(data), stored)
  if (format !== currentFormat) throw new Error(`record of CMK ${cmk.id} has format ${format}`)
  return {
    ...cmk,
    revision,
    usage: cmk.usage as CmkUsage,
    origin: cmk.origin as CmkOrigin,
    protectionLevel: cmk.protectionLevel as ProtectionLevelName,
    keyStorageMechanism: cmk.keyStorageMechanism as KeyStorageMechanism | undefined,
    keyClass: cmk.keyClass as CmkClass,
    status: cmk.status as CmkStatus,
    ciphertextFormat: cmk.ciphertextFormat as CiphertextFormat | undefined,
  }
}

function copies({ versions, aliases, tags }: Pick<Cmk, 'versions' | 'aliases' | 'tags'>) {
  return { versions: [...versions], aliases: [...aliases], tags: [...tags] }
}

const Version = structure('Keyward CMK 1', {
  uniqueIdentifier: text(0x54_0101),
  publicKey: optional(text(0x54_0102)),
  creationDate: dateTime(0x54_0103),
})

const ImportParameters = structure('Keyward CMK 1', {
  wrapping: text(0x54_0120),
  token: text(0x54_0121),
  publicKey: text(0x54_0122),
  publicKeyInfo: bytes(0x54_0123),
  expireDate: dateTime(0x54_0124),
})

const CmkTagRecord = structure('Keyward CMK 1', {
  key: text(0x54_0104),
  value: text(0x54_0105),
})

const CmkRecord = structure('Keyward CMK 1', {
  format: integer(0x54_0106),
  id: text(0x54_0107),
  account: text(0x54_0108),
  arn: text(0x54_011d),
  creator: text(0x54_0109),
  creationDate: dateTime(0x54_010a),
  keySpec: text(0x54_010b),
  usage: text(0x54_010c),
  origin: text(0x54_010d),
  protectionLevel: text(0x54_010e),
  instance: optional(text(0x54_0130)),
  keyStorageMechanism: optional(text(0x54_0134)),
  keyClass: text(0x54_010f),
  service: optional(text(0x54_0110)),
  status: text(0x54_0111),
  deleteDate: optional(dateTime(0x54_0112)),
  deletionProtection: boolean(0x54_0113),
  deletionProtectionDescription: optional(text(0x54_0114)),
  rotationAutomatic: boolean(0x54_0115),
  rotationInterval: optional(interval(0x54_0116)),
  rotationLastDate: dateTime(0x54_0117),
  materialExpireDate: optional(dateTime(0x54_0118)),
  importParameters: optional(nested(0x54_011f, ImportParameters)),
  versions: many(nested(0x54_0119, Version)),
  aliases: many(text(0x54_011a)),
  description: optional(text(0x54_011b)),
  ciphertextFormat: optional(text(0x54_0131)),
  tags: many(nested(0x54_011c, CmkTagRecord)),
})

const cmkTag = 0x54_0100
const currentFormat = 1
/** A version above all others: nothing is left out because a version does not know it. */
const stored = { version: 9_999 }
