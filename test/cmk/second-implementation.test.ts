import { spawnSync } from 'node:child_process'
import { createCipheriv, createDecipheriv, createPublicKey, randomBytes, verify } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { CmkCipher } from '../../src/client/cmk-cipher.ts'
import { CmkClient } from '../../src/client/cmk.ts'
import { encodePkcs8 } from '../../src/crypto/asymmetric.ts'
import { curveParameters, sm2Curve } from '../../src/crypto/curve.ts'
import { unsignedInteger } from '../../src/crypto/der.ts'
import { BlockCipherMode, CryptographicAlgorithm, Operation, PaddingMethod } from '../../src/kmip/generated/enums.ts'
import { HashingExtension, PaddingExtension } from '../../src/kmip/extension.ts'
import { HashRequest, HashResponse } from '../../src/kmip/payload/hash.ts'
import { Lab } from '../support/cmk.ts'
import { importParameters, register, wrapped, wrappedPair } from '../support/import.ts'

/**
 * What the server makes, another implementation reads, and the other way: SM2, SM3 and SM4 by sm-crypto and OpenSSL's
 * command, the others by node:crypto. Keys are brought, so that both sides have them.
 */

const hash = { code: Operation.Hash, request: HashRequest, response: HashResponse }
const rounds = Array.from({ length: 20 }, (_, round) => round)
const signed = Buffer.from('what is signed')

test('SM3: the same digest', async () => {
  const { client } = new Lab().as('alice')
  for (const round of rounds) {
    const data = randomBytes(round * 7 + 1)
    const cryptographicParameters = { hashingAlgorithm: HashingExtension.SM3 }
    expect((await client.request(hash, { cryptographicParameters, data })).data!.toString('hex')).toBe(sm3([...data]))
  }
})

describe.each(['ECB', 'CBC'] as const)('SM4 %s', (mode) => {
  test('the same ciphertext, and each reads the other\'s', async () => {
    const alice = new Lab().as('alice')
    const key = randomBytes(16)
    const id = await alice.registerPlain(key, CryptographicAlgorithm.SM4)
    const cryptographicParameters = { blockCipherMode: BlockCipherMode[mode], paddingMethod: PaddingMethod.PKCS5 }
    for (const round of rounds) {
      const data = randomBytes(round * 5 + 1)
      const iv = mode === 'CBC' ? randomBytes(16) : undefined
      const options = { mode: mode.toLowerCase(), output: 'array', ...(iv !== undefined && { iv: iv.toString('hex') }) }
      const theirs = Buffer.from(sm4.encrypt([...data], key.toString('hex'), options))
      const extra = { cryptographicParameters, ...(iv !== undefined && { ivCounterNonce: iv }) }
      const ours = (await alice.encrypt(id, data, extra)).data!
      expect(ours).toEqual(theirs)
      expect(Buffer.from(sm4.decrypt([...ours], key.toString('hex'), options))).toEqual(data)
      expect((await alice.decrypt(id, { data: theirs }, extra)).data).toEqual(data)
    }
  })
})

describe('SM2, with a key that is brought', () => {
  test('signs with Z(A) and the default user id, and verifies such signatures', async () => {
    const { alice, privateKey, publicKey, pair } = await sm2Place('SIGN/VERIFY')
    const options = { der: true, hash: true, userId: '1234567812345678' }
    for (const round of rounds) {
      const data = randomBytes(round * 3 + 1)
      const { signatureData } = await alice.sign(privateKey, data)
      expect(sm2.doVerifySignature([...data], signatureData!.toString('hex'), pair.publicKey, options)).toBe(true)
      const theirs = Buffer.from(sm2.doSignature([...data], pair.privateKey, options), 'hex')
      expect((await alice.verify(publicKey, data, theirs)).validityIndicator).toBe(1)
    }
  })

  test('encrypts to C1C3C2 and decrypts it', async () => {
    const { alice, privateKey, publicKey, pair } = await sm2Place('ENCRYPT/DECRYPT')
    for (const round of rounds) {
      const data = randomBytes(round * 3 + 1)
      const ours = (await alice.encrypt(publicKey, data)).data!
      expect(Buffer.from(sm2.doDecrypt(ours.toString('hex').slice(2), pair.privateKey, 1, { output: 'array' }))).toEqual(data)
      const theirs = Buffer.from(`04${sm2.doEncrypt([...data], pair.publicKey, 1)}`, 'hex')
      expect((await alice.decrypt(privateKey, { data: theirs })).data).toEqual(data)
    }
  })

  test('encrypts to the ASN.1 form and decrypts it, against OpenSSL', async () => {
    const { alice, privateKey, publicKey, pkcs8 } = await sm2Place('ENCRYPT/DECRYPT')
    const cryptographicParameters = { paddingMethod: PaddingExtension.SM2ASN1 }
    const data = Buffer.from('the ASN.1 form')
    const ours = (await alice.encrypt(publicKey, data, { cryptographicParameters })).data!
    expect(ours[0]).toBe(0x30)
    expect(openssl(['-decrypt'], pkcs8, ours)).toEqual(data)
    const theirs = openssl(['-encrypt'], pkcs8, data)
    for (const extra of [{}, { cryptographicParameters }]) {
      expect((await alice.decrypt(privateKey, { data: theirs }, extra)).data).toEqual(data)
    }
  })
})

