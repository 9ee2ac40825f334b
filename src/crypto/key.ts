import type { KeyObject } from 'node:crypto'
import { KmipError } from '../kmip/error.ts'
import type { Secret } from '../kmip/secret.ts'
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

/** @throws KmipError Invalid Object Type for a key of another kind, which "is not valid for the requested operation" */
export function checkKind({ kind }: Pick<Key, 'kind'>, ...kinds: readonly KeyKind[]): void {
  if (!kinds.includes(kind)) throw new KmipError('InvalidObjectType', `a ${kind} key cannot be used for this operation`)
}
