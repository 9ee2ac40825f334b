import { Tag } from './generated/tags.ts'
import { EncryptionKeyInformation, MACSignatureKeyInformation } from './object.ts'
import { enumeration, many, nested, optional, since, structure, text } from './schema.ts'
import type { Infer } from './schema.ts'

/** How a key is to be wrapped before it is sent, and which of its attributes go inside. */
export const KeyWrappingSpecification = structure('2.1 7.18', {
  wrappingMethod: enumeration(Tag.WrappingMethod),
  encryptionKeyInformation: optional(nested(Tag.EncryptionKeyInformation, EncryptionKeyInformation)),
  macSignatureKeyInformation: optional(nested(Tag.MACSignatureKeyInformation, MACSignatureKeyInformation)),
  attributeName: many(text(Tag.AttributeName)),
  encodingOption: since('1.1', optional(enumeration(Tag.EncodingOption))),
})
export type KeyWrappingSpecification = Infer<typeof KeyWrappingSpecification>
