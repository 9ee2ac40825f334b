import { createPrivateKey } from 'node:crypto'
import { expect, test } from 'vitest'
import { ansiX931Blocks, ansiX931Source, blockCipher, openSslSource } from '../../src/crypto/random-source.ts'
import { softwareProvider } from '../../src/crypto/software.ts'
import { KmipError } from '../../src/kmip/error.ts'
import { CryptographicAlgorithm, RecommendedCurve } from '../../src/kmip/generated/enums.ts'
import fixture from '../../fixtures/crypto/ansi-x931.json' with { type: 'json' }

const hex = (text: string): Buffer => Buffer.from(text, 'hex')

test.for(fixture.vectors)('ANSI X9.31 of $key gives what NIST says', ({ key, dateTime, seed, output }) => {
  expect(ansiX931Blocks(blockCipher(hex(key)), hex(dateTime), hex(seed)).output.toString('hex')).toBe(output)
})

test('each block goes on from the one before', () => {
  const encrypt = blockCipher(hex(fixture.vectors[2]!.key))
  const [one, two] = [Buffer.alloc(16, 1), Buffer.alloc(16, 2)]
  const first = ansiX931Blocks(encrypt, one, Buffer.alloc(16))
  const second = ansiX931Blocks(encrypt, two, first.seed)
  const both = ansiX931Blocks(encrypt, Buffer.concat([one, two]), Buffer.alloc(16))
  expect(both).toEqual({ output: Buffer.concat([first.output, second.output]), seed: second.seed })
})

test('a generator that stands still is found out', () => {
  const broken = (blocks: Buffer): Buffer => Buffer.alloc(blocks.length)
  expect(() => ansiX931Blocks(broken, Buffer.alloc(32), Buffer.alloc(16))).toThrow('repeats itself')
})

test('two generators, and two requests of one, never give the same; a seed of the client is used up to one block', () => {
  const [one, other] = [ansiX931Source(), ansiX931Source()]
  const drawn = [one, one, other, one].map((source, index) => {
    if (index === 3) expect([source.seed!(Buffer.alloc(32, 7)), source.seed!(Buffer.alloc(5))]).toEqual([16, 5])
    return source.bytes(33).toString('hex')
  })
  expect(drawn.map((each) => each.length)).toEqual([66, 66, 66, 66])
  expect(new Set(drawn).size).toBe(4)
  expect(openSslSource.seed).toBeUndefined()
})

const { RSA, EC, ECDSA, ECDH, Ed25519, Ed448, SM2, DSA, DES3 } = CryptographicAlgorithm
const provider = softwareProvider(ansiX931Source())

test.for([
  { algorithm: RSA, length: 1024 }, { algorithm: RSA, length: 2048 },
  { algorithm: EC, length: 256 }, { algorithm: ECDSA, length: 521 }, { algorithm: SM2, length: 256 },
  { algorithm: ECDH, length: 0, curve: RecommendedCurve.CURVE25519 },
  { algorithm: Ed25519, length: 256 }, { algorithm: Ed448, length: 456 },
])('pairs of it are sound: algorithm $algorithm of $length bits', async (spec) => {
  const made = await provider.generateKeyPair(spec)
  // The checks for what comes from outside: sizes, scalars in range, the halves belonging together.
  await softwareProvider().importKey(made.privateKey as never)
  await softwareProvider().importKey(made.publicKey as never)
  const again = await provider.generateKeyPair(spec)
  expect(bytesOf(again.privateKey)).not.toEqual(bytesOf(made.privateKey))
})

test('RSA primes are held to FIPS 186-4 B.3.3', async () => {
  const { privateKey } = await provider.generateKeyPair({ algorithm: RSA, length: 1024 })
  const jwk = createPrivateKey({ key: bytesOf(privateKey), format: 'der', type: 'pkcs8' }).export({ format: 'jwk' })
  const number = (text = ''): bigint => BigInt(`0x${Buffer.from(text, 'base64url').toString('hex')}`)
  const [n, p, q, d] = [jwk.n, jwk.p, jwk.q, jwk.d].map(number) as [bigint, bigint, bigint, bigint]
  expect([n === p * q, n >> 1023n, p >> 510n, q >> 510n]).toEqual([true, 1n, 3n, 3n])
  expect([(p > q ? p - q : q - p) >> 412n === 0n, d >> 512n === 0n]).toEqual([false, false])
})

test('symmetric keys are of it too, and DSA, whose domain parameters OpenSSL makes, is refused', async () => {
  const key = await provider.generateKey({ algorithm: DES3, length: 168 })
  expect(bytesOf(key)).toHaveLength(24)
  expect(() => provider.generateKeyPair({ algorithm: DSA, length: 2048 })).toThrow(KmipError)
})

function bytesOf(key: object): Buffer {
  return (key as { bytes: { reveal(): Buffer } }).bytes.reveal()
}
