import { Tag } from './generated/tags.ts'
import { many, mask, nested, structure } from './schema.ts'
import type { Field, Infer } from './schema.ts'

/** Masks that the client accepts, any one of them, in its order of preference. */
export const ProtectionStorageMasks = structure('2.1 7.33', {
  protectionStorageMask: many(mask(Tag.ProtectionStorageMask)),
})
export type ProtectionStorageMasks = Infer<typeof ProtectionStorageMasks>

/** @param tag Protection Storage Masks or, for a key pair, its Common, Private or Public form */
export function protectionStorageMasks(tag: number): Field<ProtectionStorageMasks> {
  return nested(tag, ProtectionStorageMasks)
}
