import { randomBytes } from 'node:crypto'
import { describe, expect } from 'vitest'
import {
  BlockCipherMode, CryptographicAlgorithm, HashingAlgorithm, PaddingMethod,
} from '../../src/kmip/generated/enums.ts'
import type { KmipError } from '../../src/kmip/error.ts'
import type { Key, Provider } from '../../src/crypto/provider.ts'
import type { Awaitable } from '../../src/model/awaitable.ts'
import { errorOf, refused } from './refused.ts'
import { damaged, ifSupported, pairOf, pieces } from './suite-keys.ts'
import type { Harness } from './suite.ts'

/** What is refused, how, and what no refusal tells. */
export function refusalsOf(harness: Harness): void {
  ivs(harness)
  failures(harness)
  refusals(harness)
}

function ivs(harness: Harness): void {
  const { test } = harness
  describe('IVs', () => {
    const spec = { algorithm: CryptographicAlgorithm.AES, length: 256 }
    const gcm = { blockCipherMode: BlockCipherMode.GCM }

    test('makes an IV where none is given, says so, and never the same twice', async (provider) => {
      const key = await provider.load(await provider.generateKey(spec))
      const seen = new Set<string>()
      for (let round = 0; round < 100; round += 1) {
        const encrypt = async () => provider.encrypt(key, { ...gcm, randomIV: true }, { data: Buffer.alloc(1) })
        for (const { iv } of await Promise.all(Array.from({ length: 50 }, encrypt))) {
          expect(iv!.length).toBe(12)
          seen.add(iv!.toString('hex'))
        }
      }
      expect(seen.size).toBe(5000)
    })

    test('refuses a missing IV to decrypt, a wrong one, and tags that are short or long', async (provider) => {
      const key = await provider.load(await provider.generateKey(spec))
      const data = Buffer.alloc(32)
      const { data: sealed, iv, tag } = await provider.encrypt(key, gcm, { data })
      const decrypt = (parameters: object, input: object) => () =>
        provider.decrypt(key, { ...gcm, ...parameters }, { data: sealed, ...input })
      await refused(decrypt({}, { tag }), 'InvalidMessage')
      await refused(decrypt({}, { iv: iv!.subarray(0, 1), tag }), 'InvalidField')
      await refused(decrypt({}, { iv }), 'InvalidField')
      await refused(decrypt({ tagLength: 4 }, { iv, tag: tag!.subarray(0, 4) }), 'UnsupportedCryptographicParameters')
      await refused(decrypt({}, { iv, tag: tag!.subarray(0, 4) }), 'UnsupportedCryptographicParameters')
      await refused(decrypt({}, { iv, tag: tag!.subarray(0, 3) }), 'GeneralFailure')
      for (const tagLength of [-1, 0, 1, 3, 17, 32]) {
        await refused(() => provider.encrypt(key, { ...gcm, tagLength }, { data }), 'GeneralFailure')
      }
      for (const tagLength of [4, 8, 11]) {
        await refused(() => provider.encrypt(key, { ...gcm, tagLength }, { data }), 'UnsupportedCryptographicParameters')
      }
      for (const tagLength of [12, 13, 14, 15, 16]) {
        const result = await provider.encrypt(key, { ...gcm, tagLength }, { data })
        expect(result.tag!.length).toBe(tagLength)
      }
    })
  })
}

function failures(harness: Harness): void {
  const { test } = harness
  describe('failures tell nothing', () => {
    test('padding, tag, data and key: one reason and one message', async (provider) => {
      const seen: KmipError[] = []
      const spec = { algorithm: CryptographicAlgorithm.AES, length: 128 }
      const make = async (): Promise<Key> => provider.load(await provider.generateKey(spec))
      const [key, other] = [await make(), await make()]
      const data = randomBytes(20)
      const gcm = { blockCipherMode: BlockCipherMode.GCM }
      const sealed = await provider.encrypt(key, gcm, { data })
      const attempts: (() => Awaitable<unknown>)[] = [
        () => provider.decrypt(other, gcm, sealed),
        () => provider.decrypt(key, gcm, { ...sealed, data: sealed.data.subarray(1) }),
        () => provider.decrypt(key, gcm, { ...sealed, additionalData: Buffer.from('x') }),
        ...damaged(sealed.tag!).map((tag) => () => provider.decrypt(key, gcm, { ...sealed, tag })),
      ]
      const cbc = { blockCipherMode: BlockCipherMode.CBC, paddingMethod: PaddingMethod.PKCS5 }
      if (harness.capability(spec)?.encrypt.includes(BlockCipherMode.CBC) === true) {
        // A last block of zeros decrypts to no padding but once in 256 times.
        const noPadding = { blockCipherMode: BlockCipherMode.CBC, paddingMethod: PaddingMethod.None }
        const bad = await provider.encrypt(key, noPadding, { data: Buffer.alloc(32) })
        attempts.push(
          () => provider.decrypt(key, cbc, bad),
          () => provider.decrypt(key, cbc, { ...bad, data: bad.data.subarray(0, 17) }),
          () => provider.decrypt(key, cbc, { ...bad, data: Buffer.alloc(0) }),
        )
      }
      const rsa = { algorithm: CryptographicAlgorithm.RSA, length: 2048 }
      const hasOaep = harness.capability(rsa)?.encrypt.includes(PaddingMethod.OAEP) === true
      if (hasOaep) attempts.push(...await wrongOaep(provider, data))
      for (const attempt of attempts) seen.push(await errorOf(attempt))
      expect(new Set(seen.map(({ reason }) => reason))).toEqual(new Set(['CryptographicFailure']))
      expect(new Set(seen.map(({ message }) => message)).size).toBe(1)
      expect(seen.every(({ cause }) => cause === undefined)).toBe(true)
    })

    test('PKCS#1 v1.5 padding that is wrong gives bytes, not an error', async (provider, skip) => {
      const rsa = { algorithm: CryptographicAlgorithm.RSA, length: 2048 }
      const parameters = { paddingMethod: PaddingMethod.PKCS1V1_5 }
      if (harness.capability(rsa)?.encrypt.includes(PaddingMethod.PKCS1V1_5) !== true) skip('no PKCS#1 v1.5')
      const { privateKey } = await pairOf(provider, rsa)
      for (let index = 0; index < 20; index += 1) {
        const data = randomBytes(256)
        data[0] = 0
        const first = await provider.decrypt(privateKey, parameters, { data })
        const second = await provider.decrypt(privateKey, parameters, { data })
        expect(first.equals(second)).toBe(true)
      }
    })

    test('an AEAD plaintext in parts comes at the end only, and not with a wrong tag', async (provider) => {
      const spec = { algorithm: CryptographicAlgorithm.AES, length: 256 }
      const key = await provider.load(await provider.generateKey(spec))
      const gcm = { blockCipherMode: BlockCipherMode.GCM }
      const data = randomBytes(1000)
      const { data: sealed, iv, tag } = await provider.encrypt(key, gcm, { data })
      const good = await provider.openCipher(key, gcm, { direction: 'decrypt', iv, tag })
      for (const piece of pieces(sealed)) expect(good.update(piece).length).toBe(0)
      expect((await good.final()).data.equals(data)).toBe(true)
      const bad = await provider.openCipher(key, gcm, { direction: 'decrypt', iv, tag: damaged(tag!)[0] })
      bad.update(sealed)
      expect((await errorOf(() => bad.final())).reason).toBe('CryptographicFailure')
    })
  })
}

