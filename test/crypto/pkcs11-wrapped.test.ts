import { createCipheriv, generateKeyPairSync, randomBytes } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BlockCipherMode, CryptographicAlgorithm } from '../../src/kmip/generated/enums.ts'
import type { Key, WrappedSpec } from '../../src/crypto/provider.ts'
import { Secret } from '../../src/kmip/secret.ts'
import { makeSoftToken, openToken, tokenMissing } from '../support/token.ts'
import type { OpenToken, TestToken } from '../support/token.ts'

const missing = await tokenMissing()
const { AES, ChaCha20, DSA, EC, HMAC_SHA1: HMAC, RSA, SM4 } = CryptographicAlgorithm

const failure = 'CryptographicFailure'

/** Material, what it is said to be, and the reason for which it is refused, if it is. */
const cases: readonly (readonly [string, () => Buffer, WrappedSpec, string?])[] = [
  ['an AES key', () => randomBytes(24), { kind: 'symmetric', algorithm: AES }],
  ['an RSA key', () => pkcs8(rsaOf(2048)), { kind: 'private', algorithm: RSA }],
  ['an elliptic curve key', () => pkcs8(ecOn('P-256')), { kind: 'private', algorithm: EC }],
  ['an HMAC key of 160 bits', () => randomBytes(20), { kind: 'symmetric', algorithm: HMAC, length: 160 }],
  ['an HMAC key of nobody knows how many bits', () => randomBytes(20), { kind: 'symmetric', algorithm: HMAC }, 'InvalidField'],
  ['an HMAC key of more bits', () => randomBytes(20), { kind: 'symmetric', algorithm: HMAC, length: 128 }, failure],
  ['an AES key of 320 bits', () => randomBytes(40), { kind: 'symmetric', algorithm: AES }, 'InvalidAttributeValue'],
  ['an AES key of 248 bits', () => randomBytes(31), { kind: 'symmetric', algorithm: AES }, 'FeatureNotSupported'],
  ['a key of ChaCha20', () => randomBytes(32), { kind: 'symmetric', algorithm: ChaCha20 }, 'FeatureNotSupported'],
  ['a key of SM4', () => randomBytes(16), { kind: 'symmetric', algorithm: SM4 }, 'FeatureNotSupported'],
  ['a symmetric key of RSA', () => randomBytes(16), { kind: 'symmetric', algorithm: RSA }, 'FeatureNotSupported'],
  ['an RSA key of 1024 bits', () => pkcs8(rsaOf(1024)), { kind: 'private', algorithm: RSA }, 'InvalidAttributeValue'],
  ['a key on P-224', () => pkcs8(ecOn('P-224')), { kind: 'private', algorithm: EC }, 'FeatureNotSupported'],
  ['a key on P-256 as one of DSA', () => pkcs8(ecOn('P-256')), { kind: 'private', algorithm: DSA }, 'FeatureNotSupported'],
]

describe.skipIf(missing !== undefined)('a wrapped key that a token takes in is one that it would take open', () => {
  const kek = randomBytes(32)
  let token: TestToken
  let open: OpenToken
  let key: Key

  beforeAll(async () => {
    token = await makeSoftToken()
    open = await openToken(token, 'internal')
    const bytes = new Secret(Buffer.from(kek))
    key = await open.provider.load(await open.provider.importKey({ kind: 'symmetric', algorithm: AES, length: 256, bytes }))
  })
  afterAll(async () => {
    open?.connection.close()
    await token?.remove()
  })

  for (const [name, make, spec, reason] of cases) it(name, async () => {
    const cipher = createCipheriv('id-aes256-wrap-pad', kek, Buffer.from('a65959a6', 'hex'))
    const bytes = Buffer.concat([cipher.update(make()), cipher.final()])
    const before = objectsIn(token)
    const taking = open.provider.importWrapped!(key, { blockCipherMode: BlockCipherMode.AESKeyWrapPadding }, { bytes }, spec)
    if (reason === undefined) await taking
    else await expect(taking).rejects.toMatchObject({ reason })
    expect(objectsIn(token) - before).toBe(reason === undefined ? 1 : 0)
  })
})

function objectsIn({ directory }: TestToken): number {
  return readdirSync(directory, { recursive: true }).filter((name) => String(name).endsWith('.object')).length
}

function rsaOf(modulusLength: number): KeyObject {
  return generateKeyPairSync('rsa', { modulusLength }).privateKey
}

function ecOn(namedCurve: string): KeyObject {
  return generateKeyPairSync('ec', { namedCurve }).privateKey
}

function pkcs8(key: KeyObject): Buffer {
  return key.export({ type: 'pkcs8', format: 'der' })
}
