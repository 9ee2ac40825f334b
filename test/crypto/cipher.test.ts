import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { BlockCipherMode, CryptographicAlgorithm, PaddingMethod } from '../../src/kmip/generated/enums.ts'
import type { CryptographicParameters } from '../../src/kmip/attribute-value.ts'
import { Secret } from '../../src/kmip/secret.ts'
import type { Key } from '../../src/crypto/provider.ts'
import { softwareProvider } from '../../src/crypto/software.ts'
import { errorOf, refused } from './refused.ts'
import { hex } from './vectors.ts'

const provider = softwareProvider()
const aes = await keyOf(CryptographicAlgorithm.AES, 128)
const m = BlockCipherMode
const p = PaddingMethod

describe('padding', () => {
  const lengths: [string, number, (size: number) => number][] = [
    ['PKCS5', p.PKCS5, (size) => size + 16 - size % 16],
    ['ANSI X9.23', p.ANSIX9_23, (size) => size + 16 - size % 16],
    ['ISO 10126', p.ISO10126, (size) => size + 16 - size % 16],
    ['Zeros', p.Zeros, (size) => Math.ceil(size / 16) * 16],
  ]
  it.each(lengths)('%s comes off again, in one part and in many', async (_name, paddingMethod, padded) => {
    for (const blockCipherMode of [m.ECB, m.CBC]) {
      const parameters = { blockCipherMode, paddingMethod }
      for (let size = 0; size <= 33; size += 1) {
        const data = Buffer.alloc(size, 0x5a)
        const made = await provider.encrypt(aes, parameters, { data })
        expect(made.data.length).toBe(padded(size))
        expect((await provider.decrypt(aes, parameters, made)).equals(data)).toBe(true)
        const sealing = await provider.openCipher(aes, parameters, { direction: 'encrypt' })
        const parts = [sealing.update(data.subarray(0, 5)), sealing.update(data.subarray(5)), (await sealing.final()).data]
        const { iv } = sealing
        const opening = await provider.openCipher(aes, parameters, { direction: 'decrypt', iv })
        const sealed = Buffer.concat(parts)
        const halves = [opening.update(sealed.subarray(0, 17)), opening.update(sealed.subarray(17))]
        const back = [...halves, (await opening.final()).data]
        expect(Buffer.concat(back).equals(data)).toBe(true)
      }
    }
  })

  it('that is wrong is one failure, whatever is wrong', async () => {
    const none = { blockCipherMode: m.ECB }
    const seen = new Set<string>()
    for (const tail of ['00', '11', 'ff', '0102']) {
      const block = Buffer.concat([Buffer.alloc(16 - tail.length / 2, 7), hex(tail)])
      const { data } = await provider.encrypt(aes, none, { data: block })
      for (const paddingMethod of [p.PKCS5, p.ANSIX9_23]) {
        seen.add((await errorOf(() => provider.decrypt(aes, { ...none, paddingMethod }, { data }))).message)
      }
    }
    expect([...seen]).toEqual(['the cryptographic operation failed'])
  })

  it('belongs to ECB and CBC, which without it take whole blocks only', async () => {
    const data = Buffer.alloc(17)
    for (const blockCipherMode of [m.ECB, m.CBC]) {
      await refused(() => provider.encrypt(aes, { blockCipherMode }, { data }), 'InvalidField')
    }
    for (const blockCipherMode of [m.CTR, m.GCM, m.CFB, m.OFB, m.CCM, m.NISTKeyWrap]) {
      const parameters = { blockCipherMode, paddingMethod: p.PKCS5 }
      await refused(() => provider.encrypt(aes, parameters, { data: Buffer.alloc(16) }), 'BadCryptographicParameters')
      await refused(() => provider.openCipher(aes, parameters, { direction: 'encrypt' }), 'BadCryptographicParameters')
    }
  })
})

