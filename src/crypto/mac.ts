import { createHmac } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { CryptographicParameters } from '../kmip/attribute-value.ts'
import { BlockCipherMode, CryptographicAlgorithm, HashingAlgorithm } from '../kmip/generated/enums.ts'
import { openCmac } from './cmac.ts'
import { HashingExtension } from '../kmip/extension.ts'
import { badParameters, guarded, unsupportedParameters } from './failure.ts'
import { hashInfo } from './hash.ts'
import type { HashInfo } from './hash.ts'
import { checkKind } from './key.ts'
import type { SoftwareKey } from './key.ts'
import type { Digest } from './provider.ts'

/**
 * MAC in several parts (KMIP 2.1 6.1.32). Which one, the parameters say: CMAC as the Block Cipher
 * Mode or as a block cipher for the Cryptographic Algorithm (PyKMIP), an HMAC as that algorithm, or a
 * Hashing Algorithm for HMAC; else the key's own algorithm, if that is an HMAC. Any symmetric key or
 * secret can key an HMAC.
 */
export function openMac(key: SoftwareKey, parameters: CryptographicParameters): Digest {
  checkKind(key, 'symmetric', 'secret')
  if (namesCmac(key, parameters)) return openBlockMac(key, parameters)
  const info = hmacHash(key.algorithm, parameters)
  const state = guarded(() => createHmac(info.name, key.object))
  return {
    update: (data) => void state.update(data),
    final: () => state.digest(),
  }
}

export function mac(key: SoftwareKey, parameters: CryptographicParameters, data: Buffer): Buffer {
  const state = openMac(key, parameters)
  return guarded(() => {
    state.update(data)
    return state.final()
  })
}

export function hmac(info: HashInfo, key: KeyObject, ...parts: readonly Uint8Array[]): Buffer {
  const state = createHmac(info.name, key)
  for (const part of parts) state.update(part)
  return state.digest()
}

/** The hash of an HMAC algorithm, or undefined for an algorithm that is none. */
export function hashOfHmac(algorithm: number | undefined): HashInfo | undefined {
  const hashingAlgorithm = algorithm === undefined ? undefined : hmacHashes.get(algorithm)
  return hashingAlgorithm === undefined ? undefined : hashInfo(hashingAlgorithm)
}

/**
 * The pseudorandom function that key and parameters agree on.
 *
 * @throws KmipError Invalid Field when they name none, or two
 */
export function hmacHash(keyAlgorithm: number, parameters: CryptographicParameters): HashInfo {
  const own = hashOfHmac(keyAlgorithm)
  const { cryptographicAlgorithm, hashingAlgorithm } = parameters
  const named = hashOfHmac(cryptographicAlgorithm)
  if (cryptographicAlgorithm !== undefined && named === undefined && cryptographicAlgorithm !== keyAlgorithm) {
    throw unsupportedParameters('the algorithm makes no MAC')
  }
  const hashed = hashingAlgorithm === undefined ? undefined : hashInfo(hashingAlgorithm)
  if (named !== undefined && hashed !== undefined && named !== hashed) {
    throw badParameters('the hashing algorithm contradicts the MAC algorithm')
  }
  const info = named ?? hashed ?? own
  if (info === undefined) throw badParameters('the cryptographic parameters name no MAC algorithm')
  if (own !== undefined && own !== info) throw badParameters('the key is for another MAC algorithm')
  return info
}

function namesCmac(key: SoftwareKey, parameters: CryptographicParameters): boolean {
  const { blockCipherMode, cryptographicAlgorithm, hashingAlgorithm } = parameters
  if (blockCipherMode !== undefined) return true
  if (hashingAlgorithm !== undefined || cryptographicAlgorithm !== key.algorithm) return false
  return key.modes.has(BlockCipherMode.CBC)
}

function openBlockMac(key: SoftwareKey, parameters: CryptographicParameters): Digest {
  const { blockCipherMode = BlockCipherMode.CMAC, cryptographicAlgorithm, hashingAlgorithm } = parameters
  if (blockCipherMode !== BlockCipherMode.CMAC) throw unsupportedParameters('the mode makes no MAC')
  if (hashingAlgorithm !== undefined) throw badParameters('CMAC takes no hashing algorithm')
  if (cryptographicAlgorithm !== undefined && cryptographicAlgorithm !== key.algorithm) {
    throw badParameters('the key is for another algorithm')
  }
  const cbc = key.modes.get(BlockCipherMode.CBC)
  if (cbc === undefined) throw unsupportedParameters('the algorithm has no CMAC')
  return guarded(() => openCmac(key.object, cbc.name, cbc.blockLength))
}

const c = CryptographicAlgorithm
const h = HashingAlgorithm

/** SM3 as the algorithm of a key stands for HMAC-SM3. */
export const hmacHashes: ReadonlyMap<number, number> = new Map<number, number>([
  [c.HMAC_MD5, h.MD5], [c.HMAC_SHA1, h.SHA_1], [c.HMAC_SHA224, h.SHA_224], [c.HMAC_SHA256, h.SHA_256],
  [c.HMAC_SHA384, h.SHA_384], [c.HMAC_SHA512, h.SHA_512], [c.HMAC_SHA3_224, h.SHA3_224],
  [c.HMAC_SHA3_256, h.SHA3_256], [c.HMAC_SHA3_384, h.SHA3_384], [c.HMAC_SHA3_512, h.SHA3_512],
  [c.SM3, HashingExtension.SM3],
])
