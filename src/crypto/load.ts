import { createPrivateKey, createPublicKey, createSecretKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { guarded, invalid } from './failure.ts'
import type { SoftwareKey } from './key.ts'
import type { PlainKey, StoredKey } from './provider.ts'
import { symmetricFamily } from './symmetric.ts'
import type { CipherMode } from './symmetric.ts'

/** Parses stored material once. */
export function loadSoftware(stored: StoredKey): SoftwareKey {
  if ('reference' in stored) throw invalid('the key belongs to another provider')
  const { algorithm, length, curve, kind, bytes } = stored
  const modes = kind === 'symmetric' ? symmetricFamily(algorithm)?.modes(bytes.length) : undefined
  return { algorithm, length, curve, kind, object: guarded(() => keyObject(stored)), material: bytes, modes: modes ?? noModes }
}

function keyObject({ kind, bytes }: PlainKey): KeyObject {
  const key = bytes.reveal()
  if (kind === 'private') return createPrivateKey({ key, format: 'der', type: 'pkcs8' })
  if (kind === 'public') return createPublicKey({ key, format: 'der', type: 'spki' })
  return createSecretKey(key)
}

const noModes: ReadonlyMap<number, CipherMode> = new Map()
