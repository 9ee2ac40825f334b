import { constants, generateKeyPairSync, publicEncrypt, randomBytes } from 'node:crypto'
import { beforeAll, expect, test } from 'vitest'
import type { Key } from '../../src/crypto/provider.ts'
import { softwareProvider } from '../../src/crypto/software.ts'
import { CryptographicAlgorithm, PaddingMethod } from '../../src/kmip/generated/enums.ts'
import { Secret } from '../../src/kmip/secret.ts'

/** Material of a CMK's that comes under PKCS#1 v1.5: what does not decrypt must not pass for a key. */

const provider = softwareProvider()
const parameters = { paddingMethod: PaddingMethod.PKCS1V1_5 }
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
let key: Key

beforeAll(async () => {
  const bytes = new Secret(rsa.privateKey.export({ format: 'der', type: 'pkcs8' }))
  key = await provider.load({ kind: 'private', algorithm: CryptographicAlgorithm.RSA, length: 2048, bytes })
})

test.each([0, 1, 16, 32, 245])('%i bytes come back', async (length) => {
  const data = randomBytes(length)
  const wrapped = publicEncrypt({ key: rsa.publicKey, padding: constants.RSA_PKCS1_PADDING }, data)
  expect((await provider.unwrap(key, parameters, wrapped, { tellsPadding: true })).reveal()).toEqual(data)
})

/** Blocks by their first bytes; the rest are ones, and at the end come a zero and a key. */
test.each([
  ['sound', [0, 2, 1], 'told'],
  ['of a signature', [0, 1, 1], 'refused'],
  ['that does not begin with zero', [1, 2, 1], 'refused'],
  ['with padding of seven bytes', [0, 2, 1, 1, 1, 1, 1, 1, 1, 0], 'refused'],
  ['with padding of eight bytes', [0, 2, 1, 1, 1, 1, 1, 1, 1, 1, 0], 'told'],
  ['without an end of the padding', [0, 2], 'refused', 1],
])('a block %s', async (_name, start, answer, end = 0) => {
  const block = Buffer.alloc(256, 1)
  Buffer.from(start).copy(block)
  block[223] = end
  const wrapped = publicEncrypt({ key: rsa.publicKey, padding: constants.RSA_NO_PADDING }, block)
  const attempt = Promise.resolve(provider.unwrap(key, parameters, wrapped, { tellsPadding: true }))
  expect(await attempt.then(() => 'told', () => 'refused')).toBe(answer)
  expect(await provider.unwrap(key, parameters, wrapped)).toBeInstanceOf(Secret)
})
