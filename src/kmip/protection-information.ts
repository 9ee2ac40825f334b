import { decodeItem } from '../ttlv/item.ts'
import type { Item } from '../ttlv/item.ts'
import { TtlvWriter } from '../ttlv/writer.ts'
import { many, optional, structure, text } from './schema.ts'
import type { Infer } from './schema.ts'

export const ProtectionTag = {
  Information: 0x54_0400, Name: 0x54_0401, Level: 0x54_0402, StorageMechanism: 0x54_0403, State: 0x54_0404,
  KeySpec: 0x54_0405,
} as const

/**
 * What Query tells in Server Information, which has room for what is a vendor's own, of something that keeps keys: which
 * key specs may live there, and whether it can be reached now.
 */
export const ProtectionInformation = structure('Keyward protection information', {
  name: text(ProtectionTag.Name),
  /** SOFTWARE, HSM or EXTERNAL. */
  protectionLevel: text(ProtectionTag.Level),
  /** HsmInternal or HsmEncryptedDatabase. */
  keyStorageMechanism: optional(text(ProtectionTag.StorageMechanism)),
  /** up, connecting, down or refused. */
  state: text(ProtectionTag.State),
  keySpec: many(text(ProtectionTag.KeySpec)),
})
export type ProtectionInformation = Infer<typeof ProtectionInformation>

export function protectionItem(information: ProtectionInformation): Item {
  const writer = new TtlvWriter()
  ProtectionInformation.encode(writer, tag, information, coding)
  return decodeItem(writer.take())
}

/** Those of the items of Server Information that are such. */
export function protectionIn(items: readonly Item[]): ProtectionInformation[] {
  return items.filter((item) => item.tag === tag).map((item) => ProtectionInformation.decode(item, coding))
}

const tag = ProtectionTag.Information
const coding = { version: 9_999 }
