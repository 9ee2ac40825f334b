import { ItemType } from '../ttlv/item.ts'
import { ExtensionTag } from './ciphertext-extension.ts'
import { HashingExtension, PaddingExtension, SignatureExtension } from './extension.ts'
import { Tag } from './generated/tags.ts'
import type { ExtensionInformation } from './payload/query.ts'
import { ProtectionTag } from './protection-information.ts'
import { parseVersion } from './version.ts'
import type { Version } from './version.ts'

/**
 * What Query tells of our extensions (KMIP 2.1 7.13): the fields of `ciphertext-extension.ts` and
 * `protection-information.ts`, values of `extension.ts`.
 */
export function extensionsOf(version: Version): ExtensionInformation[] {
  if (version < v2) return [...fields, ...places]
  return [...fields, ...places, ...values]
}

/** As the Extension List has it: the names alone. */
export function extensionNames(version: Version): ExtensionInformation[] {
  return extensionsOf(version).map(({ extensionName }) => ({ extensionName }))
}

const v2 = parseVersion('2.0')

const { EncryptionContextEntry: entry, CiphertextSource: source } = ExtensionTag
const { Structure, TextString, Integer, Boolean, ByteString, Enumeration } = ItemType

/** Fields of the Vendor Extension of "Keyward". */
const fields: ExtensionInformation[] = [
  field('Encryption Context Entry', entry, Structure, 'One key and its value', Tag.VendorExtension),
  field('Encryption Context Key', ExtensionTag.EncryptionContextKey, TextString, 'A key of the encryption context', entry),
  field('Encryption Context Value', ExtensionTag.EncryptionContextValue, TextString, 'The value of the key', entry),
  field('Data Key Length', ExtensionTag.DataKeyLength, Integer, 'Bytes of the data key to make', Tag.VendorExtension),
  field('Without Plaintext', ExtensionTag.WithoutPlaintext, Boolean, 'No data key in the clear', Tag.VendorExtension),
  field('Ciphertext Source', source, Structure, 'Data is a ciphertext of this context', Tag.VendorExtension),
  field('Data Key Plaintext', ExtensionTag.DataKeyPlaintext, ByteString, 'The data key in the clear', Tag.VendorExtension),
]

/** Of Server Information. */
const places: ExtensionInformation[] = [
  field('Protection Information', ProtectionTag.Information, Structure, 'Something that keeps keys', Tag.ServerInformation),
  field('Protection Name', ProtectionTag.Name, TextString, 'Its name', ProtectionTag.Information),
  field('Protection Level', ProtectionTag.Level, TextString, 'SOFTWARE, HSM or EXTERNAL', ProtectionTag.Information),
  field('Key Storage Mechanism', ProtectionTag.StorageMechanism, TextString, 'Of an HSM', ProtectionTag.Information),
  field('Protection State', ProtectionTag.State, TextString, 'Whether it is there', ProtectionTag.Information),
  field('Key Spec', ProtectionTag.KeySpec, TextString, 'What it may keep', ProtectionTag.Information),
]

/** Values of standard enumerations in the range of extensions. */
const values: ExtensionInformation[] = [
  value('SM3', Tag.HashingAlgorithm, HashingExtension.SM3, 'The hash SM3 (GB/T 32905)'),
  value('SM2 with SM3', Tag.DigitalSignatureAlgorithm, SignatureExtension.SM2WithSM3, 'SM2 signatures (GB/T 32918.2)'),
  value('SM2 ASN.1', Tag.PaddingMethod, PaddingExtension.SM2ASN1, 'SM2 ciphertext in ASN.1 (GB/T 35276)'),
]

function field(
  extensionName: string, extensionTag: number, extensionType: number, extensionDescription: string, parent: number,
): ExtensionInformation {
  return { extensionName, extensionTag, extensionType, extensionParentStructureTag: parent, extensionDescription }
}

function value(
  extensionName: string, extensionTag: number, code: number, extensionDescription: string,
): ExtensionInformation {
  // An Integer has a sign, and codes of extensions have the highest bit.
  return { extensionName, extensionTag, extensionType: Enumeration, extensionEnumeration: code - 2 ** 32, extensionDescription }
}
