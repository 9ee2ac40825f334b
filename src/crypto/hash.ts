import { createHash, hash as hashAtOnce } from 'node:crypto'
import { HashingAlgorithm } from '../kmip/generated/enums.ts'
import { HashingExtension } from '../kmip/extension.ts'
import { invalid, notSupported } from './failure.ts'
import type { Digest } from './provider.ts'

export interface HashInfo {
  /** OpenSSL's name. */
  readonly name: string
  /** Bytes of a digest. */
  readonly length: number
  /** DER of the DigestInfo up to the digest (RFC 8017 9.2), where the hash has an object identifier for it. */
  readonly digestInfo: Buffer | undefined
}

/**
 * @throws KmipError Feature Not Supported for a hash that the provider has not, Invalid Field when
 *   none is given
 */
export function hashInfo(hashingAlgorithm: number | undefined): HashInfo {
  if (hashingAlgorithm === undefined) throw invalid('a hashing algorithm is required')
  const info = hashes.get(hashingAlgorithm)
  if (info === undefined) throw notSupported('the hashing algorithm is not supported')
  return info
}

export function hash(info: HashInfo, ...parts: readonly Uint8Array[]): Buffer {
  const [only, ...others] = parts
  if (only !== undefined && others.length === 0) return hashAtOnce(info.name, only, 'buffer')
  const state = createHash(info.name)
  for (const part of parts) state.update(part)
  return state.digest()
}

/** Hash in several parts (KMIP 2.1 6.1.22). */
export function openDigest(hashingAlgorithm: number): Digest {
  const state = createHash(hashInfo(hashingAlgorithm).name)
  return {
    update: (data) => void state.update(data),
    final: () => state.digest(),
  }
}

function entry(name: string, length: number, oid?: string): HashInfo {
  return { name, length, digestInfo: oid === undefined ? undefined : digestInfoPrefix(oid, length) }
}

/** SEQUENCE { SEQUENCE { OID, NULL }, OCTET STRING } without the octets; all lengths fit one byte. */
function digestInfoPrefix(oidHex: string, length: number): Buffer {
  const oid = Buffer.from(oidHex, 'hex')
  const header = Buffer.from([0x30, oid.length + 4, 0x06, oid.length])
  const algorithm = Buffer.concat([header, oid, Buffer.from([0x05, 0x00])])
  return Buffer.concat([
    Buffer.from([0x30, algorithm.length + 2 + length]), algorithm, Buffer.from([0x04, length]),
  ])
}

/** The hashes of KMIP that OpenSSL's default provider has, and SM3. */
export const hashes: ReadonlyMap<number, HashInfo> = new Map([
  [HashingAlgorithm.MD5, entry('md5', 16, '2a864886f70d0205')],
  [HashingAlgorithm.SHA_1, entry('sha1', 20, '2b0e03021a')],
  [HashingAlgorithm.SHA_224, entry('sha224', 28, '608648016503040204')],
  [HashingAlgorithm.SHA_256, entry('sha256', 32, '608648016503040201')],
  [HashingAlgorithm.SHA_384, entry('sha384', 48, '608648016503040202')],
  [HashingAlgorithm.SHA_512, entry('sha512', 64, '608648016503040203')],
  [HashingAlgorithm.RIPEMD_160, entry('ripemd160', 20, '2b24030201')],
  [HashingAlgorithm.SHA_512_224, entry('sha512-224', 28, '608648016503040205')],
  [HashingAlgorithm.SHA_512_256, entry('sha512-256', 32, '608648016503040206')],
  [HashingAlgorithm.SHA3_224, entry('sha3-224', 28, '608648016503040207')],
  [HashingAlgorithm.SHA3_256, entry('sha3-256', 32, '608648016503040208')],
  [HashingAlgorithm.SHA3_384, entry('sha3-384', 48, '608648016503040209')],
  [HashingAlgorithm.SHA3_512, entry('sha3-512', 64, '60864801650304020a')],
  [HashingExtension.SM3, entry('sm3', 32)],
])
