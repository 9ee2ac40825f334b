import { CryptographicAlgorithm, RecommendedCurve } from '../kmip/generated/enums.ts'

/**
 * Bytes of the material of a symmetric key (or secret) of so many bits. Triple DES counts its bits
 * without parity or with it: 168 or 192 bits are 24 bytes (KMIP 2.1 3.1, Table 11).
 */
export function materialLength(algorithm: number | undefined, bits: number): number {
  if (algorithm === c.DES3) return bits <= 128 ? 16 : 24
  if (algorithm === c.DES) return 8
  return Math.ceil(bits / 8)
}

/** Bits of a symmetric key, from the bytes of its material. */
export function symmetricLength(algorithm: number | undefined, bytes: number): number {
  if (algorithm === c.DES3) return bytes === 16 ? 112 : 168
  if (algorithm === c.DES) return 56
  return bytes * 8
}

/** What is made where the client leaves the Cryptographic Length to the server; undefined: it may not. */
export function defaultLength(algorithm: number): number | undefined {
  return defaultLengths.get(algorithm)
}

/** The curve of an elliptic-curve key pair for which the client gives only a length. */
export function curveForLength(algorithm: number, bits: number | undefined): number | undefined {
  if (algorithm === c.Ed25519) return RecommendedCurve.CURVE25519
  if (algorithm === c.Ed448) return RecommendedCurve.CURVE448
  if (!ellipticAlgorithms.has(algorithm)) return undefined
  return nistCurves.get(bits ?? defaultCurveBits)
}

/** Qlength of the finite-field keys that are made: bits of the subgroup's order (FIPS 186-4 4.2). */
export function orderLength(algorithm: number, bits: number): number | undefined {
  return algorithm === c.DSA ? (bits <= 1024 ? 160 : 256) : undefined
}

/** Whether elliptic keys on the curve are those of X25519 or X448 (RFC 7748); Ed25519 and Ed448 are algorithms. */
export function agreesOnly(curve: number): boolean {
  return curve === r.CURVE25519 || curve === r.CURVE448
}

/** Whether keys of the algorithm lie on a curve that is named with them. */
export function isElliptic(algorithm: number): boolean {
  return ellipticAlgorithms.has(algorithm)
}

const c = CryptographicAlgorithm
const r = RecommendedCurve
const defaultCurveBits = 256

const ellipticAlgorithms: ReadonlySet<number> = new Set([c.EC, c.ECDSA, c.ECDH, c.ECMQV])

const nistCurves: ReadonlyMap<number, number> = new Map([
  [192, r.P_192], [224, r.P_224], [256, r.P_256], [384, r.P_384], [521, r.P_521],
])

const defaultLengths: ReadonlyMap<number, number> = new Map([
  [c.AES, 256], [c.DES3, 168], [c.Camellia, 256], [c.ARIA, 256], [c.SM4, 128], [c.SEED, 128], [c.IDEA, 128],
  [c.SKIPJACK, 80], [c.ChaCha20, 256], [c.ChaCha20Poly1305, 256], [c.Poly1305, 256],
  [c.HMAC_MD5, 128], [c.HMAC_SHA1, 160], [c.HMAC_SHA224, 224], [c.HMAC_SHA256, 256], [c.HMAC_SHA384, 384],
  [c.HMAC_SHA512, 512], [c.HMAC_SHA3_224, 224], [c.HMAC_SHA3_256, 256], [c.HMAC_SHA3_384, 384],
  [c.HMAC_SHA3_512, 512],
  [c.RSA, 2048], [c.DSA, 2048], [c.DH, 2048], [c.SM2, 256], [c.Ed25519, 256], [c.Ed448, 456],
])
