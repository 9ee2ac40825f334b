import { randomBytes } from 'node:crypto'
import type { RsaPrivate } from './asymmetric.ts'
import { unsignedInteger } from './der.ts'
import { invalid } from './failure.ts'

/** What a Transparent RSA Private Key may hold (KMIP 2.1 3.7): the modulus, and enough of the rest. */
export interface PartialRsa {
  readonly n: bigint
  readonly e?: bigint | undefined
  readonly d?: bigint | undefined
  readonly p?: bigint | undefined
  readonly q?: bigint | undefined
  readonly dp?: bigint | undefined
  readonly dq?: bigint | undefined
}

/**
 * Completes an RSA private key: from both primes, from one, or from n, e and d (NIST SP 800-56B
 * appendix C.1). A missing public exponent is taken from d and the primes, else it is 65537.
 *
 * @throws KmipError Invalid Field when the numbers are too few or do not belong together
 */
export function completeRsa(partial: PartialRsa): RsaPrivate {
  const { n } = partial
  if (n < 1n << 511n || n >= 1n << BigInt(modulusBitsMax)) throw invalid('the RSA modulus has 512 to 16384 bits')
  // A number of a mebibyte takes long to calculate with, and is none of these.
  if (Object.values(partial).some((number) => number > n)) throw invalid('the RSA numbers are above the modulus')
  if (partial.e !== undefined && partial.e >= 1n << exponentBitsMax) throw invalid('the RSA public exponent is not usable')
  const [p, q] = primesOf(partial)
  if (p * q !== n || p <= 1n || q <= 1n) throw invalid('the RSA primes are not those of the modulus')
  const phi = (p - 1n) * (q - 1n)
  const e = partial.e ?? (partial.d === undefined ? defaultExponent : inverse(partial.d, lcm(p - 1n, q - 1n)))
  const d = partial.d ?? inverse(e, phi)
  if ((e * d) % lcm(p - 1n, q - 1n) !== 1n) throw invalid('the RSA exponents do not belong together')
  return { type: 'rsa', n, e, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverse(q, p) }
}

/** @throws KmipError Invalid Field when there is none */
export function inverse(value: bigint, modulus: bigint): bigint {
  let [a, b] = [((value % modulus) + modulus) % modulus, modulus]
  let [x, y] = [1n, 0n]
  while (b !== 0n) {
    const quotient = a / b
    ;[a, b] = [b, a - quotient * b]
    ;[x, y] = [y, x - quotient * y]
  }
  if (a !== 1n) throw invalid('the numbers of the key do not belong together')
  return ((x % modulus) + modulus) % modulus
}

export function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n
  let square = base % modulus
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = (result * square) % modulus
    square = (square * square) % modulus
  }
  return result
}

function primesOf({ n, e, d, p, q, dp, dq }: PartialRsa): readonly [bigint, bigint] {
  if (p !== undefined && q !== undefined) return [p, q]
  const one = p ?? q
  if (one !== undefined && one > 1n) return [one, n / one]
  if (d === undefined) {
    throw invalid(dp !== undefined && dq !== undefined
      ? 'an RSA key of prime exponents alone cannot be completed'
      : 'the RSA private key lacks its private exponent and primes')
  }
  return factorByOrder(n, e ?? defaultExponent, d) ?? factor(n, e ?? defaultExponent, d)
}

/**
 * e·d - 1 is k times lcm(p-1, q-1), which is (p-1)(q-1) over their greatest common divisor: when that is
 * small, a guess of it gives k, and with it p + q.
 */
function factorByOrder(n: bigint, e: bigint, d: bigint): readonly [bigint, bigint] | undefined {
  const product = e * d - 1n
  for (let divisor = 1n; divisor <= divisorMax; divisor += 1n) {
    const k = (product * divisor) / n + 1n
    if ((product * divisor) % k !== 0n) continue
    const sum = n + 1n - (product * divisor) / k
    const square = sum * sum - 4n * n
    if (square < 0n) continue
    const root = squareRoot(square)
    if (root * root !== square) continue
    const [p, q] = [(sum + root) / 2n, (sum - root) / 2n]
    if (p * q === n) return [p, q]
  }
  return undefined
}

/** Rounded down; Newton's method from above. */
function squareRoot(value: bigint): bigint {
  if (value < 2n) return value
  let root = 1n << BigInt(Math.ceil(value.toString(2).length / 2))
  for (;;) {
    const next = (root + value / root) >> 1n
    if (next >= root) return root
    root = next
  }
}

/** A square root of 1 other than ±1 gives a prime; each try finds one with probability 1/2. */
function factor(n: bigint, e: bigint, d: bigint): readonly [bigint, bigint] {
  const product = e * d - 1n
  if (n >= 1n << factorBitsMax) throw invalid('an RSA key of this size needs its primes')
  if (product <= 0n || product % 2n !== 0n || d >= n) throw invalid('the RSA exponents do not belong together')
  let odd = product
  let twos = 0
  while (odd % 2n === 0n) {
    odd /= 2n
    twos += 1
  }
  const length = Math.ceil(n.toString(16).length / 2)
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    const start = unsignedInteger(randomBytes(length)) % n
    let root = power(start, odd, n)
    let squarings = 0
    for (; squarings < twos && root !== 1n && root !== n - 1n; squarings += 1) {
      const square = (root * root) % n
      if (square === 1n) {
        const p = gcd(root - 1n, n)
        return [p, n / p]
      }
      root = square
    }
    // Whatever the start, right exponents end in 1.
    if (squarings === twos && root !== 1n) break
  }
  throw invalid('the RSA exponents do not belong together')
}

function gcd(left: bigint, right: bigint): bigint {
  let [a, b] = [left, right]
  while (b !== 0n) [a, b] = [b, a % b]
  return a
}

function lcm(left: bigint, right: bigint): bigint {
  return (left / gcd(left, right)) * right
}

/** Bits; OpenSSL's own bound for public-key operations. */
export const modulusBitsMax = 16384
/** Bits: larger exponents make verification as dear as signing, and the search for primes twice as long. */
export const exponentBitsMax = 256n
const defaultExponent = 65537n
/** Right numbers fail so many tries with probability 2^-16; wrong ones show at the first, in 30 ms at most. */
const attemptsMax = 16
const factorBitsMax = 3072n
/** gcd(p-1, q-1) is above this for a few keys in a thousand, which are then factored the slow way. */
const divisorMax = 200n
