import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import forge from 'node-forge'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  CryptographicAlgorithm, KeyCompressionType, KeyFormatType, RecommendedCurve,
} from '../../src/kmip/generated/enums.ts'
import { KmipError } from '../../src/kmip/error.ts'
import type { KeyBlock } from '../../src/kmip/object.ts'
import { Secret } from '../../src/kmip/secret.ts'
import { encodeTransparent, TransparentECPrivateKey, TransparentRSAPrivateKey } from '../../src/kmip/key-material.ts'
import { decodePkcs8, encodePkcs8, encodeSpki } from '../../src/crypto/asymmetric.ts'
import type { RsaPrivate } from '../../src/crypto/asymmetric.ts'
import { curves } from '../../src/crypto/curve.ts'
import {
  decodeKeyBlock, defaultFormat, encodeKeyBlock, isEncryptedPrivateKey, publicKeyOf,
} from '../../src/crypto/key-format.ts'
import { decodePkcs12, encodePkcs12 } from '../../src/crypto/pkcs12.ts'
import type { KeyKind, PlainKey } from '../../src/crypto/provider.ts'
import { softwareProvider } from '../../src/crypto/software.ts'
import { errorOf, refused } from './refused.ts'

const f = KeyFormatType
const c = CryptographicAlgorithm
const provider = softwareProvider()

async function pair(algorithm: number, length: number, curve?: number): Promise<[PlainKey, PlainKey]> {
  const { privateKey, publicKey } = await provider.generateKeyPair({ algorithm, length, curve })
  return [privateKey as PlainKey, publicKey as PlainKey]
}

