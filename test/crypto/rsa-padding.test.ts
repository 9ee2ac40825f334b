import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { HashingAlgorithm } from '../../src/kmip/generated/enums.ts'
import { hash, hashInfo } from '../../src/crypto/hash.ts'
import { decodeOaep, encodeOaep, encodePss, verifyPss } from '../../src/crypto/rsa-padding.ts'
import { errorOf } from './refused.ts'

const sha256 = hashInfo(HashingAlgorithm.SHA_256)
const sha1 = hashInfo(HashingAlgorithm.SHA_1)

describe('OAEP', () => {
  const options = { hash: sha256, maskHash: sha1, label: Buffer.from('label') }

  it('gives back messages of every length that fits, and takes no longer ones', async () => {
    const length = 128
    for (let size = 0; size <= length - 66; size += 1) {
      const message = Buffer.alloc(size, size)
      expect(decodeOaep(encodeOaep(message, length, options), options).equals(message)).toBe(true)
    }
    expect((await errorOf(() => encodeOaep(Buffer.alloc(length - 65), length, options))).reason).toBe('InvalidField')
  })

  it('refuses any changed byte, any other label and any other hash, in one way', async () => {
    const encoded = encodeOaep(Buffer.from('message'), 128, options)
    const seen = new Set<string>()
    for (let index = 0; index < encoded.length; index += 1) {
      const wrong = Buffer.from(encoded)
      wrong[index]! ^= 0x40
      seen.add((await errorOf(() => decodeOaep(wrong, options))).message)
    }
    for (const other of [{ label: Buffer.alloc(0) }, { hash: sha1 }, { maskHash: sha256 }]) {
      seen.add((await errorOf(() => decodeOaep(encoded, { ...options, ...other }))).message)
    }
    for (const short of [0, 1, 65]) {
      seen.add((await errorOf(() => decodeOaep(encoded.subarray(0, short), options))).message)
    }
    expect([...seen]).toEqual(['the cryptographic operation failed'])
  })
})

describe('PSS', () => {
  const digest = hash(sha256, Buffer.from('data'))

  it('verifies what it encodes, for every number of bits above whole bytes', () => {
    for (let modulusBits = 1017; modulusBits <= 1032; modulusBits += 1) {
      for (const saltLength of [0, 20, 32]) {
        const options = { hash: sha256, maskHash: sha1, saltLength }
        const encoded = encodePss(digest, modulusBits, options)
        expect(encoded.length).toBe(Math.ceil(modulusBits / 8))
        expect(verifyPss(encoded, digest, modulusBits, options)).toBe(true)
        expect(verifyPss(encoded, digest, modulusBits, { ...options, saltLength: undefined })).toBe(true)
        expect(verifyPss(encoded, digest, modulusBits, { ...options, saltLength: saltLength + 1 })).toBe(false)
        expect(verifyPss(encoded, digest, modulusBits, { ...options, maskHash: sha256 })).toBe(false)
        expect(verifyPss(encoded, randomBytes(32), modulusBits, options)).toBe(false)
      }
    }
  })

  it('takes no encoding with any bit changed', () => {
    const options = { hash: sha256, maskHash: sha256, saltLength: undefined }
    const encoded = encodePss(digest, 1024, options)
    for (let bit = 0; bit < encoded.length * 8; bit += 1) {
      const wrong = Buffer.from(encoded)
      wrong[bit >> 3]! ^= 1 << bit % 8
      expect(verifyPss(wrong, digest, 1024, options)).toBe(false)
    }
  })

  it('needs a modulus that holds hash and salt', async () => {
    const options = { hash: sha256, maskHash: sha256, saltLength: 32 }
    expect((await errorOf(() => encodePss(digest, 512, options))).reason).toBe('BadCryptographicParameters')
  })
})
