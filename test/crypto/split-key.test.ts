import { createDiffieHellmanGroup, randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { SharingError, isSharingPrime, joinSecret, primeFor, splitSecret } from '../../src/crypto/split-key.ts'
import type { Sharing } from '../../src/crypto/split-key.ts'
import { SplitKeyMethod } from '../../src/kmip/generated/enums.ts'

const methods = Object.entries(SplitKeyMethod)

describe.each(methods)('%s', (_name, method) => {
  test.each([[2, 2], [5, 3], [7, 1], [100, 60]])('%i parts, of which %i are enough', async (parts, threshold) => {
    const sharing = await sharingOf(method, parts, method === SplitKeyMethod.XOR ? parts : threshold)
    const secret = randomBytes(32)
    secret[0] = 0
    const shares = await splitSecret(secret, sharing, randomBytes)
    expect(shares.map(({ identifier }) => identifier)).toEqual(Array.from({ length: parts }, (_, index) => index + 1))
    const enough = shares.toReversed().slice(0, sharing.threshold)
    expect(await joinSecret(enough, sharing)).toEqual(secret)
    expect(await joinSecret(shares, sharing, 32)).toEqual(secret)
    await expect(joinSecret(enough.slice(1), sharing)).rejects.toThrow(SharingError)
  })
})

test('parts beyond the threshold are held against the others', async () => {
  for (const method of [SplitKeyMethod.PolynomialSharingGF2_8, SplitKeyMethod.PolynomialSharingGF2_16]) {
    const sharing = { method, parts: 4, threshold: 2 }
    const [a, b, c] = await splitSecret(randomBytes(16), sharing, randomBytes)
    const [, , foreign] = await splitSecret(randomBytes(16), sharing, randomBytes)
    await expect(joinSecret([a!, b!, foreign!], sharing)).rejects.toThrow('of different secrets')
    expect(await joinSecret([a!, b!, c!], sharing)).toHaveLength(16)
  }
})

test('a hundred parts of a large key are joined while a client waits', async () => {
  const secret = randomBytes(508)
  // Of 4,096 bits; to look for one takes from seconds to minutes.
  const prime = BigInt(`0x${createDiffieHellmanGroup('modp16').getPrime('hex')}`)
  const sharing = { method: SplitKeyMethod.PolynomialSharingPrimeField, parts: 100, threshold: 50, prime }
  const shares = await splitSecret(secret, sharing, randomBytes)
  const start = performance.now()
  expect(await joinSecret(shares, sharing, secret.length)).toEqual(secret)
  expect(performance.now() - start).toBeLessThan(10_000)
})

// Worked out by hand: f(x) = 01 + 67x over GF(2^8), x^8 = x^4+x^3+x^2+1 (KMIP 2.1 13.1), at 1 to 4.
test('GF(2^8) is the field of the standard', async () => {
  const sharing = { method: SplitKeyMethod.PolynomialSharingGF2_8, parts: 4, threshold: 2 }
  const shares = await splitSecret(Buffer.from([0x01]), sharing, () => Buffer.from([0x67]))
  expect(shares.map(({ bytes }) => bytes.toString('hex'))).toEqual(['66', 'cf', 'a8', '80'])
})

// f(x) = y + yx at x = y: y + y*y = y + (y + m) = m, which is 3a. The element y is 0100, so that this is part 256.
test('GF(2^16) is the field of the standard', async () => {
  const sharing = { method: SplitKeyMethod.PolynomialSharingGF2_16, parts: 300, threshold: 2 }
  const shares = await splitSecret(Buffer.from([0x01, 0x00]), sharing, () => Buffer.from([0x01, 0x00]))
  expect(shares[0x100 - 1]!.bytes.toString('hex')).toBe('003a')
})

test('numbers that do not go together are refused', async () => {
  const of = (method: number, parts: number, threshold: number, prime?: bigint) =>
    splitSecret(Buffer.alloc(3, 0xff), { method, parts, threshold, prime }, randomBytes)
  await expect(of(SplitKeyMethod.XOR, 3, 2)).rejects.toThrow(SharingError)
  await expect(of(SplitKeyMethod.PolynomialSharingGF2_8, 2, 3)).rejects.toThrow(SharingError)
  await expect(of(SplitKeyMethod.PolynomialSharingGF2_8, 256, 3)).rejects.toThrow(SharingError)
  await expect(of(SplitKeyMethod.PolynomialSharingGF2_16, 2, 2)).rejects.toThrow(SharingError)
  await expect(of(SplitKeyMethod.PolynomialSharingPrimeField, 2, 2)).rejects.toThrow(SharingError)
  await expect(of(SplitKeyMethod.PolynomialSharingPrimeField, 2, 2, 17n)).rejects.toThrow(SharingError)
  await expect(of(99, 2, 2)).rejects.toThrow(SharingError)
  expect(await isSharingPrime(17n, 4)).toBe(true)
  expect(await isSharingPrime(17n, 5)).toBe(false)
  expect(await isSharingPrime(33n, 5)).toBe(false)
})

async function sharingOf(method: number, parts: number, threshold: number): Promise<Sharing> {
  const prime = method === SplitKeyMethod.PolynomialSharingPrimeField ? await primeFor(256) : undefined
  return { method, parts, threshold, prime }
}