describe('key formats', () => {
  const privateFormats: [string, number, number, number | undefined, number[]][] = [
    ['RSA', c.RSA, 1024, undefined, [f.PKCS_1, f.PKCS_8, f.TransparentRSAPrivateKey]],
    ['P-256', c.EC, 256, RecommendedCurve.P_256, [f.PKCS_8, f.ECPrivateKey, f.TransparentECPrivateKey]],
    ['P-521', c.ECDSA, 521, RecommendedCurve.P_521, [f.PKCS_8, f.ECPrivateKey, f.TransparentECDSAPrivateKey]],
    ['secp224k1', c.ECDH, 224, RecommendedCurve.SECP224K1, [f.PKCS_8, f.ECPrivateKey, f.TransparentECDHPrivateKey]],
    ['X25519', c.ECDH, 256, RecommendedCurve.CURVE25519, [f.PKCS_8, f.TransparentECPrivateKey]],
    ['Ed25519', c.Ed25519, 256, undefined, [f.PKCS_8, f.TransparentECDSAPrivateKey]],
    ['DSA', c.DSA, 1024, undefined, [f.PKCS_8, f.TransparentDSAPrivateKey]],
    ['SM2', c.SM2, 256, undefined, [f.PKCS_8, f.ECPrivateKey]],
  ]
  it.each(privateFormats)('%s private keys come back from every format', async (_name, ...given) => {
    const [algorithm, length, curve, formats] = given
    const [privateKey, publicKey] = await pair(algorithm, length, curve)
    for (const format of formats) {
      const decodedKey = decodeKeyBlock(encodeKeyBlock(privateKey, format), 'private')
      expect(decodedKey).toMatchObject({ algorithm, length, kind: 'private' })
      expect(decodedKey.bytes.reveal().equals(privateKey.bytes.reveal())).toBe(true)
      await provider.importKey(decodedKey)
      expect(publicKeyOf(decodedKey).bytes.reveal().equals(publicKey.bytes.reveal())).toBe(true)
    }
  })

  const publicFormats: [string, number, number, number | undefined, number[]][] = [
    ['RSA', c.RSA, 1024, undefined, [f.PKCS_1, f.X_509, f.TransparentRSAPublicKey]],
    ['P-384', c.EC, 384, RecommendedCurve.P_384, [f.X_509, f.TransparentECPublicKey]],
    ['brainpool', c.ECDSA, 320, RecommendedCurve.BRAINPOOLP320R1, [f.X_509, f.TransparentECDSAPublicKey]],
    ['X448', c.ECDH, 448, RecommendedCurve.CURVE448, [f.X_509, f.TransparentECDHPublicKey]],
    ['Ed448', c.Ed448, 456, undefined, [f.X_509, f.TransparentECDSAPublicKey]],
    ['DSA', c.DSA, 1024, undefined, [f.X_509, f.TransparentDSAPublicKey]],
    ['SM2', c.SM2, 256, undefined, [f.X_509]],
  ]
  it.each(publicFormats)('%s public keys come back from every format', async (_name, ...given) => {
    const [algorithm, length, curve, formats] = given
    const [, publicKey] = await pair(algorithm, length, curve)
    for (const format of formats) {
      const decodedKey = decodeKeyBlock(encodeKeyBlock(publicKey, format), 'public')
      expect(decodedKey).toMatchObject({ algorithm, length, kind: 'public' })
      expect(decodedKey.bytes.reveal().equals(publicKey.bytes.reveal())).toBe(true)
      await provider.importKey(decodedKey)
    }
  })

  it('writes what OpenSSL writes', () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
    const plain = (kind: KeyKind, bytes: Buffer): PlainKey => (
      { algorithm: c.RSA, length: 1024, kind, bytes: new Secret(bytes) }
    )
    const own = plain('private', privateKey.export({ type: 'pkcs8', format: 'der' }))
    const pkcs1 = { type: 'pkcs1', format: 'der' } as const
    expect(bytesOf(encodeKeyBlock(own, f.PKCS_1)).equals(privateKey.export(pkcs1))).toBe(true)
    const other = plain('public', publicKey.export({ type: 'spki', format: 'der' }))
    expect(bytesOf(encodeKeyBlock(other, f.PKCS_1)).equals(publicKey.export(pkcs1))).toBe(true)
    for (const curve of curves) {
      const ec = generateKeyPairSync('ec', { namedCurve: curve.name })
      const key: PlainKey = {
        algorithm: c.EC, length: curve.bits, curve: curve.id, kind: 'private',
        bytes: new Secret(ec.privateKey.export({ type: 'pkcs8', format: 'der' })),
      }
      const sec1 = ec.privateKey.export({ type: 'sec1', format: 'der' })
      expect(bytesOf(encodeKeyBlock(key, f.ECPrivateKey)).equals(sec1), curve.name).toBe(true)
      const back = decodeKeyBlock(block(f.ECPrivateKey, sec1), 'private')
      expect(back.bytes.reveal().equals(key.bytes.reveal()), curve.name).toBe(true)
      const spki = ec.publicKey.export({ type: 'spki', format: 'der' })
      expect(publicKeyOf(key).bytes.reveal().equals(spki), curve.name).toBe(true)
    }
  })

  it('compresses points on request, and takes them compressed', async () => {
    const [, publicKey] = await pair(c.EC, 256, RecommendedCurve.P_256)
    for (const [type, first] of [
      [KeyCompressionType.ECPublicKeyTypeX9_62CompressedPrime, [2, 3]],
      [KeyCompressionType.ECPublicKeyTypeX9_62Hybrid, [6, 7]],
      [KeyCompressionType.ECPublicKeyTypeUncompressed, [4]],
    ] as const) {
      for (const format of [f.X_509, f.TransparentECPublicKey]) {
        const encoded = encodeKeyBlock(publicKey, format, type)
        expect(encoded.keyCompressionType).toBe(type)
        const back = decodeKeyBlock(encoded, 'public')
        await provider.importKey(back)
        const point = bytesOf(encodeKeyBlock(back, f.TransparentECPublicKey), 1)
        expect(first).toContain(point[0])
        const again = encodeKeyBlock(back, f.X_509, KeyCompressionType.ECPublicKeyTypeUncompressed)
        expect(bytesOf(again).equals(publicKey.bytes.reveal())).toBe(true)
      }
    }
    const char2 = KeyCompressionType.ECPublicKeyTypeX9_62CompressedChar2
    await refused(() => encodeKeyBlock(publicKey, f.X_509, char2), 'KeyCompressionTypeNotSupported')
  })

  it('completes an RSA key from what a transparent one may hold', async () => {
    const [privateKey] = await pair(c.RSA, 1024)
    const { n, e, d, p, q } = decodePkcs8(privateKey.bytes.reveal()) as RsaPrivate
    for (const given of [
      { modulus: n, privateExponent: d, publicExponent: e }, { modulus: n, privateExponent: d },
      { modulus: n, p, q }, { modulus: n, p, q, privateExponent: d }, { modulus: n, q, publicExponent: e },
    ]) {
      const keyMaterial = { transparent: encodeTransparent(TransparentRSAPrivateKey, given) }
      const key = decodeKeyBlock({ keyFormatType: f.TransparentRSAPrivateKey, keyValue: { keyMaterial } }, 'private')
      await provider.importKey(key)
      expect(publicKeyOf(key).bytes.reveal().equals(publicKeyOf(privateKey).bytes.reveal())).toBe(true)
    }
    for (const given of [
      { modulus: n }, { modulus: n, p: p + 2n, q }, { modulus: n, privateExponent: d + 2n, publicExponent: e },
      { modulus: n, p, q, privateExponent: d + 2n, publicExponent: e }, { modulus: -n, privateExponent: d },
      { modulus: n, privateExponent: d, publicExponent: e, primeExponentP: 3n }, { modulus: 15n, p: 3n, q: 5n },
    ]) {
      const keyMaterial = { transparent: encodeTransparent(TransparentRSAPrivateKey, given) }
      const blocks = { keyFormatType: f.TransparentRSAPrivateKey, keyValue: { keyMaterial } }
      await refused(() => decodeKeyBlock(blocks, 'private'), 'InvalidField')
    }
  })

  it('has the default formats of the standard', async () => {
    const [rsa, rsaPublic] = await pair(c.RSA, 1024)
    const [ec, ecPublic] = await pair(c.EC, 256)
    const aes: PlainKey = { algorithm: c.AES, length: 128, kind: 'symmetric', bytes: new Secret(Buffer.alloc(16)) }
    expect([aes, rsa, rsaPublic, ec, ecPublic].map(defaultFormat)).toEqual([
      f.Raw, f.PKCS_1, f.PKCS_1, f.TransparentECPrivateKey, f.TransparentECPublicKey,
    ])
  })

  it('refuses formats that are not the key\'s, and material that is not of its format', async () => {
    const [rsa, rsaPublic] = await pair(c.RSA, 1024)
    for (const format of [f.ECPrivateKey, f.TransparentECPrivateKey, f.X_509, f.Raw, f.PKCS_12, 0x7777]) {
      await refused(() => encodeKeyBlock(rsa, format), 'KeyFormatTypeNotSupported')
    }
    for (const format of [f.PKCS_8, f.TransparentRSAPrivateKey, f.Raw]) {
      await refused(() => encodeKeyBlock(rsaPublic, format), 'KeyFormatTypeNotSupported')
    }
    const der = rsa.bytes.reveal()
    await refused(() => decodeKeyBlock(block(f.PKCS_1, der), 'private'), 'InvalidField')
    const longer = block(f.PKCS_8, Buffer.concat([der, Buffer.alloc(1)]))
    await refused(() => decodeKeyBlock(longer, 'private'), 'InvalidField')
    await refused(() => decodeKeyBlock(block(f.TransparentRSAPrivateKey, der), 'private'), 'InvalidField')
    await refused(() => decodeKeyBlock(block(0x7777, der), 'private'), 'KeyFormatTypeNotSupported')
    await refused(() => decodeKeyBlock({ keyFormatType: f.Raw }, 'symmetric'), 'KeyValueNotPresent')
    const wrong = { ...block(f.PKCS_8, der), cryptographicAlgorithm: c.RSA, cryptographicLength: 2048 }
    await refused(() => decodeKeyBlock(wrong, 'private'), 'InvalidField')
    await refused(() => decodeKeyBlock({ ...wrong, cryptographicAlgorithm: c.EC }, 'private'), 'InvalidField')
    const aes = { ...block(f.Raw, Buffer.alloc(16)), cryptographicAlgorithm: c.AES, cryptographicLength: 256 }
    await refused(() => decodeKeyBlock(aes, 'symmetric'), 'InvalidField')
  })

  it('knows an encrypted private key, which it cannot read', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
    const options = { type: 'pkcs8', format: 'der', cipher: 'aes-256-cbc', passphrase: 'secret' } as const
    const encrypted = block(f.PKCS_8, privateKey.export(options))
    expect(isEncryptedPrivateKey(encrypted)).toBe(true)
    await refused(() => decodeKeyBlock(encrypted, 'private'), 'KeyFormatTypeNotSupported')
    expect(isEncryptedPrivateKey(block(f.PKCS_8, privateKey.export({ type: 'pkcs8', format: 'der' })))).toBe(false)
  })

  it('answers random and damaged DER with a KmipError and nothing else, and what it takes works', async () => {
    const specs = [[c.RSA, 1024], [c.EC, 256], [c.DSA, 1024], [c.SM2, 256], [c.Ed25519, 256]] as const
    const keys = await Promise.all(specs.map(([algorithm, length]) => pair(algorithm, length)))
    const seeds = keys.flatMap(([privateKey, publicKey]) => [privateKey.bytes.reveal(), publicKey.bytes.reveal()])
    seeds.push(bytesOf(encodeKeyBlock(keys[0]![0], f.PKCS_1)), bytesOf(encodeKeyBlock(keys[1]![0], f.ECPrivateKey)))
    let refusals = 0
    for (let round = 0; round < 4000; round += 1) {
      const bytes = round % 4 === 0 ? randomBytes(round % 300) : mutated(seeds[round % seeds.length]!, round)
      for (const kind of ['private', 'public'] as const) {
        for (const format of kind === 'private' ? [f.PKCS_1, f.PKCS_8, f.ECPrivateKey] : [f.PKCS_1, f.X_509]) {
          const taken = await takenIn(block(format, bytes), kind)
          if (taken === undefined) refusals += 1
          else if (kind === 'private') await signsForItsPublicKey(taken)
        }
      }
    }
    expect(refusals).toBeGreaterThan(15_000)
  })
})

