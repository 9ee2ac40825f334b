import { Operation } from './generated/enums.ts'
import { keywardVendor } from './keyward-attribute.ts'
import { boolean, bytes, integer, many, nested, optional, structure, text } from './schema.ts'
import type { Infer } from './schema.ts'

/** Tags of ours that go over the wire; Query tells them (`extension-information.ts`). */
export const ExtensionTag = {
  EncryptionContextKey: 0x54_0301,
  EncryptionContextValue: 0x54_0302,
  EncryptionContextEntry: 0x54_0303,
  DataKeyLength: 0x54_0304,
  WithoutPlaintext: 0x54_0305,
  CiphertextSource: 0x54_0306,
  DataKeyPlaintext: 0x54_0307,
} as const

/**
 * What KMIP has no field for, as a Message Extension (KMIP 2.1 9.13) of the vendor "Keyward" beside the payload of
 * Encrypt and Decrypt. A request that has it means ciphertext that describes itself: Data of the answer to Encrypt, and
 * of the request of Decrypt, is a blob that names the version of the CMK that made it, and IV and tag are in it.
 */
const ContextEntry = structure('Keyward ciphertext 1', {
  key: text(ExtensionTag.EncryptionContextKey),
  value: text(ExtensionTag.EncryptionContextValue),
})

const Source = structure('Keyward ciphertext 1', {
  encryptionContext: many(nested(ExtensionTag.EncryptionContextEntry, ContextEntry)),
})

/** Vendor Extension of a request. */
export const CiphertextRequest = structure('Keyward ciphertext 1', {
  /** Authenticated, and not in the blob: decryption takes the same one, in any order. */
  encryptionContext: many(nested(ExtensionTag.EncryptionContextEntry, ContextEntry)),
  /** Bytes of a data key: Encrypt makes one and encrypts it, and takes no Data. */
  dataKeyLength: optional(integer(ExtensionTag.DataKeyLength)),
  /** The data key is not in the answer, only the blob. */
  withoutPlaintext: optional(boolean(ExtensionTag.WithoutPlaintext)),
  /** Encrypt takes as Data a blob, decrypts it under this context, and encrypts what comes out. */
  source: optional(nested(ExtensionTag.CiphertextSource, Source)),
})
export type CiphertextRequest = Infer<typeof CiphertextRequest>

/** Vendor Extension of the answer to a request for a data key. */
export const CiphertextAnswer = structure('Keyward ciphertext 1', {
  plaintext: bytes(ExtensionTag.DataKeyPlaintext),
})
export type CiphertextAnswer = Infer<typeof CiphertextAnswer>

/** String to string; the order of the keys does not count. */
export type EncryptionContext = Readonly<Record<string, string>>

export function contextEntries(context: EncryptionContext): { key: string; value: string }[] {
  return Object.entries(context).map(([key, value]) => ({ key, value }))
}

/** Whether the server understands the extension, at this operation. */
export function isCiphertextExtension(operation: number, vendorIdentification: string): boolean {
  return vendorIdentification === keywardVendor && (operation === Operation.Encrypt || operation === Operation.Decrypt)
}
