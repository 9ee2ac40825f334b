import { checkPrime, generatePrime } from 'node:crypto'
import { promisify } from 'node:util'
import { SplitKeyMethod } from '../kmip/generated/enums.ts'
import { Turn } from '../model/turn.ts'
import { unsignedBytes, unsignedInteger } from './der.ts'
import { inverse } from './rsa-numbers.ts'

/** How a secret is shared out (KMIP 2.1 2.8, 13.1). */
export interface Sharing {
  readonly method: number
  readonly parts: number
  readonly threshold: number
  /** Of Polynomial Sharing Prime Field. */
  readonly prime?: bigint | undefined
}

/** A part, with its Key Part Identifier: the place at which the polynomial was taken. */
export interface Share {
  readonly identifier: number
  readonly bytes: Buffer
}

/** The sharing, or the shares, are not possible. */
export class SharingError extends Error {}

/**
 * Splits a secret. Any `threshold` of the parts give it back, and fewer give nothing away. Many parts take seconds, in
 * which others are let in.
 *
 * @param random so many random bytes
 * @throws SharingError
 */
export async function splitSecret(
  secret: Buffer, sharing: Sharing, random: (length: number) => Buffer,
): Promise<Share[]> {
  const { method, parts, threshold } = sharing
  checkNumbers(sharing)
  const identifiers = Array.from({ length: parts }, (_, index) => index + 1)
  switch (method) {
    case SplitKeyMethod.XOR: {
      const pads = identifiers.slice(1).map(() => random(secret.length))
      return [pads.reduce(xor, secret), ...pads].map((bytes, index) => ({ identifier: index + 1, bytes }))
    }
    case SplitKeyMethod.PolynomialSharingPrimeField: {
      const prime = primeOf(sharing)
      const value = unsignedInteger(secret)
      if (value >= prime) throw new SharingError('the Prime Field Size is not above every secret of this length')
      const coefficients = [value, ...Array.from({ length: threshold - 1 }, () => randomBelow(prime, random))]
      const length = byteLength(prime)
      return shares(identifiers, (identifier) => {
        const at = BigInt(identifier)
        const point = coefficients.reduceRight((sum, coefficient) => (sum * at + coefficient) % prime, 0n)
        return unsignedBytes(point, length)
      })
    }
    default: {
      const { width, multiply } = fieldOf(method)
      if (secret.length % width !== 0) throw new SharingError(`the secret is no whole number of ${width} bytes`)
      const coefficients = [secret, ...Array.from({ length: threshold - 1 }, () => random(secret.length))]
      return shares(identifiers, (identifier) => pointAt(coefficients, identifier, width, multiply))
    }
  }
}

async function shares(identifiers: readonly number[], point: (identifier: number) => Buffer): Promise<Share[]> {
  const made: Share[] = []
  const turn = new Turn()
  for (const identifier of identifiers) {
    if (turn.isOver) await turn.pass()
    made.push({ identifier, bytes: point(identifier) })
  }
  return made
}

/**
 * The secret that the shares make, from as many as the threshold says; those beyond are held against it. Others are let
 * in between two shares.
 *
 * @param length bytes of the secret; of a prime field, whose shares do not tell, the most that it can hold if absent
 * @throws SharingError also for parts of different secrets, where it shows
 */
export async function joinSecret(shares: readonly Share[], sharing: Sharing, length?: number): Promise<Buffer> {
  const { method, threshold, parts } = sharing
  checkNumbers(sharing)
  const identifiers = new Set(shares.map(({ identifier }) => identifier))
  if (identifiers.size < shares.length) throw new SharingError('a part is there twice')
  if ([...identifiers].some((identifier) => identifier < 1 || identifier > parts)) {
    throw new SharingError('a Key Part Identifier is not one of the parts')
  }
  if (shares.length < threshold) throw new SharingError('there are fewer parts than the threshold')
  const used = shares.slice(0, threshold)
  const rest = shares.slice(threshold)
  if (method === SplitKeyMethod.PolynomialSharingPrimeField) return joinPrime(used, rest, primeOf(sharing), length)
  const [first] = shares
  if (shares.some(({ bytes }) => bytes.length !== first!.bytes.length)) throw new SharingError('the parts differ in length')
  if (method === SplitKeyMethod.XOR) return used.map(({ bytes }) => bytes).reduce(xor)
  const field = fieldOf(method)
  if (first!.bytes.length % field.width !== 0) throw new SharingError('the parts are not of the field')
  const turn = new Turn()
  for (const { identifier, bytes } of rest) {
    if (turn.isOver) await turn.pass()
    if (!interpolate(used, identifier, field).equals(bytes)) throw new SharingError('the parts are of different secrets')
  }
  if (turn.isOver) await turn.pass()
  return interpolate(used, 0, field)
}