test('a blob is opened by whoever has the material, and one that they make is opened here', async () => {
  const alice = new Lab().as('alice')
  const material = randomBytes(32)
  const id = await alice.create({ 'cmk-origin': 'EXTERNAL' })
  const parameters = await importParameters(alice, id, 'RSA_2048/RSAES_OAEP_SHA_256')
  await register(alice.client, parameters, wrapped(parameters, material))
  const cipher = new CmkCipher(alice.client)
  const { blob } = await cipher.encrypt(id, signed)
  const opener = createDecipheriv('aes-256-gcm', material, blob.subarray(36, 48)).setAuthTag(blob.subarray(-16))
  const text = Buffer.concat([opener.update(blob.subarray(48, -16)), opener.final()]).toString()
  expect(Buffer.from(text, 'base64')).toEqual(signed)
  const iv = randomBytes(12)
  const maker = createCipheriv('aes-256-gcm', material, iv)
  const data = Buffer.concat([maker.update(signed.toString('base64')), maker.final()])
  const theirs = Buffer.concat([Buffer.from(id), iv, data, maker.getAuthTag()])
  expect((await cipher.decrypt(theirs)).plaintext).toEqual(signed)
})

test.each(['RSA_2048', 'RSA_3072', 'EC_P256', 'EC_P256K'])('a signature of %s is verified elsewhere', async (spec) => {
  const alice = new Lab().as('alice')
  const { privateKey } = await alice.createPair({ 'cmk-key-spec': spec })
  const { publicKey } = await new CmkClient(alice.client).publicKey(`key/${privateKey}`)
  const { signatureData } = await alice.sign(privateKey, signed)
  const key = createPublicKey({ key: publicKey, format: 'der', type: 'spki' })
  const padding = spec.startsWith('RSA') ? { padding: 6, saltLength: 32 } : {}
  expect(verify('sha256', signed, { key, ...padding }, signatureData!)).toBe(true)
  expect(verify('sha256', Buffer.from('forged'), { key, ...padding }, signatureData!)).toBe(false)
})

async function sm2Place(usage: string) {
  const alice = new Lab().as('alice')
  const pair = sm2.generateKeyPairHex()
  const d = unsignedInteger(Buffer.from(pair.privateKey, 'hex'))
  const pkcs8 = encodePkcs8({ type: 'ec', curve: sm2Curve, d })
  expect(d).toBeLessThan(curveParameters(sm2Curve).n)
  const { privateKey, publicKey } = await alice.createPair({
    'cmk-key-spec': 'EC_SM2', 'cmk-usage': usage, 'cmk-origin': 'EXTERNAL',
  })
  const parameters = await importParameters(alice, privateKey, 'EC_SM2/SM2PKE')
  const brought = { kind: 'PrivateKey', algorithm: CryptographicAlgorithm.SM2 } as const
  await register(alice.client, parameters, wrappedPair(parameters, pkcs8), brought)
  return { alice, privateKey, publicKey, pair, pkcs8 }
}

/** `openssl pkeyutl` with the private key, which it also encrypts by. */
function openssl(words: readonly string[], pkcs8: Buffer, input: Buffer): Buffer {
  const directory = mkdtempSync(join(tmpdir(), 'keyward-sm2-'))
  try {
    const key = join(directory, 'key.der')
    writeFileSync(key, pkcs8)
    const result = spawnSync('openssl', ['pkeyutl', ...words, '-keyform', 'DER', '-inkey', key], { input })
    if (result.status !== 0) throw new Error(result.stderr.toString())
    return result.stdout
  } finally {
    rmSync(directory, { recursive: true })
  }
}

interface Sm2 {
  generateKeyPairHex(): { privateKey: string; publicKey: string }
  doEncrypt(message: readonly number[], publicKey: string, cipherMode: 1): string
  doDecrypt(message: string, privateKey: string, cipherMode: 1, options: { output: 'array' }): readonly number[]
  doSignature(message: readonly number[], privateKey: string, options: object): string
  doVerifySignature(message: readonly number[], signature: string, publicKey: string, options: object): boolean
}
interface Sm4 {
  encrypt(message: readonly number[], key: string, options: object): readonly number[]
  decrypt(message: readonly number[], key: string, options: object): readonly number[]
}
const { sm2, sm3, sm4 } = createRequire(import.meta.url)('sm-crypto') as {
  sm2: Sm2; sm3(message: readonly number[]): string; sm4: Sm4
}