describe('counters', () => {
  const ctr: CryptographicParameters = { blockCipherMode: m.CTR }
  const nonce = Buffer.alloc(12, 9)

  it('follow the nonce, and are told from it', async () => {
    const data = Buffer.alloc(64)
    const whole = await provider.encrypt(aes, ctr, { data, iv: Buffer.concat([nonce, hex('00000001')]) })
    const counted = { ...ctr, counterLength: 32, initialCounterValue: 1 }
    const parted = await provider.encrypt(aes, counted, { data, iv: nonce })
    expect(parted.data.equals(whole.data)).toBe(true)
    expect(parted.iv).toBeUndefined()
    const made = await provider.encrypt(aes, { ...counted, randomIV: true }, { data })
    expect(made.iv!.length).toBe(12)
    const back = await provider.decrypt(aes, counted, made)
    expect(back.equals(data)).toBe(true)
  })

  it('do not run into the nonce, where the same key stream would come again', async () => {
    const small = { ...ctr, counterLength: 8, initialCounterValue: 250 }
    const iv = Buffer.alloc(15)
    expect((await provider.encrypt(aes, small, { data: Buffer.alloc(96), iv })).data.length).toBe(96)
    await refused(() => provider.encrypt(aes, small, { data: Buffer.alloc(97), iv }), 'InvalidField')
    const opened = await provider.openCipher(aes, small, { direction: 'encrypt', iv })
    opened.update(Buffer.alloc(90))
    await refused(() => opened.update(Buffer.alloc(7)), 'InvalidField')
  })

  it('that contradict the IV are refused', async () => {
    const data = Buffer.alloc(16)
    for (const [parameters, iv] of [
      [{ counterLength: 32 }, Buffer.alloc(8)], [{ initialCounterValue: 1 }, Buffer.alloc(16)],
      [{ ivLength: 96 }, Buffer.alloc(16)], [{ counterLength: 7 }, nonce], [{ counterLength: 0 }, nonce],
      [{ counterLength: 8, initialCounterValue: 256 }, Buffer.alloc(15)],
      [{ initialCounterValue: -1 }, nonce],
    ] as const) {
      await refused(() => provider.encrypt(aes, { ...ctr, ...parameters }, { data, iv }), 'BadCryptographicParameters')
    }
    for (const length of [0, 17]) {
      await refused(() => provider.encrypt(aes, ctr, { data, iv: Buffer.alloc(length) }), 'InvalidField')
    }
    const gcm = { blockCipherMode: m.GCM, fixedFieldLength: 32, invocationFieldLength: 64 }
    await refused(() => provider.encrypt(aes, gcm, { data }), 'UnsupportedCryptographicParameters')
    expect((await provider.encrypt(aes, gcm, { data, iv: nonce })).tag!.length).toBe(16)
    const long = { ...gcm, fixedFieldLength: 64 }
    await refused(() => provider.encrypt(aes, long, { data, iv: nonce }), 'BadCryptographicParameters')
    await refused(() => provider.encrypt(aes, { blockCipherMode: m.GCM, randomIV: false }, { data }), 'InvalidMessage')
    await refused(() => provider.encrypt(aes, { blockCipherMode: m.ECB }, { data, iv: nonce }), 'InvalidField')
  })
})

describe('SM4-GCM', () => {
  it('opens what it sealed in any parts, and not with any bit of the tag changed', async () => {
    const key = await keyOf(CryptographicAlgorithm.SM4, 128)
    const gcm = { blockCipherMode: m.GCM }
    for (const size of [0, 1, 15, 16, 17, 100, 4096]) {
      const data = randomBytes(size)
      const additionalData = randomBytes(size % 40)
      const { data: sealed, iv, tag } = await provider.encrypt(key, gcm, { data, additionalData })
      const opened = await provider.openCipher(key, gcm, { direction: 'decrypt', iv, tag, additionalData })
      for (let start = 0; start < size; start += 13) opened.update(sealed.subarray(start, start + 13))
      expect((await opened.final()).data.equals(data)).toBe(true)
      for (let bit = 0; bit < 128; bit += 9) {
        const wrong = Buffer.from(tag!)
        wrong[bit >> 3]! ^= 1 << bit % 8
        const input = { data: sealed, iv, tag: wrong, additionalData }
        await refused(() => provider.decrypt(key, gcm, input), 'CryptographicFailure')
      }
    }
  })
})

describe('keys', () => {
  it('do only what their kind can', async () => {
    const rsa = await provider.generateKeyPair({ algorithm: CryptographicAlgorithm.RSA, length: 1024 })
    const [privateKey, publicKey] = [await provider.load(rsa.privateKey), await provider.load(rsa.publicKey)]
    const oaep = { paddingMethod: p.OAEP }
    const data = Buffer.alloc(8)
    await refused(() => provider.encrypt(privateKey, oaep, { data }), 'InvalidObjectType')
    await refused(() => provider.decrypt(publicKey, oaep, { data }), 'InvalidObjectType')
    await refused(() => provider.sign(publicKey, {}, { data }), 'InvalidObjectType')
    await refused(() => provider.sign(aes, {}, { data }), 'InvalidObjectType')
    await refused(() => provider.mac(privateKey, {}, data), 'InvalidObjectType')
    await refused(() => provider.encrypt(publicKey, {}, { data }), 'BadCryptographicParameters')
    const none = { paddingMethod: p.None }
    await refused(() => provider.encrypt(publicKey, none, { data }), 'UnsupportedCryptographicParameters')
    await refused(() => provider.encrypt(publicKey, oaep, { data, iv: data }), 'InvalidField')
    await refused(() => provider.encrypt(publicKey, oaep, { data: Buffer.alloc(100) }), 'InvalidField')
    await refused(() => provider.openCipher(publicKey, oaep, { direction: 'encrypt' }), 'InvalidObjectType')
    await refused(() => provider.load({ ...aes, reference: Buffer.alloc(1) }), 'InvalidField')
  })
})

async function keyOf(algorithm: number, length: number): Promise<Key> {
  const material = { algorithm, length, kind: 'symmetric', bytes: new Secret(randomBytes(length / 8)) } as const
  return provider.load(await provider.importKey(material))
}
