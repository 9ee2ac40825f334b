import { BlockCipherMode, CryptographicAlgorithm } from '../kmip/generated/enums.ts'

/** How a mode is run: with padding, as a stream, authenticated, or as a key wrap. */
export type ModeKind = 'padded' | 'stream' | 'aead' | 'wrap'

export interface CipherMode {
  /** OpenSSL's name; sm4-gcm is ours. */
  readonly name: string
  readonly kind: ModeKind
  /** Bytes of the IV that the server makes, 0 for none; what it accepts is from `ivMin` to `ivMax`. */
  readonly ivLength: number
  readonly ivMin: number
  readonly ivMax: number
  /** Needs all data at once, so parts are collected until the last. */
  readonly whole: boolean
  /** Bytes of a cipher block, 1 for a stream cipher. */
  readonly blockLength: number
}

export interface SymmetricFamily {
  readonly algorithm: number
  /** Cryptographic Lengths in bits; empty: any whole number of bytes. */
  readonly lengths: readonly number[]
  /** Bytes of the material for a Cryptographic Length. */
  materialLength(bits: number): number
  /** The modes of a key whose material has so many bytes; `noMode` where the algorithm takes none. */
  modes(materialLength: number): ReadonlyMap<number, CipherMode>
}

/** Stands for an absent Block Cipher Mode: stream ciphers have none. */
export const noMode = 0

export function symmetricFamily(algorithm: number): SymmetricFamily | undefined {
  return families.get(algorithm)
}

export function symmetricFamilies(): Iterable<SymmetricFamily> {
  return families.values()
}

function family(
  algorithm: number,
  lengths: readonly number[],
  modesOf: (bits: number) => readonly (readonly [number, CipherMode])[] = () => [],
  materialLength: (bits: number) => number = (bits) => bits / 8,
): SymmetricFamily {
  const byLength = new Map<number, ReadonlyMap<number, CipherMode>>()
  for (const bits of lengths) byLength.set(materialLength(bits), new Map(modesOf(materialLength(bits) * 8)))
  return { algorithm, lengths, materialLength, modes: (length) => byLength.get(length) ?? noModes }
}

/** ECB, CBC, CFB (of a whole block), OFB and, for 128-bit blocks, CTR. */
function blockModes(name: string, blockLength: number, ctr: boolean): (readonly [number, CipherMode])[] {
  const iv = { ivLength: blockLength, ivMin: blockLength, ivMax: blockLength }
  const rest = { whole: false, blockLength }
  const modes: (readonly [number, CipherMode])[] = [
    [BlockCipherMode.ECB, { name: `${name}-ecb`, kind: 'padded', ivLength: 0, ivMin: 0, ivMax: 0, ...rest }],
    [BlockCipherMode.CBC, { name: `${name}-cbc`, kind: 'padded', ...iv, ...rest }],
    [BlockCipherMode.CFB, { name: `${name}-cfb`, kind: 'stream', ...iv, ...rest }],
    [BlockCipherMode.OFB, { name: `${name}-ofb`, kind: 'stream', ...iv, ...rest }],
  ]
  if (ctr) modes.push([BlockCipherMode.CTR, { name: `${name}-ctr`, kind: 'stream', ...iv, ivMin: 1, ...rest }])
  return modes
}

function gcm(name: string): readonly [number, CipherMode] {
  const mode = { name: `${name}-gcm`, kind: 'aead', ivLength: 12, ivMin: 8, ivMax: 128, whole: false, blockLength: 16 }
  return [BlockCipherMode.GCM, mode as CipherMode]
}

function ccm(name: string): readonly [number, CipherMode] {
  const mode = { name: `${name}-ccm`, kind: 'aead', ivLength: 12, ivMin: 7, ivMax: 13, whole: true, blockLength: 16 }
  return [BlockCipherMode.CCM, mode as CipherMode]
}

