import { randomBytes } from 'node:crypto'
import { describe, expect } from 'vitest'
import {
  CryptographicAlgorithm, HashingAlgorithm, PaddingMethod, RecommendedCurve,
} from '../../src/kmip/generated/enums.ts'
import { KmipError } from '../../src/kmip/error.ts'
import type { CryptographicParameters } from '../../src/kmip/attribute-value.ts'
import type { Key, KeySpec, Provider } from '../../src/crypto/provider.ts'
import type { Awaitable } from '../../src/model/awaitable.ts'
import { refused } from './refused.ts'
import type { Harness } from './suite.ts'

/** What the provider makes, it can use as it says. */
export function ownKeys(harness: Harness): void {
  describe('own keys', () => {
    symmetricKeys(harness)
    keyPairs(harness)
    digests(harness)
    wrapping(harness)
  })
}

function symmetricKeys({ test }: Harness): void {
  test('every symmetric key that it makes encrypts and decrypts in every mode that it lists', async (provider) => {
    for (const entry of provider.capabilities.keys.filter((candidate) => candidate.generate && !candidate.curves)) {
      if (entry.encrypt.length === 0 || isPair(entry.algorithm)) continue
      for (const length of entry.lengths) {
        const key = await provider.load(await provider.generateKey({ algorithm: entry.algorithm, length }))
        expect(key).toMatchObject({ algorithm: entry.algorithm, length, kind: 'symmetric' })
        let worked = 0
        for (const mode of entry.encrypt) {
          const parameters = mode === 0 ? {} : { blockCipherMode: mode }
          worked += await roundTrip(provider, key, parameters) ? 1 : 0
        }
        expect(worked, `modes of ${entry.algorithm} with ${length} bits`).toBe(entry.encrypt.length)
      }
    }
  })
}

function keyPairs({ test }: Harness): void {
  test('every key pair that it makes is a pair: one verifies what the other signed', async (provider, skip) => {
    const specs = pairSpecs(provider)
    if (specs.length === 0) skip('makes no key pairs')
    for (const spec of specs) {
      const { privateKey, publicKey } = await pairOf(provider, spec)
      expect([privateKey.kind, publicKey.kind]).toEqual(['private', 'public'])
      if (spec.algorithm === CryptographicAlgorithm.ECDH) continue
      const parameters = signParameters.get(spec.algorithm) ?? {}
      const data = randomBytes(100)
      const signature = await provider.sign(privateKey, parameters, { data })
      expect(await provider.verify(publicKey, parameters, { data }, signature)).toBe(true)
      expect(await provider.verify(publicKey, parameters, { data: Buffer.from('other') }, signature)).toBe(false)
      const other = await pairOf(provider, spec)
      expect(await provider.verify(other.publicKey, parameters, { data }, signature)).toBe(false)
    }
  })
}

function digests({ test }: Harness): void {
  test('a digest signed is the data signed', async (provider, skip) => {
    for (const spec of pairSpecs(provider).filter(({ algorithm }) => digestAlgorithms.includes(algorithm))) {
      const { privateKey, publicKey } = await pairOf(provider, spec)
      const data = randomBytes(100)
      const state = provider.openDigest(HashingAlgorithm.SHA_256)
      state.update(data)
      const digest = state.final()
      const schemes: CryptographicParameters[] = spec.algorithm === CryptographicAlgorithm.RSA
        ? [PaddingMethod.PKCS1V1_5, PaddingMethod.PSS].map((paddingMethod) => ({ paddingMethod }))
        : [{}]
      for (const scheme of schemes) {
        const parameters = { ...scheme, hashingAlgorithm: HashingAlgorithm.SHA_256 }
        const ofDigest = await provider.sign(privateKey, parameters, { digest })
        const ofData = await provider.sign(privateKey, parameters, { data })
        expect(await provider.verify(publicKey, parameters, { data }, ofDigest)).toBe(true)
        expect(await provider.verify(publicKey, parameters, { digest }, ofData)).toBe(true)
        const short = digest.subarray(1)
        await refused(provider.sign.bind(provider, privateKey, parameters, { digest: short }), 'InvalidField')
      }
    }
    if (pairSpecs(provider).length === 0) skip('makes no key pairs')
  })
}