describe('import checks', () => {
  const p256 = { algorithm: c.EC, length: 256, curve: RecommendedCurve.P_256 }
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
  const curve = curves.find(({ name }) => name === 'prime256v1')!

  it('refuses private scalars out of range, and a public key of another', async () => {
    const [own] = await pair(c.EC, 256, RecommendedCurve.P_256)
    const [, foreign] = await pair(c.EC, 256, RecommendedCurve.P_256)
    const point = foreign.bytes.reveal().subarray(-65)
    const { d } = decodePkcs8(own.bytes.reveal()) as { d: bigint }
    for (const key of [{ d: 0n }, { d: order }, { d: order + 5n }, { d, point }]) {
      const bytes = new Secret(encodePkcs8({ type: 'ec', curve, ...key }))
      await refused(() => provider.importKey({ ...p256, kind: 'private', bytes }), 'InvalidField')
    }
    const bytes = new Secret(encodePkcs8({ type: 'ec', curve, d: order - 1n }))
    await provider.importKey({ ...p256, kind: 'private', bytes })
    const negative = encodeTransparent(TransparentECPrivateKey, { recommendedCurve: RecommendedCurve.P_256, d: -5n })
    const keyValue = { keyMaterial: { transparent: negative } }
    const transparent = { keyFormatType: f.TransparentECPrivateKey, keyValue }
    await refused(() => decodeKeyBlock(transparent, 'private'), 'InvalidField')
  })

  it('refuses points that are not on the curve, and the one at infinity', async () => {
    const off = Buffer.concat([Buffer.from([4]), Buffer.alloc(64, 7)])
    for (const point of [off, Buffer.from([0]), Buffer.alloc(65), Buffer.alloc(33, 2).fill(0xff, 1), Buffer.alloc(0)]) {
      const bytes = new Secret(encodeSpki({ type: 'ec', curve, point }))
      await refused(() => provider.importKey({ ...p256, kind: 'public', bytes }), 'InvalidField')
    }
  })

  it('refuses RSA numbers that are no key', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
    const good = decodePkcs8(privateKey.export({ type: 'pkcs8', format: 'der' })) as RsaPrivate
    const material = (key: RsaPrivate): PlainKey => (
      { algorithm: c.RSA, length: key.n.toString(2).length, kind: 'private', bytes: new Secret(encodePkcs8(key)) }
    )
    await provider.importKey(material(good))
    for (const change of [
      { n: good.n + 2n }, { n: good.n + 1n }, { e: 1n }, { e: 4n }, { d: good.d + 2n }, { p: good.q, q: good.p },
      { dp: good.dp + 1n }, { qi: good.qi + 1n }, { p: 1n, q: good.n }, { d: 1n }, { n: good.n >> 600n },
    ]) {
      await refused(() => provider.importKey(material({ ...good, ...change })), 'InvalidField')
    }
    const bytes = new Secret(encodeSpki({ type: 'rsa', n: (1n << 16385n) + 1n, e: 65537n }))
    await refused(() => provider.importKey({ algorithm: c.RSA, length: 16386, kind: 'public', bytes }), 'InvalidField')
  })

  it('refuses symmetric keys of wrong lengths', async () => {
    for (const [algorithm, length, bytes] of [
      [c.AES, 128, 15], [c.AES, 129, 16], [c.AES, 0, 0], [c.DES3, 168, 16], [c.SM4, 256, 32], [c.HMAC_SHA256, 12, 1],
    ] as const) {
      const material = { algorithm, length, kind: 'symmetric', bytes: new Secret(Buffer.alloc(bytes)) } as const
      await refused(() => provider.importKey(material), 'InvalidField')
    }
    const halves = { algorithm: c.AES, length: 512, kind: 'symmetric', bytes: new Secret(Buffer.alloc(64)) } as const
    await refused(() => provider.importKey(halves), 'InvalidField')
  })
})

