import {
  createCipheriv, createDecipheriv, createECDH, createHash, createHmac, hkdfSync,
} from 'node:crypto'
import { expect, test } from 'vitest'
import { Pkcs11Reader } from '../../src/kmip/pkcs11-codec.ts'
import type { Pkcs11Writer } from '../../src/kmip/pkcs11-codec.ts'
import { RevisionConflict } from '../../src/store/store.ts'
import type { Store } from '../../src/store/store.ts'
import { memoryStore } from '../../src/store/memory.ts'
import { testEngine } from '../support/engine.ts'
import { initialized, number, text, w } from '../support/pkcs-11.ts'
import type { Attributes, Pkcs11Client } from '../support/pkcs-11.ts'
import { item } from '../support/xml.ts'

const yes = Buffer.from([1])
const none = Buffer.alloc(0)
const data = text('what is to be kept')
const value = Buffer.alloc(32, 3)

const iv = Buffer.alloc(16, 7)
const counter = w().ulong(128)
for (const byte of iv) counter.byte(byte)
const gcm = (tagBits: number): Buffer => w().bytes(iv.subarray(0, 12)).ulong(96).bytes(text('aad')).ulong(tagBits).take()

test.for<[string, number, Buffer, () => Buffer]>([
  ['CTR', 0x1086, counter.take(), () => {
    const cipher = createCipheriv('aes-256-ctr', value, iv)
    return Buffer.concat([cipher.update(data), cipher.final()])
  }],
  ['GCM', 0x1087, gcm(96), () => {
    const cipher = createCipheriv('aes-256-gcm', value, iv.subarray(0, 12), { authTagLength: 12 }).setAAD(text('aad'))
    return Buffer.concat([cipher.update(data), cipher.final(), cipher.getAuthTag()])
  }],
])('%s encrypts as another implementation does, and decrypts', async ([, mechanism, parameter, expected]) => {
  const p11 = await initialized()
  const session = await p11.open()
  const key = await secretKey(p11, session, [[0x104, yes], [0x105, yes]])
  const sealed = await twoSteps(p11, 'Encrypt', w().ulong(session).ulong(mechanism).bytes(parameter).ulong(key), data)
  expect(sealed).toEqual(expected())
  const init = (): Pkcs11Writer => w().ulong(session).ulong(mechanism).bytes(parameter).ulong(key)
  expect(await twoSteps(p11, 'Decrypt', init(), sealed)).toEqual(data)
  await p11.call('C_EncryptInit', w().ulong(session).ulong(mechanism).bytes(none).ulong(key), 'MECHANISM_PARAM_INVALID')
  if (mechanism !== 0x1087) return
  await p11.call('C_DecryptInit', init())
  await p11.call('C_Decrypt', w().ulong(session).bytes(Buffer.concat([sealed.subarray(1), sealed.subarray(0, 1)])),
    'ENCRYPTED_DATA_INVALID')
  await p11.call('C_DecryptInit', init())
  await p11.call('C_Decrypt', w().ulong(session).bytes(sealed.subarray(0, 11)), 'ENCRYPTED_DATA_LEN_RANGE')
  const opening = createDecipheriv('aes-256-gcm', value, iv.subarray(0, 12), { authTagLength: 12 }).setAAD(text('aad'))
  opening.setAuthTag(sealed.subarray(-12))
  expect(Buffer.concat([opening.update(sealed.subarray(0, -12)), opening.final()])).toEqual(data)
})

const pss = (hash: number, mask: number, salt: number): Buffer => w().ulong(hash).ulong(mask).ulong(salt).take()
const digest = createHash('sha256').update(data).digest()
const digestInfo = Buffer.concat([Buffer.from('3031300d060960864801650304020105000420', 'hex'), digest])

