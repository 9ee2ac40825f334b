import { createRequire } from 'node:module'
import { randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { CryptographicAlgorithm } from '../../src/kmip/generated/enums.ts'
import { Secret } from '../../src/kmip/secret.ts'
import { encodePkcs8, encodeSpki } from '../../src/crypto/asymmetric.ts'
import { curveParameters, sm2Curve } from '../../src/crypto/curve.ts'
import { derInteger, derSequence, outerSequence, unsignedBytes, unsignedInteger } from '../../src/crypto/der.ts'
import type { SoftwareKey } from '../../src/crypto/key.ts'
import { loadSoftware } from '../../src/crypto/load.ts'
import { checkMaterial } from '../../src/crypto/key-check.ts'
import { decryptSm2, defaultUserId, encryptSm2, signSm2, verifySm2 } from '../../src/crypto/sm2.ts'
import { softwareProvider } from '../../src/crypto/software.ts'
import type { PlainKey } from '../../src/crypto/provider.ts'
import { errorOf, refused } from './refused.ts'
import { hex, vectors } from './vectors.ts'

/** The second implementation: its keys and signatures are hex, its ciphertexts lack the byte 04. */
interface Oracle {
  generateKeyPairHex(): { privateKey: string, publicKey: string }
  doEncrypt(data: Uint8Array, publicKey: string, mode: 0 | 1): string
  doDecrypt(data: string, privateKey: string, mode: 0 | 1, options: { output: 'array' }): number[]
  doSignature(data: Uint8Array, privateKey: string, options: object): string
  doVerifySignature(data: Uint8Array, signature: string, publicKey: string, options: object): boolean
}
const { sm2: oracle } = createRequire(import.meta.url)('sm-crypto') as { sm2: Oracle }

interface Sm2Vectors {
  privateKey: string
  publicKey: string
  signature: { userId: string, data: string, digest: string, r: string, s: string }
  encryption: { plaintext: string, c1: string, c2: string, c3: string }
}

describe('SM2', () => {
  const vector = vectors<Sm2Vectors>('sm2')
  const { signature } = vector
  const published = derSequence(derInteger(BigInt(`0x${signature.r}`)), derInteger(BigInt(`0x${signature.s}`)))
  let privateKey: SoftwareKey
  let publicKey: SoftwareKey
  beforeAll(() => {
    privateKey = loadSoftware(privateMaterial(vector.privateKey))
    publicKey = loadSoftware(publicMaterial(vector.publicKey))
  })

  it('verifies the published signature, of the data and of its digest', () => {
    const data = hex(signature.data)
    expect(verifySm2(publicKey, {}, { data }, published)).toBe(true)
    expect(verifySm2(publicKey, {}, { digest: hex(signature.digest) }, published)).toBe(true)
    expect(verifySm2(publicKey, {}, { data }, published, Buffer.from('ALICE123@YAHOO.COM'))).toBe(false)
    expect(verifySm2(publicKey, {}, { data: Buffer.concat([data, data]) }, published)).toBe(false)
    expect(verifySm2(publicKey, {}, { digest: hex(signature.digest).reverse() }, published)).toBe(false)
  })

  it('decrypts the published ciphertext', () => {
    const { c1, c2, c3, plaintext } = vector.encryption
    expect(decryptSm2(privateKey, hex(c1 + c3 + c2)).toString('hex')).toBe(plaintext)
  })

  it('signs what both OpenSSL and a second implementation verify, and the other way', () => {
    for (let round = 0; round < 20; round += 1) {
      const pair = oracle.generateKeyPairHex()
      const own = loadSoftware(privateMaterial(pair.privateKey))
      const other = loadSoftware(publicMaterial(pair.publicKey))
      const data = randomBytes(round * 7)
      const userId = round % 2 === 0 ? defaultUserId : randomBytes(8).toString('hex')
      const options = { der: true, hash: true, userId: userId.toString() }
      const id = Buffer.from(userId)
      const made = signSm2(own, {}, { data }, id)
      expect(oracle.doVerifySignature(data, made.toString('hex'), pair.publicKey, options)).toBe(true)
      const theirs = hex(oracle.doSignature(data, pair.privateKey, options))
      expect(verifySm2(other, {}, { data }, theirs, id)).toBe(true)
      const digest = randomBytes(32)
      const ofDigest = signSm2(own, {}, { digest })
      expect(verifySm2(other, {}, { digest }, ofDigest)).toBe(true)
      expect(verifySm2(other, {}, { data }, ofDigest, id)).toBe(false)
    }
  })

  it('signs the published digest so that OpenSSL verifies it over the data', () => {
    const made = signSm2(privateKey, {}, { digest: hex(signature.digest) })
    expect(verifySm2(publicKey, {}, { data: hex(signature.data) }, made)).toBe(true)
  })

  it('encrypts for and decrypts from a second implementation, in both forms', () => {
    for (let round = 1; round <= 20; round += 1) {
      const pair = oracle.generateKeyPairHex()
      const own = loadSoftware(privateMaterial(pair.privateKey))
      const other = loadSoftware(publicMaterial(pair.publicKey))
      const data = randomBytes(round * 5)
      const made = encryptSm2(other, data)
      const opened = oracle.doDecrypt(made.toString('hex').slice(2), pair.privateKey, 1, { output: 'array' })
      expect(Buffer.from(opened).equals(data)).toBe(true)
      expect(decryptSm2(own, hex(`04${oracle.doEncrypt(data, pair.publicKey, 1)}`)).equals(data)).toBe(true)
      const encoded = encryptSm2(other, data, 'asn1')
      const sequence = outerSequence(encoded)
      expect([sequence.integer(), sequence.integer()].every((value) => value > 0n)).toBe(true)
      expect(sequence.octets().length).toBe(32)
      expect(sequence.octets().length).toBe(data.length)
      expect(decryptSm2(own, encoded).equals(data)).toBe(true)
    }
  })

  it('takes as much as holds nobody up, and no more', () => {
    const most = randomBytes(0x4_0000)
    expect(decryptSm2(privateKey, encryptSm2(publicKey, most)).equals(most)).toBe(true)
    expect(() => encryptSm2(publicKey, Buffer.concat([most, most]))).toThrow('at most 262144 bytes')
    expect(() => decryptSm2(privateKey, Buffer.concat([encryptSm2(publicKey, most), most]))).toThrow('at most 262144 bytes')
  })

  it('refuses a changed ciphertext, whatever is changed, in one way', async () => {
    const made = encryptSm2(publicKey, Buffer.from('sixteen bytes...'))
    const messages = new Set<string>()
    for (let index = 0; index < made.length; index += 1) {
      const wrong = Buffer.from(made)
      wrong[index]! ^= 1
      const error = await errorOf(() => decryptSm2(privateKey, wrong))
      messages.add(`${error.reason} ${error.message}`)
    }
    for (const cut of [0, 1, 64, 65, 96, 97]) {
      messages.add((await errorOf(() => decryptSm2(privateKey, made.subarray(0, cut)))).message)
    }
    expect(messages).toEqual(new Set([
      'CryptographicFailure the cryptographic operation failed', 'the cryptographic operation failed',
    ]))
  })

  it('takes no private key with which signing would never end', async () => {
    const { n } = curveParameters(sm2Curve)
    for (const d of [0n, n - 1n, n, n + 1n]) {
      await refused(() => checkMaterial(privateMaterial(unsignedBytes(d, 32).toString('hex'))), 'InvalidField')
    }
    await checkMaterial(privateMaterial(unsignedBytes(n - 2n, 32).toString('hex')))
    await checkMaterial(privateMaterial(unsignedBytes(1n, 32).toString('hex')))
  })

  it('works through the provider, and its generated keys sign SM2 and not ECDSA', async () => {
    const provider = softwareProvider()
    const spec = { algorithm: CryptographicAlgorithm.SM2, length: 256 }
    const pair = await provider.generateKeyPair(spec)
    const own = await provider.load(await provider.importKey(pair.privateKey as PlainKey))
    const other = await provider.load(await provider.importKey(pair.publicKey as PlainKey))
    const data = Buffer.from('data')
    const made = await provider.sign(own, {}, { data })
    const point = (pair.publicKey as PlainKey).bytes.reveal().subarray(-65).toString('hex')
    const options = { der: true, hash: true, userId: defaultUserId.toString() }
    expect(oracle.doVerifySignature(data, made.toString('hex'), point, options)).toBe(true)
    expect(await provider.verify(other, {}, { data }, made)).toBe(true)
    const { data: hidden } = await provider.encrypt(other, {}, { data })
    expect((await provider.decrypt(own, {}, { data: hidden })).equals(data)).toBe(true)
  })
})

function privateMaterial(scalar: string): PlainKey {
  const der = encodePkcs8({ type: 'ec', curve: sm2Curve, d: unsignedInteger(hex(scalar)) })
  return { algorithm: CryptographicAlgorithm.SM2, length: 256, kind: 'private', bytes: new Secret(der) }
}

function publicMaterial(point: string): PlainKey {
  const der = encodeSpki({ type: 'ec', curve: sm2Curve, point: hex(point) })
  return { algorithm: CryptographicAlgorithm.SM2, length: 256, kind: 'public', bytes: new Secret(der) }
}