function aesModes(bits: number): (readonly [number, CipherMode])[] {
  const xts = (half: number): readonly [number, CipherMode] => [BlockCipherMode.XTS, {
    name: `aes-${half}-xts`, kind: 'stream', ivLength: 16, ivMin: 16, ivMax: 16, whole: true, blockLength: 16,
  }]
  // A key of 512 bits is the two halves of XTS-AES-256 and nothing else.
  if (bits === 512) return [xts(256)]
  const wrap = { kind: 'wrap', ivLength: 0, ivMin: 0, ivMax: 0, whole: true, blockLength: 8 } as const
  const name = `aes-${bits}`
  const modes = [
    ...blockModes(name, 16, true), gcm(name), ccm(name),
    [BlockCipherMode.NISTKeyWrap, { name: `id-aes${bits}-wrap`, ...wrap }] as const,
    [BlockCipherMode.AESKeyWrapPadding, { name: `id-aes${bits}-wrap-pad`, ...wrap }] as const,
  ]
  return bits === 256 ? [...modes, xts(128)] : modes
}

function des3Modes(bits: number): (readonly [number, CipherMode])[] {
  return blockModes(bits === 128 ? 'des-ede' : 'des-ede3', 8, false)
}

/** Three DES keys: 168 bits of key (192 with parity) are 24 bytes, 112 (128) are 16. */
function des3Length(bits: number): number {
  return bits <= 128 ? 16 : 24
}

const chacha20: CipherMode = {
  name: 'chacha20', kind: 'stream', ivLength: 12, ivMin: 8, ivMax: 16, whole: false, blockLength: 1,
}
const chacha20Poly1305: CipherMode = {
  name: 'chacha20-poly1305', kind: 'aead', ivLength: 12, ivMin: 12, ivMax: 12, whole: false, blockLength: 1,
}

const noModes: ReadonlyMap<number, CipherMode> = new Map()
const anyByte: readonly number[] = []
const { AES, DES3, ChaCha20, ChaCha20Poly1305, Camellia, ARIA, SM4 } = CryptographicAlgorithm
const c = CryptographicAlgorithm

/**
 * What OpenSSL's default provider runs, then what can only be made, kept and given out (its legacy
 * provider is not loaded: no Blowfish, CAST5, SEED, IDEA, RC2, RC4 or single DES).
 */
const families: ReadonlyMap<number, SymmetricFamily> = new Map([
  family(AES, [128, 192, 256, 512], aesModes),
  family(DES3, [112, 128, 168, 192], des3Modes, des3Length),
  family(ChaCha20, [256], () => [[noMode, chacha20]]),
  family(ChaCha20Poly1305, [256], () => [[noMode, chacha20Poly1305], [BlockCipherMode.AEAD, chacha20Poly1305]]),
  family(Camellia, [128, 192, 256], (bits) => blockModes(`camellia-${bits}`, 16, true)),
  family(ARIA, [128, 192, 256], (bits) => {
    const name = `aria-${bits}`
    return [...blockModes(name, 16, true), gcm(name), ccm(name)]
  }),
  family(SM4, [128], () => [...blockModes('sm4', 16, true), gcm('sm4')]),
  family(c.DES, [56, 64], undefined, () => 8),
  family(c.SEED, [128]), family(c.IDEA, [128]), family(c.SKIPJACK, [80]),
  family(c.Blowfish, anyByte), family(c.CAST5, anyByte), family(c.RC2, anyByte), family(c.RC4, anyByte),
  family(c.RC5, anyByte), family(c.MARS, [128, 192, 256]), family(c.Twofish, [128, 192, 256]),
  family(c.GOST28147_89, [256]), family(c.GOSTR34_13_2015, [256]), family(c.Poly1305, [256]),
  family(c.OneTimePad, anyByte),
  family(c.HMAC_MD5, anyByte), family(c.HMAC_SHA1, anyByte), family(c.HMAC_SHA224, anyByte),
  family(c.HMAC_SHA256, anyByte), family(c.HMAC_SHA384, anyByte), family(c.HMAC_SHA512, anyByte),
  family(c.HMAC_SHA3_224, anyByte), family(c.HMAC_SHA3_256, anyByte), family(c.HMAC_SHA3_384, anyByte),
  family(c.HMAC_SHA3_512, anyByte), family(c.SM3, anyByte),
].map((entry) => [entry.algorithm, entry]))
