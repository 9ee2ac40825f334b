import type { KeyObject } from 'node:crypto'
import type { Secret } from '../kmip/secret.ts'
import { invalid } from './failure.ts'
import type { Key, KeyKind } from './provider.ts'
import type { CipherMode } from './symmetric.ts'

/** A key of the software provider: parsed once, at load. */
export interface SoftwareKey extends Key {
  readonly object: KeyObject
  /** The material that `object` was made of: raw, PKCS#8 or SubjectPublicKeyInfo. */
  readonly material: Secret
  /** Block cipher modes of a symmetric key. */
  readonly modes: ReadonlyMap<number, CipherMode>
}

/** @throws KmipError Invalid Field for a key of another kind */
export function checkKind(key: SoftwareKey, ...kinds: readonly KeyKind[]): void {
  if (!kinds.includes(key.kind)) throw invalid(`a ${key.kind} key cannot be used for this operation`)
}