/** @param bits of the secret; the prime has one more, so that it is above every such secret */
export function primeFor(bits: number): Promise<bigint> {
  return makePrime(bits + 1, { bigint: true })
}

/** A prime that a secret of so many bits can be shared in; not one of more than `primeBitsMax` bits. */
export async function isSharingPrime(prime: bigint, bits: number): Promise<boolean> {
  return prime > 2n ** BigInt(bits) && prime.toString(2).length <= primeBitsMax && await isPrime(prime)
}

function checkNumbers({ parts, threshold, method }: Sharing): void {
  if (threshold < 1 || threshold > parts) throw new SharingError('the threshold is not between 1 and the number of parts')
  if (method === SplitKeyMethod.XOR && threshold !== parts) throw new SharingError('XOR needs all parts')
  const most = method === SplitKeyMethod.PolynomialSharingGF2_8 ? 0xff : 0xffff
  if (parts > most) throw new SharingError(`the method has at most ${most} parts`)
}

async function joinPrime(
  used: readonly Share[], rest: readonly Share[], prime: bigint, length?: number,
): Promise<Buffer> {
  const points = used.map(({ identifier, bytes }) => ({ x: BigInt(identifier), y: unsignedInteger(bytes) }))
  if (points.some(({ y }) => y >= prime)) throw new SharingError('a part is not of the field')
  const turn = new Turn()
  for (const { identifier, bytes } of rest) {
    if (turn.isOver) await turn.pass()
    const { numerator, denominator } = interpolatePrime(points, BigInt(identifier), prime)
    const isSame = modulo(unsignedInteger(bytes) * denominator, prime) === numerator
    if (!isSame) throw new SharingError('the parts are of different secrets')
  }
  if (turn.isOver) await turn.pass()
  const { numerator, denominator } = interpolatePrime(points, 0n, prime)
  // The denominator comes of the identifiers alone, which are no secret.
  const secret = unsignedBytes(numerator * inverse(denominator, prime) % prime)
  const wanted = length ?? Math.floor((prime.toString(2).length - 1) / 8)
  if (secret.length > wanted && unsignedInteger(secret) !== 0n) throw new SharingError('the secret is too long')
  return unsignedBytes(unsignedInteger(secret), wanted)
}

/**
 * The value at a place of the polynomial through the points (Lagrange), as a fraction: to invert takes longer than all
 * the rest, so whoever needs the value does it once.
 */
function interpolatePrime(
  points: readonly { x: bigint; y: bigint }[], at: bigint, prime: bigint,
): { readonly numerator: bigint; readonly denominator: bigint } {
  let numerator = 0n
  let denominator = 1n
  for (const { x, y } of points) {
    let above = 1n
    let below = 1n
    for (const other of points) {
      if (other.x === x) continue
      above *= at - other.x
      below *= x - other.x
    }
    numerator = modulo(numerator * below + y * above * denominator, prime)
    denominator = modulo(denominator * below, prime)
  }
  return { numerator, denominator }
}

function primeOf({ prime, parts }: Sharing): bigint {
  if (prime === undefined || prime <= BigInt(parts)) throw new SharingError('the Prime Field Size is missing or too small')
  return prime
}