function wrapping({ test }: Harness): void {
  test('wraps and unwraps key bytes', async (provider) => {
    const bytes = randomBytes(32)
    for (const entry of provider.capabilities.keys) {
      for (const wrapping of entry.wrap) {
        const pair = isPair(entry.algorithm)
        const spec = { algorithm: entry.algorithm, length: entry.lengths.find(isMiddling) ?? entry.lengths[0]! }
        const named = pair ? { paddingMethod: wrapping } : { blockCipherMode: wrapping }
        const parameters = wrapping === 0 ? {} : named
        const keys = pair ? await pairOf(provider, spec) : undefined
        const key = keys?.publicKey ?? await provider.load(await provider.generateKey(spec))
        const opener = keys?.privateKey ?? key
        const wrapped = await ifSupported(() => provider.wrap(key, parameters, bytes))
        if (wrapped === undefined) continue
        const unwrapped = await provider.unwrap(opener, parameters, wrapped.data, { iv: wrapped.iv })
        expect(unwrapped.reveal().equals(bytes)).toBe(true)
      }
    }
  })
}

/** Encrypts and decrypts what fits the mode; false where the key's length has not that mode. */
async function roundTrip(provider: Provider, key: Key, parameters: CryptographicParameters): Promise<boolean> {
  for (const size of [16, 32, 48]) {
    const data = randomBytes(size)
    const encrypted = await ifSupported(() => provider.encrypt(key, parameters, { data }))
    if (encrypted === undefined) return false
    expect(encrypted.data.equals(data)).toBe(false)
    expect((await provider.decrypt(key, parameters, encrypted)).equals(data)).toBe(true)
  }
  return true
}

export async function ifSupported<T>(run: () => Awaitable<T>): Promise<T | undefined> {
  try {
    return await run()
  } catch (error) {
    if (error instanceof KmipError && notSupported.has(error.reason)) return undefined
    throw error
  }
}

export async function pairOf(
  provider: Provider, spec: KeySpec,
): Promise<{ privateKey: Key, publicKey: Key }> {
  const { privateKey, publicKey } = await provider.generateKeyPair(spec)
  return { privateKey: await provider.load(privateKey), publicKey: await provider.load(publicKey) }
}

/** One spec of every curve, and of every algorithm with the lengths that do not take long. */
function pairSpecs({ capabilities }: Provider): KeySpec[] {
  return capabilities.keys.filter(({ generate, algorithm }) => generate && isPair(algorithm)).flatMap((entry) => {
    if (entry.curves !== undefined) {
      const { algorithm } = entry
      return entry.curves.filter((curve) => algorithm !== c.EC || !montgomery.includes(curve))
        .map((curve) => ({ algorithm, length: curveLength(curve, algorithm), curve }))
    }
    return entry.lengths.filter((length) => length <= 2048).map((length) => ({ algorithm: entry.algorithm, length }))
  })
}

function curveLength(curve: number, algorithm: number): number {
  if (algorithm === CryptographicAlgorithm.Ed448) return 456
  const name = Object.entries(RecommendedCurve).find(([, value]) => value === curve)![0]
  return name === 'CURVE25519' ? 256 : Number(/\d{3}/.exec(name)![0])
}

/** A length that is quick to make, and long enough. */
function isMiddling(length: number): boolean {
  return length === 256 || length === 2048
}

function isPair(algorithm: number): boolean {
  return pairAlgorithms.includes(algorithm)
}

/** One bit changed in the first, the middle or the last byte. */
export function damaged(bytes: Buffer): Buffer[] {
  return [0, bytes.length >> 1, bytes.length - 1].map((index) => {
    const copy = Buffer.from(bytes)
    copy[index]! ^= 1
    return copy
  })
}

/** Uneven parts, an empty one among them. */
export function pieces(bytes: Buffer): Buffer[] {
  const cuts = [0, 1, 1, 7, 16, 40, bytes.length].filter((cut) => cut <= bytes.length)
  return cuts.slice(1).map((cut, index) => bytes.subarray(cuts[index], cut))
}

const c = CryptographicAlgorithm
const pairAlgorithms: readonly number[] = [c.RSA, c.DSA, c.EC, c.ECDSA, c.ECDH, c.Ed25519, c.Ed448, c.SM2]
const digestAlgorithms: readonly number[] = [c.RSA, c.EC]
const montgomery: readonly number[] = [RecommendedCurve.CURVE25519, RecommendedCurve.CURVE448]
const signParameters: ReadonlyMap<number, CryptographicParameters> = new Map<number, CryptographicParameters>([
  [c.RSA, { paddingMethod: PaddingMethod.PSS, hashingAlgorithm: HashingAlgorithm.SHA_256 }],
  [c.EC, { hashingAlgorithm: HashingAlgorithm.SHA_256 }],
  [c.ECDSA, { hashingAlgorithm: HashingAlgorithm.SHA_384 }],
  [c.DSA, { hashingAlgorithm: HashingAlgorithm.SHA_256 }],
])

const notSupported: ReadonlySet<string> = new Set(['FeatureNotSupported', 'UnsupportedCryptographicParameters'])