describe('PKCS#12', () => {
  const password = new Secret(Buffer.from('pässword'))
  let key: PlainKey
  let certificate: Buffer
  beforeAll(() => {
    const keys = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const signer = forge.pki.privateKeyFromPem(keys.privateKey.export({ type: 'pkcs1', format: 'pem' }) as string)
    const made = forge.pki.createCertificate()
    made.publicKey = forge.pki.rsa.setPublicKey(signer.n, signer.e)
    made.serialNumber = '01'
    made.validity.notBefore = new Date(0)
    made.validity.notAfter = new Date(4e12)
    made.setSubject([{ name: 'commonName', value: 'test' }])
    made.setIssuer([{ name: 'commonName', value: 'test' }])
    made.sign(signer, forge.md.sha256.create())
    certificate = Buffer.from(forge.asn1.toDer(forge.pki.certificateToAsn1(made)).getBytes(), 'latin1')
    const der = keys.privateKey.export({ type: 'pkcs8', format: 'der' })
    key = { algorithm: c.RSA, length: 2048, kind: 'private', bytes: new Secret(der) }
  })

  it('builds what OpenSSL and forge open, and opens it itself', async () => {
    const contents = { privateKey: key.bytes, certificates: [certificate], friendlyName: 'näme' }
    const built = await encodePkcs12(contents, password)
    createSecureContext({ pfx: built.reveal(), passphrase: 'pässword' })
    expect(() => createSecureContext({ pfx: built.reveal(), passphrase: 'wrong' })).toThrow()
    const opened = await decodePkcs12(built.reveal(), password)
    expect(opened.privateKey.reveal().equals(key.bytes.reveal())).toBe(true)
    expect(opened.certificates.map((bytes) => bytes.toString('hex'))).toEqual([certificate.toString('hex')])
    expect(opened.friendlyName).toBe('näme')
    const plain = await encodePkcs12(contents, new Secret(Buffer.from('ascii')))
    const asn1 = forge.asn1.fromDer(plain.reveal().toString('latin1'))
    const p12 = forge.pkcs12.pkcs12FromAsn1(asn1, 'ascii')
    const bagType = forge.pki.oids['pkcs8ShroudedKeyBag']!
    expect(p12.getBags({ bagType })[bagType]!.length).toBe(1)
  })

  it.each(['3des', 'aes256'] as const)('opens what forge builds with %s', async (algorithm) => {
    const object = createPrivateKey({ key: key.bytes.reveal(), format: 'der', type: 'pkcs8' })
    const privateKey = forge.pki.privateKeyFromPem(object.export({ type: 'pkcs1', format: 'pem' }) as string)
    const x509 = forge.pki.certificateFromAsn1(forge.asn1.fromDer(certificate.toString('latin1')))
    const built = forge.pkcs12.toPkcs12Asn1(privateKey, [x509], 'secret', { algorithm, friendlyName: 'name' })
    const der = Buffer.from(forge.asn1.toDer(built).getBytes(), 'latin1')
    const opened = await decodePkcs12(der, new Secret(Buffer.from('secret')))
    const own = createPublicKey(createPrivateKey({ key: opened.privateKey.reveal(), format: 'der', type: 'pkcs8' }))
    expect(own.export({ type: 'spki', format: 'der' }).equals(publicKeyOf(key).bytes.reveal())).toBe(true)
    expect(opened.certificates.length).toBe(1)
    expect(opened.friendlyName).toBe('name')
  })

  it('holds keys on curves too, and no certificate', async () => {
    const [ec] = await pair(c.EC, 256)
    const built = await encodePkcs12({ privateKey: ec.bytes, certificates: [] }, password)
    const opened = await decodePkcs12(built.reveal(), password)
    expect(opened.privateKey.reveal().equals(ec.bytes.reveal())).toBe(true)
    expect(opened.friendlyName).toBe('alias')
  })

  it('answers a wrong password and damaged containers with a KmipError', async () => {
    const built = (await encodePkcs12({ privateKey: key.bytes, certificates: [certificate] }, password)).reveal()
    const wrong = await errorOf(() => decodePkcs12(built, new Secret(Buffer.from('wrong'))))
    expect(wrong.reason).toBe('CryptographicFailure')
    for (let round = 0; round < 300; round += 1) {
      const bytes = round % 5 === 0 ? built.subarray(0, round * 7) : mutated(built, round)
      await errorOf(() => decodePkcs12(bytes, password))
    }
  })
})

