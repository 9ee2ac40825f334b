import { describe, expect, it } from 'vitest'
import {
  BlockCipherMode, CryptographicAlgorithm, DerivationMethod, HashingAlgorithm, PaddingMethod,
} from '../../src/kmip/generated/enums.ts'
import { Secret } from '../../src/kmip/secret.ts'
import { softwareProvider } from '../../src/crypto/software.ts'
import { providerSuite } from './suite.ts'
import { hashNumber, hex, vectors } from './vectors.ts'
import type { CipherVector, DeriveVector, HashVector, RsaVectors } from './vectors.ts'

providerSuite('software', softwareProvider)

describe('what the software provider says of itself', () => {
  const { capabilities } = softwareProvider()
  const a = CryptographicAlgorithm

  it('is known to be right for every hash and every derivation', () => {
    const hashes = vectors<HashVector[]>('hash').map(({ hash }) => hashNumber(hash))
    expect(new Set(hashes)).toEqual(new Set(capabilities.hashes))
    const derivations = vectors<DeriveVector[]>('derive').map(({ method }) => DerivationMethod[method])
    expect(new Set([...derivations, DerivationMethod.AsymmetricKey])).toEqual(new Set(capabilities.derivations))
  })

  it('is known to be right for every mode of AES and SM4', () => {
    for (const algorithm of ['AES', 'SM4'] as const) {
      const known = vectors<CipherVector[]>('cipher').filter((vector) => vector.algorithm === algorithm)
        .map(({ parameters }) => BlockCipherMode[parameters['blockCipherMode'] as keyof typeof BlockCipherMode])
      const listed = capabilities.keys.filter((entry) => entry.algorithm === a[algorithm])
        .flatMap(({ encrypt }) => encrypt)
      expect(new Set(known)).toEqual(new Set(listed))
    }
  })

  it('names each algorithm with a length or a curve once', () => {
    const specs = capabilities.keys.flatMap(({ algorithm, lengths, curves }) => (
      (curves ?? lengths).map((each) => `${algorithm} ${each}`)))
    expect(new Set(specs).size).toBe(specs.length)
  })

  it.for([[128, true, false], [192, true, false], [256, true, true], [512, false, true]] as const)(
    'tells which modes an AES key of %i bits has', ([length, hasBlockModes, hasXts]) => {
      const found = capabilities.keys.find((entry) => entry.algorithm === a.AES && entry.lengths.includes(length))!
      expect(found.encrypt.includes(BlockCipherMode.GCM)).toBe(hasBlockModes)
      expect(found.encrypt.includes(BlockCipherMode.XTS)).toBe(hasXts)
      expect(found.mac).toBe(hasBlockModes)
    })
})

describe('private-key operations', () => {
  it('leave the event loop free', async () => {
    const { privateKey, cases } = vectors<RsaVectors>('rsa-decrypt')
    const provider = softwareProvider()
    const spec = { algorithm: CryptographicAlgorithm.RSA, length: 2048 }
    const key = await provider.load({ ...spec, kind: 'private', bytes: new Secret(hex(privateKey)) })
    const digest = Buffer.alloc(32)
    const sha256 = { hashingAlgorithm: HashingAlgorithm.SHA_256 }
    const operations = [
      () => provider.decrypt(key, { paddingMethod: PaddingMethod.PKCS1V1_5 }, { data: hex(cases[0]!.ciphertext) }),
      () => provider.decrypt(key, { paddingMethod: PaddingMethod.OAEP }, { data: hex(cases[1]!.ciphertext) }),
      () => provider.sign(key, { paddingMethod: PaddingMethod.PSS, ...sha256 }, { digest }),
      () => provider.sign(key, { paddingMethod: PaddingMethod.PKCS1V1_5, ...sha256 }, { digest }),
      () => provider.sign(key, { paddingMethod: PaddingMethod.PSS, ...sha256 }, { data: digest }),
      () => provider.generateKeyPair({ algorithm: CryptographicAlgorithm.RSA, length: 1024 }),
    ]
    for (const operation of operations) {
      const order: string[] = []
      const done = Promise.all(Array.from({ length: 20 }, async () => operation())).then(() => order.push('done'))
      setImmediate(() => order.push('loop'))
      await done
      expect(order[0]).toBe('loop')
    }
  })
})
