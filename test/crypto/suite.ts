import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  BlockCipherMode, CryptographicAlgorithm, DerivationMethod, HashingAlgorithm, PaddingMethod, RecommendedCurve,
} from '../../src/kmip/generated/enums.ts'
import { KmipError } from '../../src/kmip/error.ts'
import type { CryptographicParameters } from '../../src/kmip/attribute-value.ts'
import { Secret } from '../../src/kmip/secret.ts'
import type {
  Awaitable, Key, KeyCapability, KeyKind, KeySpec, PlainKey, Provider, StoredKey,
} from '../../src/crypto/provider.ts'
import { hashNumber, hex, optionalHex, parametersOf, vectors } from './vectors.ts'
import type {
  AgreementVector, CipherVector, DeriveVector, HashVector, MacVector, RsaVectors, SignatureVector,
} from './vectors.ts'

export interface ProviderSuiteOptions {
  /** Kinds of key whose material the provider takes in. */
  readonly imports?: readonly KeyKind[]
  /** Names of cases that the provider cannot pass, with the reason. */
  readonly skip?: Readonly<Record<string, string>>
  readonly close?: () => Awaitable<void>
}

/**
 * What every provider has to do, as far as its capabilities go. A case that they exclude is skipped
 * and says so; that the refusals are refusals is a case too.
 */