test.for<[string, 'RSA' | 'EC', readonly [number, Buffer, Buffer], readonly [number, Buffer, Buffer]]>([
  ['PSS, hashed there', 'RSA', [0x43, pss(0x250, 2, 32), data], [0x43, pss(0x250, 2, 32), data]],
  ['PSS of a digest and PSS of the data', 'RSA', [0xd, pss(0x250, 2, 20), digest], [0x43, pss(0x250, 2, 20), data]],
  ['PKCS#1 v1.5 of a DigestInfo and of the data', 'RSA', [0x1, none, digestInfo], [0x40, none, data]],
  ['SHA-1 with PKCS#1 v1.5', 'RSA', [0x6, none, data], [0x6, none, data]],
  ['ECDSA of a digest and of the data', 'EC', [0x1041, none, digest], [0x1044, none, data]],
  ['ECDSA with SHA-224', 'EC', [0x1043, none, data], [0x1043, none, data]],
])('%s', async ([, family, [signing, signingParameter, signed], [verifying, verifyingParameter, verified]]) => {
  const p11 = await initialized()
  const session = await p11.open()
  const [publicKey, privateKey] = family === 'RSA'
    ? await p11.pair(w().ulong(session).ulong(0).count(0), [[0x121, number(2048)]], [])
    : await p11.pair(w().ulong(session).ulong(0x1040).count(0), [[0x180, p256]], [])
  const init = w().ulong(session).ulong(signing).bytes(signingParameter).ulong(privateKey)
  const signature = await twoSteps(p11, 'Sign', init, signed)
  const verifyInit = (): Pkcs11Writer => w().ulong(session).ulong(verifying).bytes(verifyingParameter).ulong(publicKey)
  await p11.call('C_VerifyInit', verifyInit())
  await p11.call('C_Verify', w().ulong(session).bytes(verified).bytes(signature))
  const other = Buffer.from(verified)
  other[other.length - 1]! ^= 1
  await p11.call('C_VerifyInit', verifyInit())
  await p11.call('C_Verify', w().ulong(session).bytes(other).bytes(signature), 'SIGNATURE_INVALID')
})

test('OAEP and PKCS#1 v1.5 encrypt, and the other key decrypts', async () => {
  const p11 = await initialized()
  const session = await p11.open()
  const [publicKey, privateKey] = await p11.pair(
    w().ulong(session).ulong(0).count(0), [[0x121, number(2048)], [0x104, yes]], [[0x105, yes]])
  const oaep = w().ulong(0x250).ulong(2).ulong(1).bytes(text('label')).take()
  for (const [mechanism, parameter] of [[0x9, oaep], [0x1, none]] as const) {
    const init = (key: number): Pkcs11Writer => w().ulong(session).ulong(mechanism).bytes(parameter).ulong(key)
    const sealed = await twoSteps(p11, 'Encrypt', init(publicKey), data)
    expect(await twoSteps(p11, 'Decrypt', init(privateKey), sealed)).toEqual(data)
  }
})

test('CMAC and the shorter HMACs', async () => {
  const p11 = await initialized()
  const session = await p11.open()
  const usages: Attributes = [[0x108, yes], [0x10a, yes]]
  const example = await secretKey(p11, session, usages, Buffer.from('2b7e151628aed2a6abf7158809cf4f3c', 'hex'))
  const cmac = await twoSteps(p11, 'Sign', w().ulong(session).ulong(0x108a).bytes(none).ulong(example), none)
  // SP 800-38B, AES-128, the first example.
  expect(cmac.toString('hex')).toBe('bb1d6929e95937287fa37d129b756746')
  await p11.call('C_VerifyInit', w().ulong(session).ulong(0x108a).bytes(none).ulong(example))
  await p11.call('C_Verify', w().ulong(session).bytes(none).bytes(cmac))
  const key = await secretKey(p11, session, usages)
  const sha224 = await twoSteps(p11, 'Sign', w().ulong(session).ulong(0x256).bytes(none).ulong(key), data)
  expect(sha224).toEqual(createHmac('sha224', value).update(data).digest())
})

