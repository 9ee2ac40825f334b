import { decodeItem } from '../ttlv/item.ts'
import type { Item } from '../ttlv/item.ts'
import { TtlvWriter } from '../ttlv/writer.ts'
import { many, optional, structure, text } from './schema.ts'
import type { Infer } from './schema.ts'

/**
 * What Query tells in Server Information, which has room for what is a vendor's own, of something that keeps keys: which
 * key specs may live there, and whether it can be reached now.
 */
export const ProtectionInformation = structure('Keyward protection information', {
  name: text(0x54_0401),
  /** SOFTWARE, HSM or EXTERNAL. */
  protectionLevel: text(0x54_0402),
  /** HsmInternal or HsmEncryptedDatabase. */
  keyStorageMechanism: optional(text(0x54_0403)),
  /** up, connecting, down or refused. */
  state: text(0x54_0404),
  keySpec: many(text(0x54_0405)),
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

const tag = 0x54_0400
const coding = { version: 9_999 }