export function providerSuite(
  name: string, factory: () => Awaitable<Provider>, options: ProviderSuiteOptions = {},
): void {
  const imports = options.imports ?? ['symmetric', 'private', 'public', 'secret']
  describe(`provider ${name}`, () => {
    let provider: Provider
    beforeAll(async () => {
      provider = await factory()
    })
    afterAll(async () => options.close?.())

    /** The capability that covers a key and, if given, something in one of its lists. */
    const capability = (spec: Omit<KeySpec, 'length'> & { length?: number }): KeyCapability | undefined =>
      provider.capabilities.keys.find((entry) => entry.algorithm === spec.algorithm &&
        (spec.length === undefined || entry.lengths.length === 0 || entry.lengths.includes(spec.length)) &&
        (spec.curve === undefined || entry.curves === undefined || entry.curves.includes(spec.curve)))

    const test = (title: string, run: (skip: (reason: string) => never) => Promise<void>): void => {
      it(title, async (context) => {
        const known = options.skip?.[title]
        if (known !== undefined) context.skip(known)
        await run((reason) => context.skip(reason))
      })
    }

    const imported = async (skip: (reason: string) => never, material: PlainKey): Promise<Key> => {
      if (!imports.includes(material.kind)) skip(`takes in no ${material.kind} key`)
      return provider.load(await provider.importKey(material))
    }

    describe('known answers', () => {
      for (const [index, vector] of vectors<CipherVector[]>('cipher').entries()) {
        const parameters = parametersOf(vector.parameters)
        const mode = vector.parameters['blockCipherMode'] ?? 'stream'
        test(`${index} ${vector.algorithm} ${vector.length} ${mode}: ${vector.source}`, async (skip) => {
          const spec = { algorithm: CryptographicAlgorithm[vector.algorithm], length: vector.length }
          const found = capability(spec)
          if (found === undefined) return skip('no such key')
          const { blockCipherMode } = parameters
          if (blockCipherMode !== undefined && !found.encrypt.includes(blockCipherMode)) skip('no such mode')
          const key = await imported(skip, { ...spec, kind: 'symmetric', bytes: new Secret(hex(vector.key)) })
          const common = { iv: optionalHex(vector.iv), additionalData: optionalHex(vector.additionalData) }
          const encrypted = await provider.encrypt(key, parameters, { ...common, data: hex(vector.plaintext) })
          expect(encrypted.data.toString('hex')).toBe(vector.ciphertext)
          expect(encrypted.tag?.toString('hex')).toBe(vector.tag)
          expect(encrypted.iv).toBeUndefined()
          const input = { ...common, data: hex(vector.ciphertext), tag: optionalHex(vector.tag) }
          expect((await provider.decrypt(key, parameters, input)).toString('hex')).toBe(vector.plaintext)
          for (const direction of ['encrypt', 'decrypt'] as const) {
            const from = direction === 'encrypt' ? vector.plaintext : vector.ciphertext
            const opened = await provider.openCipher(key, parameters, {
              ...common, direction, tag: direction === 'decrypt' ? optionalHex(vector.tag) : undefined,
            })
            const parts = pieces(hex(from)).map((piece) => opened.update(piece))
            const last = opened.final()
            const whole = Buffer.concat([...parts, last.data]).toString('hex')
            expect(whole).toBe(direction === 'encrypt' ? vector.ciphertext : vector.plaintext)
            if (direction === 'encrypt') expect(last.tag?.toString('hex')).toBe(vector.tag)
          }
        })
      }

      for (const [index, vector] of vectors<MacVector[]>('mac').entries()) {
        test(`${index} MAC ${vector.algorithm}: ${vector.source}`, async (skip) => {
          const algorithm = CryptographicAlgorithm[vector.algorithm]
          const bytes = hex(vector.key)
          const length = vector.algorithm === 'DES3' ? 168 : bytes.length * 8
          if (capability({ algorithm, length })?.mac !== true) skip('no such MAC')
          const key = await imported(skip, { algorithm, length, kind: 'symmetric', bytes: new Secret(bytes) })
          const parameters = parametersOf(vector.parameters)
          expect((await provider.mac(key, parameters, hex(vector.data))).toString('hex')).toBe(vector.mac)
          const state = await provider.openMac(key, parameters)
          for (const piece of pieces(hex(vector.data))) state.update(piece)
          expect(state.final().toString('hex')).toBe(vector.mac)
        })
      }

      for (const vector of vectors<HashVector[]>('hash')) {
        test(`hash ${vector.hash}: ${vector.source}`, async (skip) => {
          const hash = hashNumber(vector.hash)
          if (!provider.capabilities.hashes.includes(hash)) skip('no such hash')
          const state = provider.openDigest(hash)
          for (const piece of pieces(hex(vector.data))) state.update(piece)
          expect(state.final().toString('hex')).toBe(vector.digest)
        })
      }

      for (const [index, vector] of vectors<SignatureVector[]>('signature').entries()) {
        const curve = vector.curve ?? ''
        const of = vector.digest === undefined ? 'data' : 'digest'
        test(`${index} signature ${vector.algorithm} ${curve} of ${of}: ${vector.source}`, async (skip) => {
          const spec = {
            algorithm: CryptographicAlgorithm[vector.algorithm], length: vector.length,
            curve: vector.curve === undefined ? undefined : RecommendedCurve[vector.curve],
          }
          // Verification takes sizes that generation does not.
          if (capability({ algorithm: spec.algorithm, curve: spec.curve }) === undefined) skip('no such key')
          const key = await imported(skip, { ...spec, kind: 'public', bytes: new Secret(hex(vector.publicKey)) })
          const parameters = parametersOf(vector.parameters)
          const input = vector.digest === undefined ? { data: hex(vector.data!) } : { digest: hex(vector.digest) }
          const signature = hex(vector.signature)
          expect(await provider.verify(key, parameters, input, signature)).toBe(true)
          for (const wrong of damaged(signature)) {
            expect(await provider.verify(key, parameters, input, wrong)).toBe(false)
          }
        })
      }

      for (const [index, vector] of vectors<DeriveVector[]>('derive').entries()) {
        test(`${index} derivation ${vector.method}: ${vector.source}`, async (skip) => {
          const method = DerivationMethod[vector.method]
          if (!provider.capabilities.derivations.includes(method)) skip('no such derivation')
          const bytes = hex(vector.key)
          const algorithm = vector.algorithm === null ? 0 : CryptographicAlgorithm[vector.algorithm]
          const material = { algorithm, length: bytes.length * 8, kind: vector.kind, bytes: new Secret(bytes) }
          const { request } = vector
          const derived = await provider.derive(await imported(skip, material), {
            method, length: vector.length, parameters: parametersOf(request.parameters),
            iterationCount: request.iterationCount, salt: optionalHex(request.salt),
            derivationData: optionalHex(request.derivationData),
            initializationVector: optionalHex(request.initializationVector),
          })
          expect(derived.reveal().toString('hex')).toBe(vector.derived)
        })
      }

      const rsa = vectors<RsaVectors>('rsa-decrypt')
      for (const [index, vector] of rsa.cases.entries()) {
        test(`${index} RSA ${Object.values(vector.parameters).join(' ')}`, async (skip) => {
          const spec = { algorithm: CryptographicAlgorithm.RSA, length: 2048 }
          const parameters = parametersOf(vector.parameters)
          if (capability(spec)?.encrypt.includes(parameters.paddingMethod!) !== true) skip('no such padding')
          const key = await imported(skip, { ...spec, kind: 'private', bytes: new Secret(hex(rsa.privateKey)) })
          const decrypted = await provider.decrypt(key, parameters, { data: hex(vector.ciphertext) })
          expect(decrypted.toString('hex')).toBe(vector.plaintext)
          const publicKey = await imported(skip, { ...spec, kind: 'public', bytes: new Secret(hex(rsa.publicKey)) })
          const own = await provider.encrypt(publicKey, parameters, { data: hex(vector.plaintext) })
          expect((await provider.decrypt(key, parameters, own)).toString('hex')).toBe(vector.plaintext)
        })
      }

      for (const [index, vector] of vectors<AgreementVector[]>('agreement').entries()) {
        test(`${index} agreement ${vector.algorithm} ${vector.curve ?? ''}`, async (skip) => {
          const spec = {
            algorithm: CryptographicAlgorithm[vector.algorithm], length: vector.length,
            curve: vector.curve === undefined ? undefined : RecommendedCurve[vector.curve],
          }
          const method = DerivationMethod.AsymmetricKey
          if (!provider.capabilities.derivations.includes(method) || capability(spec) === undefined) skip('no agreement')
          const key = await imported(skip, { ...spec, kind: 'private', bytes: new Secret(hex(vector.privateKey)) })
          const peer = await imported(skip, { ...spec, kind: 'public', bytes: new Secret(hex(vector.peer)) })
          const derived = await provider.derive(key, { method, parameters: {}, length: vector.secret.length / 2, peer })
          expect(derived.reveal().toString('hex')).toBe(vector.secret)
        })
      }
    })

    describe('own keys', () => {
      test('every symmetric key that it makes encrypts and decrypts in every mode that it lists', async () => {
        for (const entry of provider.capabilities.keys.filter((candidate) => candidate.generate && !candidate.curves)) {
          if (entry.encrypt.length === 0 || isPair(entry.algorithm)) continue
          for (const length of entry.lengths) {
            const key = await provider.load(await provider.generateKey({ algorithm: entry.algorithm, length }))
            expect(key).toMatchObject({ algorithm: entry.algorithm, length, kind: 'symmetric' })
            let worked = 0
            for (const blockCipherMode of entry.encrypt) worked += await roundTrip(provider, key, { blockCipherMode }) ? 1 : 0
            expect(worked, `modes of ${entry.algorithm} with ${length} bits`).toBeGreaterThan(0)
          }
        }
      })

      test('every key pair that it makes is a pair, and its public key verifies what the private one signed', async (skip) => {
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

      test('a digest signed is the data signed', async (skip) => {
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

      test('wraps and unwraps key bytes', async () => {
        const bytes = randomBytes(32)
        for (const entry of provider.capabilities.keys) {
          for (const wrapping of entry.wrap) {
            const pair = isPair(entry.algorithm)
            const length = entry.lengths.find((candidate) => candidate === 256 || candidate === 2048) ?? entry.lengths[0]!
            const spec = { algorithm: entry.algorithm, length }
            const parameters = pair ? { paddingMethod: wrapping } : { blockCipherMode: wrapping }
            const keys = pair ? await pairOf(provider, spec) : undefined
            const key = keys?.publicKey ?? await provider.load(await provider.generateKey(spec))
            const opener = keys?.privateKey ?? key
            const wrapped = await ifSupported(() => provider.wrap(key, parameters, bytes))
            if (wrapped === undefined) continue
            const unwrapped = await provider.unwrap(opener, parameters, wrapped.data, wrapped.iv)
            expect(unwrapped.reveal().equals(bytes)).toBe(true)
          }
        }
      })
    })

    describe('IVs', () => {
      const spec = { algorithm: CryptographicAlgorithm.AES, length: 256 }
      const gcm = { blockCipherMode: BlockCipherMode.GCM }

      test('makes an IV where none is given, says so, and never the same twice', async () => {
        const key = await provider.load(await provider.generateKey(spec))
        const seen = new Set<string>()
        for (let index = 0; index < 5000; index += 1) {
          const { iv } = await provider.encrypt(key, { ...gcm, randomIV: true }, { data: Buffer.alloc(1) })
          expect(iv!.length).toBe(12)
          seen.add(iv!.toString('hex'))
        }
        expect(seen.size).toBe(5000)
      })

      test('refuses a missing IV to decrypt, a wrong one, and tags that are short or long', async () => {
        const key = await provider.load(await provider.generateKey(spec))
        const data = Buffer.alloc(32)
        const { data: sealed, iv, tag } = await provider.encrypt(key, gcm, { data })
        const decrypt = (parameters: object, input: object) => () =>
          provider.decrypt(key, { ...gcm, ...parameters }, { data: sealed, ...input })
        await refused(decrypt({}, { tag }), 'InvalidMessage')
        await refused(decrypt({}, { iv: iv!.subarray(0, 1), tag }), 'InvalidField')
        await refused(decrypt({}, { iv }), 'InvalidField')
        await refused(decrypt({ tagLength: 4 }, { iv, tag: tag!.subarray(0, 4) }), 'GeneralFailure')
        await refused(decrypt({}, { iv, tag: tag!.subarray(0, 4) }), 'GeneralFailure')
        for (const tagLength of [-1, 0, 1, 4, 8, 11, 17, 32]) {
          await refused(() => provider.encrypt(key, { ...gcm, tagLength }, { data }), 'GeneralFailure')
        }
        for (const tagLength of [12, 13, 14, 15, 16]) {
          const result = await provider.encrypt(key, { ...gcm, tagLength }, { data })
          expect(result.tag!.length).toBe(tagLength)
        }
      })
    })

    describe('failures tell nothing', () => {
      test('padding, tag, data and key: one reason and one message', async () => {
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
        if (capability(spec)?.encrypt.includes(BlockCipherMode.CBC) === true) {
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
        const oaep = { paddingMethod: PaddingMethod.OAEP, hashingAlgorithm: HashingAlgorithm.SHA_1 }
        if (capability(rsa)?.encrypt.includes(PaddingMethod.OAEP) === true) {
          const [pair, second] = [await pairOf(provider, rsa), await pairOf(provider, rsa)]
          const { data: hidden } = await provider.encrypt(pair.publicKey, oaep, { data })
          attempts.push(
            () => provider.decrypt(second.privateKey, oaep, { data: hidden }),
            () => provider.decrypt(pair.privateKey, { ...oaep, pSource: Buffer.from('x') }, { data: hidden }),
            () => provider.decrypt(pair.privateKey, oaep, { data: hidden.subarray(1) }),
            () => provider.decrypt(pair.privateKey, oaep, { data: Buffer.alloc(256, 0xff) }),
            ...damaged(hidden).map((wrong) => () => provider.decrypt(pair.privateKey, oaep, { data: wrong })),
          )
        }
        for (const attempt of attempts) seen.push(await errorOf(attempt))
        expect(new Set(seen.map(({ reason }) => reason))).toEqual(new Set(['CryptographicFailure']))
        expect(new Set(seen.map(({ message }) => message)).size).toBe(1)
        expect(seen.every(({ cause }) => cause === undefined)).toBe(true)
      })

      test('PKCS#1 v1.5 padding that is wrong gives bytes, not an error', async (skip) => {
        const rsa = { algorithm: CryptographicAlgorithm.RSA, length: 2048 }
        const parameters = { paddingMethod: PaddingMethod.PKCS1V1_5 }
        if (capability(rsa)?.encrypt.includes(PaddingMethod.PKCS1V1_5) !== true) skip('no PKCS#1 v1.5')
        const { privateKey } = await pairOf(provider, rsa)
        for (let index = 0; index < 20; index += 1) {
          const data = randomBytes(256)
          data[0] = 0
          const first = await provider.decrypt(privateKey, parameters, { data })
          const second = await provider.decrypt(privateKey, parameters, { data })
          expect(first.equals(second)).toBe(true)
        }
      })

      test('an AEAD plaintext in parts comes at the end only, and not with a wrong tag', async () => {
        const spec = { algorithm: CryptographicAlgorithm.AES, length: 256 }
        const key = await provider.load(await provider.generateKey(spec))
        const gcm = { blockCipherMode: BlockCipherMode.GCM }
        const data = randomBytes(1000)
        const { data: sealed, iv, tag } = await provider.encrypt(key, gcm, { data })
        const good = await provider.openCipher(key, gcm, { direction: 'decrypt', iv, tag })
        for (const piece of pieces(sealed)) expect(good.update(piece).length).toBe(0)
        expect(good.final().data.equals(data)).toBe(true)
        const bad = await provider.openCipher(key, gcm, { direction: 'decrypt', iv, tag: damaged(tag!)[0] })
        bad.update(sealed)
        expect((await errorOf(() => bad.final())).reason).toBe('CryptographicFailure')
      })
    })

    describe('refusals', () => {
      test('what it does not list is not supported', async () => {
        const absent = { algorithm: CryptographicAlgorithm.McEliece, length: 128 }
        await refused(() => provider.generateKey(absent), 'FeatureNotSupported')
        await refused(() => provider.generateKeyPair(absent), 'FeatureNotSupported')
        await refused(() => provider.openDigest(HashingAlgorithm.Tiger), 'FeatureNotSupported')
        const key = await provider.load(await provider.generateKey({ algorithm: CryptographicAlgorithm.AES, length: 128 }))
        const pcbc = { blockCipherMode: BlockCipherMode.PCBC }
        await refused(() => provider.encrypt(key, pcbc, { data: Buffer.alloc(16) }), 'FeatureNotSupported')
        const ssl = { blockCipherMode: BlockCipherMode.CBC, paddingMethod: PaddingMethod.SSL3 }
        await refused(() => provider.encrypt(key, ssl, { data: Buffer.alloc(16) }), 'FeatureNotSupported')
        await refused(() => provider.encrypt(key, {}, { data: Buffer.alloc(16) }), 'InvalidField')
        const request = { method: 0x7fff, length: 16, parameters: {} }
        await refused(() => provider.derive(key, request), 'FeatureNotSupported')
      })

      test('lengths that the algorithm has not', async () => {
        for (const length of [0, 1, 8, 127, 129, 1024, -128, 2 ** 31]) {
          await refused(() => provider.generateKey({ algorithm: CryptographicAlgorithm.AES, length }), 'InvalidField')
        }
      })

      test('random bytes have bounds', async () => {
        expect(provider.random(33).length).toBe(33)
        expect(provider.random(33).equals(provider.random(33))).toBe(false)
        for (const length of [0, -1, 1.5, 2 ** 20 + 1]) await refused(() => provider.random(length), 'InvalidField')
      })
    })
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

async function ifSupported<T>(run: () => Awaitable<T>): Promise<T | undefined> {
  try {
    return await run()
  } catch (error) {
    if (error instanceof KmipError && error.reason === 'FeatureNotSupported') return undefined
    throw error
  }
}

async function pairOf(provider: Provider, spec: KeySpec): Promise<{ privateKey: Key, publicKey: Key, stored: StoredKey }> {
  const { privateKey, publicKey } = await provider.generateKeyPair(spec)
  return { privateKey: await provider.load(privateKey), publicKey: await provider.load(publicKey), stored: privateKey }
}

/** One spec of every curve, and of every algorithm with the lengths that do not take long. */
function pairSpecs({ capabilities }: Provider): KeySpec[] {
  return capabilities.keys.filter(({ generate, algorithm }) => generate && isPair(algorithm)).flatMap((entry) => {
    if (entry.curves !== undefined) {
      return entry.curves.map((curve) => ({ algorithm: entry.algorithm, length: curveLength(curve, entry.algorithm), curve }))
        .filter(({ curve, algorithm }) => algorithm !== CryptographicAlgorithm.EC || !montgomery.includes(curve))
    }
    return entry.lengths.filter((length) => length <= 2048).map((length) => ({ algorithm: entry.algorithm, length }))
  })
}

function curveLength(curve: number, algorithm: number): number {
  if (algorithm === CryptographicAlgorithm.Ed448) return 456
  const name = Object.entries(RecommendedCurve).find(([, value]) => value === curve)![0]
  return name === 'CURVE25519' ? 256 : Number(/\d{3}/.exec(name)![0])
}

function isPair(algorithm: number): boolean {
  return pairAlgorithms.includes(algorithm)
}

export async function errorOf(run: () => Awaitable<unknown>): Promise<KmipError> {
  try {
    await run()
  } catch (error) {
    expect(error).toBeInstanceOf(KmipError)
    return error as KmipError
  }
  throw new Error('nothing was refused')
}

export async function refused(run: () => Awaitable<unknown>, reason: KmipError['reason']): Promise<void> {
  expect((await errorOf(run)).reason).toBe(reason)
}

/** One bit changed in the first, the middle or the last byte. */
function damaged(bytes: Buffer): Buffer[] {
  return [0, bytes.length >> 1, bytes.length - 1].map((index) => {
    const copy = Buffer.from(bytes)
    copy[index]! ^= 1
    return copy
  })
}

/** Uneven parts, an empty one among them. */
function pieces(bytes: Buffer): Buffer[] {
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