/** Uniform: a number of as many bits that is not below is thrown again. */
function randomBelow(limit: bigint, random: (length: number) => Buffer): bigint {
  const bits = BigInt(limit.toString(2).length)
  for (;;) {
    const number = unsignedInteger(random(byteLength(limit))) % 2n ** bits
    if (number < limit) return number
  }
}

function modulo(value: bigint, modulus: bigint): bigint {
  return (value % modulus + modulus) % modulus
}

function byteLength(value: bigint): number {
  return Math.ceil(value.toString(2).length / 8)
}

/** A field of characteristic 2, whose elements are `width` bytes and whose sum is XOR. */
interface Field {
  readonly width: number
  multiply(a: number, b: number): number
}

function fieldOf(method: number): Field {
  if (method === SplitKeyMethod.PolynomialSharingGF2_8) return { width: 1, multiply: multiply8 }
  if (method === SplitKeyMethod.PolynomialSharingGF2_16) return { width: 2, multiply: multiply16 }
  throw new SharingError('unknown Split Key Method')
}

function pointAt(coefficients: readonly Buffer[], at: number, width: number, multiply: Field['multiply']): Buffer {
  const point = Buffer.alloc(coefficients[0]!.length)
  for (let offset = 0; offset < point.length; offset += width) {
    const value = coefficients.reduceRight((sum, bytes) => multiply(sum, at) ^ bytes.readUIntBE(offset, width), 0)
    point.writeUIntBE(value, offset, width)
  }
  return point
}

/** The value at a place of the polynomial through the shares (Lagrange). */
function interpolate(shares: readonly Share[], at: number, { width, multiply }: Field): Buffer {
  const weights = shares.map(({ identifier }) => shares.reduce((weight, other) => {
    if (other.identifier === identifier) return weight
    const quotient = multiply(at ^ other.identifier, inverseIn(identifier ^ other.identifier, width, multiply))
    return multiply(weight, quotient)
  }, 1))
  const value = Buffer.alloc(shares[0]!.bytes.length)
  for (let offset = 0; offset < value.length; offset += width) {
    const sum = shares.reduce((total, { bytes }, index) =>
      total ^ multiply(weights[index]!, bytes.readUIntBE(offset, width)), 0)
    value.writeUIntBE(sum, offset, width)
  }
  return value
}

/** a to the power of the field's size less 2. */
function inverseIn(a: number, width: number, multiply: Field['multiply']): number {
  let result = 1
  let square = multiply(a, a)
  for (let bit = 1; bit < width * 8; bit += 1) {
    result = multiply(result, square)
    square = multiply(square, square)
  }
  return result
}

/** Products modulo x^8+x^4+x^3+x^2+1; neither branches nor tables, so that time tells nothing of the secret. */
function multiply8(a: number, b: number): number {
  let product = 0
  let shifted = a
  for (let bit = 0; bit < 8; bit += 1) {
    product ^= shifted & -(b >> bit & 1)
    shifted = (shifted << 1) ^ (0x11d & -(shifted >> 7 & 1))
  }
  return product & 0xff
}

/** (ry + s)(uy + v) in GF(2^8)[y]/(y^2+y+m), the first byte of an element being the factor of y. */
function multiply16(a: number, b: number): number {
  const [r, s, u, v] = [a >> 8, a & 0xff, b >> 8, b & 0xff]
  const sv = multiply8(s, v)
  const high = multiply8(r ^ s, u ^ v) ^ sv
  const low = multiply8(multiply8(r, u), extensionConstant) ^ sv
  return high << 8 | low
}

function xor(a: Buffer, b: Buffer): Buffer {
  return Buffer.from(a.map((byte, index) => byte ^ b[index]!))
}

/** m of the field GF(2^16). */
const extensionConstant = 0x3a
/** Bytes of a secret, or of a part: RSA keys of 8,192 bits fit, and one of a hundred parts takes 20 ms. */
export const sharedBytesMax = 8_192
/** Keys of symmetric algorithms and elliptic curves fit; testing greater primes takes too long. */
export const primeBitsMax = 4_160

const makePrime = promisify<number, { bigint: true }, bigint>(generatePrime)
const isPrime = promisify<bigint, boolean>(checkPrime)