/** The imported key, or undefined where it was refused as a key of a client is to be. */
async function takenIn(keyBlock: KeyBlock, kind: KeyKind): Promise<PlainKey | undefined> {
  try {
    return await provider.importKey(decodeKeyBlock(keyBlock, kind)) as PlainKey
  } catch (error) {
    expect(error).toBeInstanceOf(KmipError)
    expect((error as Error).message).not.toMatch(/openssl|error:/i)
    return undefined
  }
}

async function signsForItsPublicKey(key: PlainKey): Promise<void> {
  const data = Buffer.from('data')
  const signature = await provider.sign(await provider.load(key), {}, { data })
  expect(await provider.verify(await provider.load(publicKeyOf(key)), {}, { data }, signature)).toBe(true)
}

function block(keyFormatType: number, bytes: Buffer): KeyBlock {
  return { keyFormatType, keyValue: { keyMaterial: new Secret(bytes) } }
}

/** The bytes of the material, or of the item at `index` of a transparent one. */
function bytesOf({ keyValue }: KeyBlock, index = 0): Buffer {
  if (keyValue === undefined || !('keyMaterial' in keyValue)) throw new Error('no material')
  const { keyMaterial } = keyValue
  return keyMaterial instanceof Secret ? keyMaterial.reveal() : keyMaterial.transparent[index]!.value as Buffer
}

/** One to three bytes changed, at places and to values that depend on the round alone. */
function mutated(bytes: Buffer, round: number): Buffer {
  const copy = Buffer.from(bytes)
  for (let change = 0; change <= round % 3; change += 1) {
    const place = (round * 2_654_435_761 + change * 97) % copy.length
    copy[place] = (copy[place]! + 1 + ((round * 31 + change) % 255)) % 256
  }
  return copy
}

