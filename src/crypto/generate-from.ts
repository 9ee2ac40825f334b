import { checkPrime, createECDH } from 'node:crypto'
import type { ByteKey, EcPrivate, RsaPrivate } from './asymmetric.ts'
import { curveParameters } from './curve.ts'
import type { ByteCurve, Curve } from './curve.ts'
import { unsignedBytes, unsignedInteger } from './der.ts'
import { completeRsa } from './rsa-numbers.ts'

/** Private keys out of given random numbers, where the generator is not OpenSSL's own. */

export type RandomBytes = (length: number) => Buffer

/**
 * Two random primes that are probably prime, held to FIPS 186-4 B.3.3: both of the upper quarter, so that their product
 * has all bits, not too near each other, and with a private exponent that is not small.
 *
 * @param bits of the modulus, a multiple of 16
 */
export async function rsaFrom(bits: number, random: RandomBytes): Promise<RsaPrivate> {
  for (;;) {
    const p = await primeFrom(bits / 2, random)
    const q = await primeFrom(bits / 2, random)
    const difference = p > q ? p - q : q - p
    if (difference >> BigInt(bits / 2 - 100) === 0n) continue
    const key = completeRsa({ n: p * q, e: publicExponent, p, q })
    if (key.d >> BigInt(bits / 2) !== 0n) return key
  }
}

/** A scalar with 64 bits more than the order has, reduced (FIPS 186-4 B.4.1). */
export function ecFrom(curve: Curve, random: RandomBytes): EcPrivate & { readonly point: Buffer } {
  const { n, orderLength } = curveParameters(curve)
  // To n - 2: SM2 signs with 1 + d, which n - 1 makes 0.
  const d = 1n + unsignedInteger(random(orderLength + 8)) % (n - 2n)
  const ecdh = createECDH(curve.name)
  ecdh.setPrivateKey(unsignedBytes(d, orderLength))
  return { type: 'ec', curve, d, point: ecdh.getPublicKey() }
}

/** Any bytes are a key (RFC 8032 5.1.5, RFC 7748 5). */
export function bytesFrom(curve: ByteCurve, random: RandomBytes): ByteKey {
  return { type: 'bytes', curve, bytes: random(curve.length) }
}

async function primeFrom(bits: number, random: RandomBytes): Promise<bigint> {
  for (;;) {
    const candidate = random(bits / 8)
    candidate[0]! |= 0xc0
    candidate[candidate.length - 1]! |= 1
    const value = unsignedInteger(candidate)
    if ((value - 1n) % publicExponent !== 0n && await isPrime(candidate)) return value
  }
}

/** As many rounds as OpenSSL takes for its own keys of this size. */
function isPrime(candidate: Buffer): Promise<boolean> {
  return new Promise((resolve, reject) => {
    checkPrime(candidate, (error, result) => (error instanceof Error ? reject(error) : resolve(result)))
  })
}

const publicExponent = 65_537n