test('ECDH agrees with another party, whose key is no object, as HKDF derives', async () => {
  const p11 = await initialized()
  const session = await p11.open()
  const derivable: Attributes = [[0x10c, yes], [0x108, yes]]
  const [publicKey, privateKey] = await p11.pair(w().ulong(session).ulong(0x1040).count(0), [[0x180, p256]], derivable)
  const own = (await p11.attribute(session, publicKey, 0x181)).subarray(2)
  const other = createECDH('prime256v1')
  const point = other.generateKeys()
  const shared = other.computeSecret(own)
  const secret: Attributes = [[0x100, number(0x10)], [0x161, number(32)], [0x108, yes], [0x10a, yes], [0x10c, yes]]
  for (const given of [point, Buffer.concat([Buffer.from([4, 65]), point])]) {
    const parameter = w().ulong(1).bytes(none).bytes(given).take()
    const derived = await p11.handle('C_DeriveKey', w().ulong(session).ulong(0x1050).bytes(parameter).ulong(privateKey), secret)
    expect(await mac(p11, session, derived)).toEqual(createHmac('sha256', shared).update(data).digest())
    const hkdf = w().byte(1).byte(1).ulong(0x250).ulong(2).bytes(text('salt')).ulong(0).bytes(text('info')).take()
    const expanded = await p11.handle('C_DeriveKey', w().ulong(session).ulong(0x402a).bytes(hkdf).ulong(derived), secret)
    const expected = Buffer.from(hkdfSync('sha256', shared, text('salt'), text('info'), 32))
    expect(await mac(p11, session, expanded)).toEqual(createHmac('sha256', expected).update(data).digest())
  }
  for (const wrong of [
    w().ulong(2).bytes(none).bytes(point), w().ulong(1).bytes(none).bytes(Buffer.alloc(65, 4)),
    w().ulong(1).bytes(none).bytes(point.subarray(1)), w().ulong(1).bytes(none),
  ]) {
    const input = w().ulong(session).ulong(0x1050).bytes(wrong.take()).ulong(privateKey).count(2)
      .ulong(0x100).byte(1).bytes(number(0x10)).ulong(0x161).byte(1).bytes(number(32))
    await p11.call('C_DeriveKey', input, 'MECHANISM_PARAM_INVALID')
  }
})

test('what stands behind the parameters of a function is no function at all, and nothing is done', async () => {
  const p11 = await initialized()
  const session = await p11.open()
  await p11.call('C_DigestInit', w().ulong(session).ulong(0x250).count(0))
  const input = w().ulong(session).bytes(data).byte(1).count(32).byte(9).take()
  expect(await p11.raw('C_Digest', input)).toContain('PKCS_11CodecError')
  const result = await p11.call('C_Digest', w().ulong(session).bytes(data))
  expect(new Pkcs11Reader(result).bytes()).toEqual(createHash('sha256').update(data).digest())
})

test('what an item has done to a session is taken back with the item, and done once when it is run again', async () => {
  const inner = memoryStore()
  let conflicts = 0
  const store: Store = {
    ...inner,
    async apply(changes) {
      if (conflicts === 0) return inner.apply(changes)
      conflicts -= 1
      throw new RevisionConflict(changes[0]!.id)
    },
  }
  const p11 = await initialized(testEngine({ store }))
  const session = await p11.open()
  const id = await p11.create('Encrypt', 'limited')
  await p11.send(item('AddAttribute', `<UniqueIdentifier type="TextString" value="${id}"/><NewAttribute><UsageLimits>
    <UsageLimitsTotal type="LongInteger" value="9"/><UsageLimitsUnit type="Enumeration" value="Object"/>
    </UsageLimits></NewAttribute>`))
  await p11.activate(id)
  const [key] = await p11.find(session, w().count(0))
  await p11.call('C_EncryptInit', w().ulong(session).ulong(0x1085).bytes(iv).ulong(key!))
  // The item is run again after it has lost the race for the allocation.
  conflicts = 1
  expect(await p11.call('C_Encrypt', w().ulong(session).bytes(text('x')))).toHaveLength(20)
  expect(conflicts).toBe(0)
  await p11.call('C_Encrypt', w().ulong(session).bytes(text('x')), 'OPERATION_NOT_INITIALIZED')
})

async function secretKey(p11: Pkcs11Client, session: number, usages: Attributes, material = value): Promise<number> {
  const aes: Attributes = [[0x0, number(4)], [0x100, number(0x1f)], [0x11, material]]
  return p11.handle('C_CreateObject', w().ulong(session), [...aes, ...usages])
}

async function twoSteps(p11: Pkcs11Client, name: string, init: Pkcs11Writer, input: Buffer): Promise<Buffer> {
  const session = new Pkcs11Reader(init.take()).ulong()
  await p11.call(`C_${name}Init`, init)
  return new Pkcs11Reader(await p11.call(`C_${name}`, w().ulong(session).bytes(input))).bytes()
}

async function mac(p11: Pkcs11Client, session: number, key: number): Promise<Buffer> {
  return twoSteps(p11, 'Sign', w().ulong(session).ulong(0x251).bytes(none).ulong(key), data)
}

const p256 = Buffer.from('06082a8648ce3d030107', 'hex')
