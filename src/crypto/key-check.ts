import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { CryptographicAlgorithm } from '../kmip/generated/enums.ts'
import { KmipError } from '../kmip/error.ts'
import type { Awaitable } from '../model/awaitable.ts'
import { decodePkcs8, decodeSpki } from './asymmetric.ts'
import type {
  ByteKey, EcPrivate, EcPublic, FinitePrivate, FinitePublic, PrivateNumbers, PublicNumbers, RsaPrivate, RsaPublic,
} from './asymmetric.ts'
import { convertPoint, curveParameters, publicPoint, sm2Curve } from './curve.ts'
import { DerError } from './der.ts'
import { invalid, notSupported } from './failure.ts'
import type { KeySpec, PlainKey } from './provider.ts'
import { exponentBitsMax, modulusBitsMax, power } from './rsa-numbers.ts'
import { symmetricFamily } from './symmetric.ts'

/**
 * Checks material from outside, which OpenSSL does not: sizes, scalars in range, the public part
 * belonging to the private one, points on their curves.
 *
 * @throws KmipError Invalid Field for material that is no sound key of its kind, Feature Not
 *   Supported for an algorithm or curve that the provider has not
 */
export function checkMaterial(material: PlainKey): Awaitable<void> {
  switch (material.kind) {
    case 'secret': return checkSecret(material)
    case 'symmetric': return checkSymmetric(material)
    case 'private': return checkPrivate(material)
    default: return checkPublic(material)
  }
}

/** The numbers of a private key, or Invalid Field. */
export function privateNumbers(der: Buffer): PrivateNumbers {
  return decoded(() => decodePkcs8(der))
}

export function publicNumbers(der: Buffer): PublicNumbers {
  return decoded(() => decodeSpki(der))
}

/** Decodes what a client sent: any error of the decoder is the client's, not ours. */
export function decoded<T>(decode: () => T): T {
  try {
    return decode()
  } catch (error) {
    if (error instanceof KmipError) throw error
    if (error instanceof DerError) throw invalid(`the key material cannot be decoded: ${error.message}`)
    throw invalid('the key material is not a sound key')
  }
}

/** Cryptographic Length (bits) and curve, as the numbers themselves have them. */
export function specOf(numbers: PrivateNumbers | PublicNumbers): Omit<KeySpec, 'algorithm'> {
  switch (numbers.type) {
    case 'rsa': return { length: bitLength(numbers.n) }
    case 'ec': return { length: numbers.curve.bits, curve: numbers.curve.id }
    case 'bytes': return { length: numbers.curve.bits, curve: numbers.curve.id }
    default: return { length: bitLength(numbers.p) }
  }
}

/** Whether keys of this Cryptographic Algorithm have such numbers. */
export function matchesAlgorithm(algorithm: number, numbers: PrivateNumbers | PublicNumbers): boolean {
  switch (numbers.type) {
    case 'rsa': return algorithm === c.RSA
    case 'dsa': return algorithm === c.DSA
    case 'dh': return algorithm === c.DH
    case 'ec':
      if (numbers.curve === sm2Curve) return algorithm === c.SM2
      return algorithm === c.EC || algorithm === c.ECDSA || algorithm === c.ECDH || algorithm === c.ECMQV
    default:
      if (algorithm === c.EC) return true
      if (numbers.curve.name === 'ed25519') return algorithm === c.Ed25519
      if (numbers.curve.name === 'ed448') return algorithm === c.Ed448
      return algorithm === c.ECDH
  }
}

export function bitLength(value: bigint): number {
  return value.toString(2).length
}

function checkSecret({ bytes }: PlainKey): void {
  if (bytes.length > secretBytesMax) throw invalid('the secret is too long')
}

function checkSymmetric({ algorithm, length, bytes }: PlainKey): void {
  const family = symmetricFamily(algorithm)
  if (family === undefined) throw notSupported('the cryptographic algorithm is not supported')
  if (bytes.length === 0 || bytes.length > secretBytesMax) throw invalid('the key has the wrong length')
  const fits = family.lengths.length === 0 ? length % 8 === 0 : family.lengths.includes(length)
  if (!fits || family.materialLength(length) !== bytes.length) {
    throw invalid('the key has the wrong length for its algorithm')
  }
  if (algorithm === c.AES && length === 512 && bytes.reveal().subarray(0, 32).equals(bytes.reveal().subarray(32))) {
    throw invalid('the halves of an XTS key differ')
  }
}

function checkPrivate(material: PlainKey): Awaitable<void> {
  const numbers = privateNumbers(material.bytes.reveal())
  checkSpec(material, numbers)
  switch (numbers.type) {
    case 'rsa': checkRsaPrivate(numbers); break
    case 'ec': checkEcPrivate(numbers); break
    case 'bytes': checkBytes(numbers); break
    default: checkFinitePrivate(numbers)
  }
  const object = decoded(() => createPrivateKey({ key: material.bytes.reveal(), format: 'der', type: 'pkcs8' }))
  return numbers.type === 'rsa' ? selfTestRsa(object, numbers.n) : undefined
}

function checkPublic(material: PlainKey): void {
  const numbers = publicNumbers(material.bytes.reveal())
  checkSpec(material, numbers)
  switch (numbers.type) {
    case 'rsa': checkRsaPublic(numbers); break
    case 'ec': checkEcPublic(numbers); break
    case 'bytes': checkBytes(numbers); break
    default: checkFinitePublic(numbers)
  }
  decoded(() => createPublicKey({ key: material.bytes.reveal(), format: 'der', type: 'spki' }))
}

