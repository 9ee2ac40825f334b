import { expect } from 'vitest'
import { CryptographicAlgorithm, DerivationMethod, RecommendedCurve } from '../../src/kmip/generated/enums.ts'
import { Secret } from '../../src/kmip/secret.ts'
import { damaged, pieces } from './suite-keys.ts'
import type { Harness } from './suite.ts'
import { hashNumber, hex, optionalHex, parametersOf, vectors } from './vectors.ts'
import type {
  AgreementVector, CipherVector, DeriveVector, HashVector, MacVector, RsaVectors, SignatureVector,
} from './vectors.ts'

/** Published vectors, and those of other implementations, as far as the provider takes keys in. */
export function knownAnswers(harness: Harness): void {
  cipherAnswers(harness)
  macAnswers(harness)
  hashAnswers(harness)
  signatureAnswers(harness)
  derivationAnswers(harness)
  rsaAnswers(harness)
  agreementAnswers(harness)
}

function cipherAnswers(harness: Harness): void {
  for (const [index, vector] of vectors<CipherVector[]>('cipher').entries()) {
    const parameters = parametersOf(vector.parameters)
    const mode = vector.parameters['blockCipherMode'] ?? 'stream'
    harness.test(`${index} ${vector.algorithm} ${vector.length} ${mode}: ${vector.source}`, async (provider, skip) => {
      const spec = { algorithm: CryptographicAlgorithm[vector.algorithm], length: vector.length }
      const found = harness.capability(spec)
      if (found === undefined) return skip('no such key')
      const { blockCipherMode } = parameters
      if (blockCipherMode !== undefined && !found.encrypt.includes(blockCipherMode)) skip('no such mode')
      const key = await harness.imported(skip, { ...spec, kind: 'symmetric', bytes: new Secret(hex(vector.key)) })
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
        const last = await opened.final()
        const whole = Buffer.concat([...parts, last.data]).toString('hex')
        expect(whole).toBe(direction === 'encrypt' ? vector.ciphertext : vector.plaintext)
        if (direction === 'encrypt') expect(last.tag?.toString('hex')).toBe(vector.tag)
      }
    })
  }
}

function macAnswers(harness: Harness): void {
  for (const [index, vector] of vectors<MacVector[]>('mac').entries()) {
    harness.test(`${index} MAC ${vector.algorithm}: ${vector.source}`, async (provider, skip) => {
      const algorithm = CryptographicAlgorithm[vector.algorithm]
      const bytes = hex(vector.key)
      const length = vector.algorithm === 'DES3' ? 168 : bytes.length * 8
      if (harness.capability({ algorithm, length })?.mac !== true) skip('no such MAC')
      const key = await harness.imported(skip, { algorithm, length, kind: 'symmetric', bytes: new Secret(bytes) })
      const parameters = parametersOf(vector.parameters)
      expect((await provider.mac(key, parameters, hex(vector.data))).toString('hex')).toBe(vector.mac)
      const state = await provider.openMac(key, parameters)
      for (const piece of pieces(hex(vector.data))) state.update(piece)
      expect((await state.final()).toString('hex')).toBe(vector.mac)
    })
  }
}

function hashAnswers(harness: Harness): void {
  for (const vector of vectors<HashVector[]>('hash')) {
    harness.test(`hash ${vector.hash}: ${vector.source}`, async (provider, skip) => {
      const hash = hashNumber(vector.hash)
      if (!provider.capabilities.hashes.includes(hash)) skip('no such hash')
      const state = provider.openDigest(hash)
      for (const piece of pieces(hex(vector.data))) state.update(piece)
      expect(state.final().toString('hex')).toBe(vector.digest)
    })
  }
}

