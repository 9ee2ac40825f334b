import { createPrivateKey, createPublicKey, createSecretKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { CryptographicAlgorithm } from '../kmip/generated/enums.ts'
import { decodePkcs8, decodeSpki, encodePkcs8, encodeSpki } from './asymmetric.ts'
import { guarded, invalid } from './failure.ts'
import { checkPower } from './key-check.ts'
import type { SoftwareKey } from './key.ts'
import type { KeyKind, PlainKey, StoredKey } from './provider.ts'
import { symmetricFamily } from './symmetric.ts'
import type { CipherMode } from './symmetric.ts'

/** Parses stored material once. */
export function loadSoftware(stored: StoredKey): SoftwareKey {
  if ('reference' in stored) throw invalid('the key belongs to another provider')
  const { algorithm, length, curve, kind, bytes } = stored
  const modes = kind === 'symmetric' ? symmetricFamily(algorithm)?.modes(bytes.length) : undefined
  const object = guarded(() => keyObject(stored))
  return { algorithm, length, curve, kind, object, material: bytes, modes: modes ?? noModes }
}

function keyObject({ kind, algorithm, bytes }: PlainKey): KeyObject {
  const key = finite.has(algorithm) ? usableFinite(kind, bytes.reveal()) : bytes.reveal()
  if (kind === 'private') return createPrivateKey({ key, format: 'der', type: 'pkcs8' })
  if (kind === 'public') return createPublicKey({ key, format: 'der', type: 'spki' })
  return createSecretKey(key)
}

/**
 * Node agrees on secrets with Diffie-Hellman keys in PKCS#3 form only, which says nothing of q.
 *
 * @throws KmipError Feature Not Supported for a key that is kept, but too large to be used
 */
function usableFinite(kind: KeyKind, der: Buffer): Buffer {
  if (kind === 'private') {
    const numbers = decodePkcs8(der)
    if (numbers.type === 'dsa' || numbers.type === 'dh') checkPower(numbers)
    return numbers.type === 'dh' ? encodePkcs8({ ...numbers, q: undefined, j: undefined }) : der
  }
  const numbers = decodeSpki(der)
  return numbers.type === 'dh' ? encodeSpki({ ...numbers, q: undefined, j: undefined }) : der
}

const finite: ReadonlySet<number> = new Set([CryptographicAlgorithm.DSA, CryptographicAlgorithm.DH])
const noModes: ReadonlyMap<number, CipherMode> = new Map()
