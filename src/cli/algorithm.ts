import { CryptographicAlgorithm, CryptographicUsageMask, RecommendedCurve } from '../kmip/generated/enums.ts'
import { UsageError } from './command.ts'
import { nameOf, valueByName, valuesByName } from './names.ts'

/** What to create, from the words of the command line. */
export interface NewKey {
  readonly isPair: boolean
  readonly cryptographicAlgorithm: number
  /** Bits. */
  readonly cryptographicLength?: number
  readonly recommendedCurve?: number
  /** Cryptographic Usage Mask of the symmetric or the private key. */
  readonly usage: number
  /** Of the public key. */
  readonly publicUsage: number
}

/**
 * @param usages names; without any, what keys of the algorithm are for
 * @throws UsageError
 */
export function newKey(
  algorithmText: string, length: number | undefined, curveText: string | undefined, usages: readonly string[],
): NewKey {
  const preset = presets[plain(algorithmText)]
  const algorithm = preset?.algorithm ?? algorithmByName(algorithmText)
  const family = families.get(algorithm)
  const curve = curveText === undefined ? preset?.curve ?? family?.curve : curveByName(curveText)
  if (curve !== undefined && family?.curve === undefined && preset?.curve === undefined) {
    throw new UsageError(`--curve: ${algorithmText} has no curve to choose`)
  }
  const bits = length ?? (curve === undefined ? preset?.length ?? family?.length : undefined)
  if (bits === undefined && curve === undefined) {
    throw new UsageError(`--length is missing: ${algorithmText} has no usual one`)
  }
  const asked = usages.length === 0 ? preset?.usages ?? family?.usages ?? ['encrypt', 'decrypt'] : usages
  const isPair = family?.isPair === true
  const bitsOfUse = valuesByName('--usage', CryptographicUsageMask, asked, usageAliases)
  return {
    isPair,
    cryptographicAlgorithm: algorithm,
    ...(bits !== undefined && { cryptographicLength: bits }),
    ...(curve !== undefined && { recommendedCurve: curve }),
    usage: sum(bitsOfUse.filter((bit) => !isPair || !publicUses.has(bit))),
    publicUsage: sum(bitsOfUse.filter((bit) => publicUses.has(bit) || sharedUses.has(bit))),
  }
}

/** @throws UsageError */
export function algorithmByName(text: string): number {
  return valueByName('--algorithm', CryptographicAlgorithm, text, algorithmAliases)
}

/** Bits of a Cryptographic Usage Mask. @throws UsageError */
export function usageMask(usages: readonly string[]): number {
  return sum(valuesByName('--usage', CryptographicUsageMask, usages, usageAliases))
}

/** What a key of this algorithm is for when nothing is said. */
export function usualUsage(algorithm: number, kind: 'symmetric' | 'private' | 'public'): number {
  const { usage, publicUsage } = newKey(nameOf(CryptographicAlgorithm, algorithm), 1, undefined, [])
  return kind === 'public' ? publicUsage : usage
}

function curveByName(text: string): number {
  return valueByName('--curve', RecommendedCurve, text, curveAliases)
}

function plain(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
}

function sum(bits: readonly number[]): number {
  return bits.reduce((total, bit) => total + bit, 0)
}

interface AlgorithmFamily {
  readonly isPair: boolean
  readonly length?: number
  readonly curve?: number
  readonly usages: readonly string[]
}

const c = CryptographicAlgorithm
const u = CryptographicUsageMask

const cipher = (length: number): AlgorithmFamily => ({ isPair: false, length, usages: ['encrypt', 'decrypt'] })
const mac = (length: number): AlgorithmFamily => ({ isPair: false, length, usages: ['mac-generate', 'mac-verify'] })
const signing = { isPair: true, usages: ['sign', 'verify'] }

/** What the algorithms that are used every day are made with. */
const families: ReadonlyMap<number, AlgorithmFamily> = new Map([
  [c.AES, cipher(256)], [c.DES3, cipher(168)], [c.ChaCha20, cipher(256)], [c.ChaCha20Poly1305, cipher(256)],
  [c.Camellia, cipher(256)], [c.ARIA, cipher(256)], [c.SM4, cipher(128)],
  [c.HMAC_SHA1, mac(160)], [c.HMAC_SHA224, mac(224)], [c.HMAC_SHA256, mac(256)], [c.HMAC_SHA384, mac(384)],
  [c.HMAC_SHA512, mac(512)], [c.HMAC_SHA3_256, mac(256)], [c.HMAC_SHA3_384, mac(384)], [c.HMAC_SHA3_512, mac(512)],
  [c.RSA, { ...signing, length: 2_048 }], [c.DSA, { ...signing, length: 2_048 }], [c.SM2, { ...signing, length: 256 }],
  [c.Ed25519, { ...signing, length: 256 }], [c.Ed448, { ...signing, length: 456 }],
  [c.EC, { ...signing, curve: RecommendedCurve.P_256 }], [c.ECDSA, { ...signing, curve: RecommendedCurve.P_256 }],
  [c.ECDH, { isPair: true, curve: RecommendedCurve.P_256, usages: ['key-agreement'] }],
  [c.DH, { isPair: true, length: 2_048, usages: ['key-agreement'] }],
])

/** Names of an algorithm on one curve. */
const presets: Readonly<Record<string, AlgorithmFamily & { readonly algorithm: number }>> = {
  x25519: { algorithm: c.ECDH, isPair: true, curve: RecommendedCurve.CURVE25519, usages: ['key-agreement'] },
  x448: { algorithm: c.ECDH, isPair: true, curve: RecommendedCurve.CURVE448, usages: ['key-agreement'] },
}

const algorithmAliases: Readonly<Record<string, string>> = { '3des': 'DES3', tripledes: 'DES3', hmac: 'HMAC_SHA256' }

const curveAliases: Readonly<Record<string, string>> = {
  prime256v1: 'P_256', secp256r1: 'P_256', secp384r1: 'P_384', secp521r1: 'P_521', secp224r1: 'P_224',
  prime192v1: 'P_192', secp192r1: 'P_192', x25519: 'CURVE25519', x448: 'CURVE448',
}

const usageAliases: Readonly<Record<string, string>> = {
  mac: 'MACGenerate', wrap: 'WrapKey', unwrap: 'UnwrapKey', derive: 'DeriveKey', agree: 'KeyAgreement',
}

/** What is done with the public half of a pair; everything else is the private one's. */
const publicUses: ReadonlySet<number> = new Set([u.Verify, u.Encrypt, u.WrapKey, u.MACVerify])

/** What both halves take part in. */
const sharedUses: ReadonlySet<number> = new Set([u.KeyAgreement, u.DeriveKey])
