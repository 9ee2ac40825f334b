import { CryptographicParameters } from './attribute-value.ts'
import { Tag } from './generated/tags.ts'
import { bytes, integer, many, nested, optional, structure } from './schema.ts'
import type { Infer } from './schema.ts'

/** 1.x has the data once; which of the fields a method needs is in KMIP 2.1 7.12. */
export const DerivationParameters = structure('2.1 7.12', {
  cryptographicParameters: optional(nested(Tag.CryptographicParameters, CryptographicParameters)),
  initializationVector: optional(bytes(Tag.InitializationVector)),
  derivationData: many(bytes(Tag.DerivationData)),
  salt: optional(bytes(Tag.Salt)),
  iterationCount: optional(integer(Tag.IterationCount)),
})
export type DerivationParameters = Infer<typeof DerivationParameters>