function refusals(harness: Harness): void {
  const { test } = harness
  describe('refusals', () => {
    test('what it does not list is not supported', async (provider) => {
      const absent = { algorithm: CryptographicAlgorithm.McEliece, length: 128 }
      await refused(() => provider.generateKey(absent), 'FeatureNotSupported')
      await refused(() => provider.generateKeyPair(absent), 'FeatureNotSupported')
      await refused(() => provider.openDigest(HashingAlgorithm.Tiger), 'FeatureNotSupported')
      const aes = { algorithm: CryptographicAlgorithm.AES, length: 128 }
      const key = await provider.load(await provider.generateKey(aes))
      const pcbc = { blockCipherMode: BlockCipherMode.PCBC }
      await refused(() => provider.encrypt(key, pcbc, { data: Buffer.alloc(16) }), 'UnsupportedCryptographicParameters')
      const ssl = { blockCipherMode: BlockCipherMode.CBC, paddingMethod: PaddingMethod.SSL3 }
      await refused(() => provider.encrypt(key, ssl, { data: Buffer.alloc(16) }), 'UnsupportedCryptographicParameters')
      await refused(() => provider.encrypt(key, {}, { data: Buffer.alloc(16) }), 'BadCryptographicParameters')
      const request = { method: 0x7fff, length: 16, parameters: {} }
      await refused(() => provider.derive(key, request), 'FeatureNotSupported')
    })

    test('lengths that the algorithm has not', async (provider) => {
      for (const length of [0, 1, 8, 127, 129, 1024, -128, 2 ** 31]) {
        await refused(() => provider.generateKey({ algorithm: CryptographicAlgorithm.AES, length }), 'InvalidAttributeValue')
      }
    })

    test('random bytes have bounds', async (provider) => {
      expect(provider.random(33).length).toBe(33)
      expect(provider.random(33).equals(provider.random(33))).toBe(false)
      for (const length of [0, -1, 1.5, 2 ** 20 + 1]) await refused(() => provider.random(length), 'InvalidField')
    })
  })
}

/** Decryptions with OAEP that fail for different reasons. */
async function wrongOaep(provider: Provider, data: Buffer): Promise<(() => Awaitable<unknown>)[]> {
  const rsa = { algorithm: CryptographicAlgorithm.RSA, length: 2048 }
  const oaep = { paddingMethod: PaddingMethod.OAEP, hashingAlgorithm: HashingAlgorithm.SHA_1 }
  const [pair, second] = [await pairOf(provider, rsa), await pairOf(provider, rsa)]
  const { data: hidden } = await provider.encrypt(pair.publicKey, oaep, { data })
  const labelled = { ...oaep, pSource: Buffer.from('x') }
  const hasLabels = await ifSupported(() => provider.encrypt(pair.publicKey, labelled, { data })) !== undefined
  return [
    ...(hasLabels ? [() => provider.decrypt(pair.privateKey, labelled, { data: hidden })] : []),
    () => provider.decrypt(second.privateKey, oaep, { data: hidden }),
    () => provider.decrypt(pair.privateKey, oaep, { data: hidden.subarray(1) }),
    () => provider.decrypt(pair.privateKey, oaep, { data: Buffer.alloc(256, 0xff) }),
    ...damaged(hidden).map((wrong) => () => provider.decrypt(pair.privateKey, oaep, { data: wrong })),
  ]
}