function signatureAnswers(harness: Harness): void {
  for (const [index, vector] of vectors<SignatureVector[]>('signature').entries()) {
    const curve = vector.curve ?? ''
    const of = vector.digest === undefined ? 'data' : 'digest'
    const title = `${index} signature ${vector.algorithm} ${curve} of ${of}: ${vector.source}`
    harness.test(title, async (provider, skip) => {
      const spec = {
        algorithm: CryptographicAlgorithm[vector.algorithm], length: vector.length,
        curve: vector.curve === undefined ? undefined : RecommendedCurve[vector.curve],
      }
      // Verification takes sizes that generation does not.
      if (harness.capability({ algorithm: spec.algorithm, curve: spec.curve }) === undefined) skip('no such key')
      const key = await harness.imported(skip, { ...spec, kind: 'public', bytes: new Secret(hex(vector.publicKey)) })
      const parameters = parametersOf(vector.parameters)
      const input = vector.digest === undefined ? { data: hex(vector.data!) } : { digest: hex(vector.digest) }
      const signature = hex(vector.signature)
      expect(await provider.verify(key, parameters, input, signature)).toBe(true)
      for (const wrong of damaged(signature)) {
        expect(await provider.verify(key, parameters, input, wrong)).toBe(false)
      }
    })
  }
}

function derivationAnswers(harness: Harness): void {
  for (const [index, vector] of vectors<DeriveVector[]>('derive').entries()) {
    harness.test(`${index} derivation ${vector.method}: ${vector.source}`, async (provider, skip) => {
      const method = DerivationMethod[vector.method]
      if (!provider.capabilities.derivations.includes(method)) skip('no such derivation')
      const bytes = hex(vector.key)
      const algorithm = vector.algorithm === null ? 0 : CryptographicAlgorithm[vector.algorithm]
      const material = { algorithm, length: bytes.length * 8, kind: vector.kind, bytes: new Secret(bytes) }
      const { request } = vector
      const derived = await provider.derive(await harness.imported(skip, material), {
        method, length: vector.length, parameters: parametersOf(request.parameters),
        iterationCount: request.iterationCount, salt: optionalHex(request.salt),
        derivationData: optionalHex(request.derivationData),
        derivationParts: request.derivationParts?.map(hex),
        initializationVector: optionalHex(request.initializationVector),
      })
      expect(derived.reveal().toString('hex')).toBe(vector.derived)
    })
  }
}

function rsaAnswers(harness: Harness): void {
  const rsa = vectors<RsaVectors>('rsa-decrypt')
  for (const [index, vector] of rsa.cases.entries()) {
    harness.test(`${index} RSA ${Object.values(vector.parameters).join(' ')}`, async (provider, skip) => {
      const spec = { algorithm: CryptographicAlgorithm.RSA, length: 2048 }
      const parameters = parametersOf(vector.parameters)
      if (harness.capability(spec)?.encrypt.includes(parameters.paddingMethod!) !== true) skip('no such padding')
      const key = await harness.imported(skip, { ...spec, kind: 'private', bytes: new Secret(hex(rsa.privateKey)) })
      const decrypted = await provider.decrypt(key, parameters, { data: hex(vector.ciphertext) })
      expect(decrypted.toString('hex')).toBe(vector.plaintext)
      const publicKey = await harness.imported(skip, { ...spec, kind: 'public', bytes: new Secret(hex(rsa.publicKey)) })
      const own = await provider.encrypt(publicKey, parameters, { data: hex(vector.plaintext) })
      expect((await provider.decrypt(key, parameters, own)).toString('hex')).toBe(vector.plaintext)
    })
  }
}

function agreementAnswers(harness: Harness): void {
  for (const [index, vector] of vectors<AgreementVector[]>('agreement').entries()) {
    harness.test(`${index} agreement ${vector.algorithm} ${vector.curve ?? ''}`, async (provider, skip) => {
      const spec = {
        algorithm: CryptographicAlgorithm[vector.algorithm], length: vector.length,
        curve: vector.curve === undefined ? undefined : RecommendedCurve[vector.curve],
      }
      const method = DerivationMethod.AsymmetricKey
      const known = provider.capabilities.derivations.includes(method)
      if (!known || harness.capability(spec) === undefined) skip('no agreement')
      const key = await harness.imported(skip, { ...spec, kind: 'private', bytes: new Secret(hex(vector.privateKey)) })
      const peer = await harness.imported(skip, { ...spec, kind: 'public', bytes: new Secret(hex(vector.peer)) })
      const derived = await provider.derive(key, { method, parameters: {}, length: vector.secret.length / 2, peer })
      expect(derived.reveal().toString('hex')).toBe(vector.secret)
    })
  }
}