function checkSpec(material: PlainKey, numbers: PrivateNumbers | PublicNumbers): void {
  if (!matchesAlgorithm(material.algorithm, numbers)) throw invalid('the key is of another algorithm')
  const { length, curve } = specOf(numbers)
  if (length !== material.length) throw invalid('the key has another cryptographic length')
  if (material.curve !== undefined && material.curve !== curve) throw invalid('the key is on another curve')
}

/**
 * 512 bits are weak but the conformance cases and old devices have them; even moduli and exponents
 * and e = 1 are no keys.
 */
function checkRsaPublic({ n, e }: RsaPublic): void {
  const bits = bitLength(n)
  if (bits < modulusBitsMin || bits > modulusBitsMax) throw invalid('the RSA modulus has 512 to 16384 bits')
  if (n % 2n === 0n) throw invalid('the RSA modulus is even')
  if (e < 3n || e % 2n === 0n || e >= 1n << exponentBitsMax) throw invalid('the RSA public exponent is not usable')
}

function checkRsaPrivate(key: RsaPrivate): void {
  checkRsaPublic(key)
  const { n, e, d, p, q, dp, dq, qi } = key
  const ok = p > 1n && q > 1n && p !== q && p * q === n && d > 1n && d < n &&
    (e * dp) % (p - 1n) === 1n && (e * dq) % (q - 1n) === 1n && dp === d % (p - 1n) && dq === d % (q - 1n) &&
    qi < p && (qi * q) % p === 1n
  if (!ok) throw invalid('the numbers of the RSA key do not belong together')
}

/**
 * The equations hold for composite "primes" too; what they sign does not verify. In a thread of its own: OpenSSL notices, and
 * takes ten times as long as for a sound key.
 */
async function selfTestRsa(key: KeyObject, n: bigint): Promise<void> {
  if (bitLength(n) > selfTestBitsMax) return
  const signature = await new Promise<Buffer | undefined>((resolve) => {
    sign('sha256', selfTestValue, key, (error, made) => resolve(error === null ? made : undefined))
  })
  const isSound = signature !== undefined && decoded(() => verify('sha256', selfTestValue, createPublicKey(key), signature))
  if (!isSound) throw invalid('the RSA key does not work')
}

/** SM2 signing never ends with d = n - 1, so its keys go up to n - 2 (GB/T 32918.1 6.1). */
function checkEcPrivate({ curve, d, point }: EcPrivate): void {
  const { n } = curveParameters(curve)
  const max = curve === sm2Curve ? n - 2n : n - 1n
  if (d < 1n || d > max) throw invalid('the private key is out of range')
  if (point === undefined) return
  const own = publicPoint(curve, d)
  if (!decoded(() => convertPoint(curve, point, 'uncompressed')).equals(own)) {
    throw invalid('the public key does not belong to the private key')
  }
}

function checkEcPublic({ curve, point }: EcPublic): void {
  decoded(() => convertPoint(curve, point, 'uncompressed'))
}

function checkBytes({ curve, bytes }: ByteKey): void {
  if (bytes.length !== curve.length) throw invalid('the key has the wrong length')
}

function checkGroup({ p, q, g }: FinitePrivate | FinitePublic): void {
  const bits = bitLength(p)
  if (bits < modulusBitsMin || bits > finiteBitsMax) throw invalid('the prime has 512 to 8192 bits')
  if (p % 2n === 0n || g < 2n || g > p - 2n) throw invalid('the group is not usable')
  if (q !== undefined && bitLength(q) > orderBitsMax) throw notSupported('the order of the group is too large')
  if (q !== undefined && (q < 3n || (p - 1n) % q !== 0n || power(g, q, p) !== 1n)) {
    throw invalid('the generator is not of the order q')
  }
}

function checkFinitePrivate(key: FinitePrivate): void {
  checkGroup(key)
  if (key.x < 1n || key.x >= (key.q ?? key.p - 1n)) throw invalid('the private key is out of range')
  checkPower(key)
}

/** @throws KmipError Feature Not Supported for a private key whose use would hold up the event loop */
export function checkPower({ p, x }: FinitePrivate): void {
  if (bitLength(p) ** 2 * bitLength(x) > powerWorkMax) {
    throw notSupported('the private key is too large for a prime of this size')
  }
}

function checkFinitePublic(key: FinitePublic): void {
  checkGroup(key)
  if (key.y < 2n || key.y > key.p - 2n) throw invalid('the public key is out of range')
  if (key.q !== undefined && power(key.y, key.q, key.p) !== 1n) throw invalid('the public key is not of the order q')
}

const c = CryptographicAlgorithm
const modulusBitsMin = 512
const finiteBitsMax = 8192
/** Powers of this size take 30 ms in the event loop at most; usual orders have 160 to 256 bits. */
const orderBitsMax = 512
/**
 * Bits of the prime, squared, times those of the exponent: such a power takes 20 ms in the event loop, and OpenSSL makes one
 * whenever it reads a private key. Usual exponents for primes of 8192 bits have 400.
 */
const powerWorkMax = 4096 ** 3
/** The private operation takes 150 ms at 8192 bits, for a key that is not sound; the threads are few. */
const selfTestBitsMax = 8192
const selfTestValue = Buffer.from('0123456789abcdef', 'hex')
/** Bytes. */
const secretBytesMax = 0x10_0000
