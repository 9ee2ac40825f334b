import { createCipheriv, createHash, createHmac, createPublicKey, verify } from 'node:crypto'
import { expect, test } from 'vitest'
import { printItem } from '../../src/kmip/print.ts'
import { Pkcs11Reader } from '../../src/kmip/pkcs11-codec.ts'
import type { Pkcs11Writer } from '../../src/kmip/pkcs11-codec.ts'
import { bob } from '../support/engine.ts'
import { append, initialized, number, template, text, w } from '../support/pkcs-11.ts'
import type { Attributes, Pkcs11Client } from '../support/pkcs-11.ts'
import { item } from '../support/xml.ts'

const yes = Buffer.from([1])
const no = Buffer.from([0])

test('the life of an application: information, sessions, and an end', async () => {
  const p11 = await initialized()
  const info = await p11.call('C_GetInfo')
  expect(info).toHaveLength(76)
  expect(info.subarray(2, 34).toString()).toBe('Keyward'.padEnd(32))
  expect(await p11.call('C_GetSlotList', w().byte(1).byte(1).count(8))).toEqual(w().count(1).ulong(0).take())
  expect(await p11.call('C_GetSlotList', w().byte(1).byte(0))).toEqual(w().count(1).take())
  expect(await p11.call('C_GetSlotInfo', w().ulong(0))).toHaveLength(108)
  expect(await p11.call('C_GetTokenInfo', w().ulong(0))).toHaveLength(204)
  expect(await p11.call('C_GetTokenInfo', w().ulong(1), 'SLOT_ID_INVALID')).toHaveLength(0)
  const session = await p11.open()
  await p11.call('C_Login', w().ulong(session).ulong(1).byte(0))
  await p11.call('C_Login', w().ulong(session).ulong(1).byte(0), 'USER_ALREADY_LOGGED_IN')
  expect(await p11.call('C_GetSessionInfo', w().ulong(session))).toEqual(w().ulong(0).ulong(3).ulong(6).ulong(0).take())
  await p11.call('C_Logout', w().ulong(session))
  await p11.call('C_CloseSession', w().ulong(session))
  await p11.call('C_CloseSession', w().ulong(session), 'SESSION_HANDLE_INVALID')
  await p11.call('C_WaitForSlotEvent', w(), 'FUNCTION_NOT_SUPPORTED')
  await p11.call('C_OpenSession', w().ulong(0).ulong(2), 'SESSION_PARALLEL_NOT_SUPPORTED')
  await p11.call('C_Finalize')
  await p11.call('C_GetInfo', w(), 'CRYPTOKI_NOT_INITIALIZED')
})

test('random numbers and digests', async () => {
  const p11 = await initialized()
  const session = await p11.open()
  expect(await p11.call('C_GenerateRandom', w().ulong(session).count(20))).toHaveLength(24)
  await p11.call('C_GenerateRandom', w().ulong(session).count(0), 'ARGUMENTS_BAD')
  await p11.call('C_SeedRandom', w().ulong(session).bytes(Buffer.alloc(8)), 'RANDOM_SEED_NOT_SUPPORTED')
  await p11.call('C_DigestInit', w().ulong(session).ulong(0x250).count(0))
  await p11.call('C_DigestUpdate', w().ulong(session).bytes(Buffer.from('ab')))
  await p11.call('C_DigestUpdate', w().ulong(session).bytes(Buffer.from('c')))
  const digest = await p11.call('C_DigestFinal', w().ulong(session))
  expect(new Pkcs11Reader(digest).bytes()).toEqual(createHash('sha256').update('abc').digest())
  await p11.call('C_Digest', w().ulong(session).bytes(Buffer.from('x')), 'OPERATION_NOT_INITIALIZED')
})

test('a key is found, told of, used by its rules and destroyed', async () => {
  const p11 = await initialized()
  const id = await p11.create('Encrypt Decrypt', 'backup key')
  const session = await p11.open()
  const [key] = await p11.find(session, w().count(2).ulong(0).byte(1).bytes(number(4)).ulong(3).byte(1)
    .bytes(Buffer.from('backup key')))
  const asked = w().ulong(session).ulong(key!).count(2).ulong(0x102).byte(0).ulong(0x108).byte(0)
  const told = w().count(2).ulong(0x102).byte(1).bytes(Buffer.from(id)).ulong(0x108).byte(1).bytes(Buffer.from([0]))
  expect(await p11.call('C_GetAttributeValue', asked)).toEqual(told.take())
  const material = w().ulong(session).ulong(key!).count(1).ulong(0x11).byte(0)
  expect(await p11.call('C_GetAttributeValue', material, 'ATTRIBUTE_TYPE_INVALID'))
    .toEqual(w().count(1).ulong(0x11).byte(0).take())

  const iv = Buffer.alloc(16, 7)
  const init = (): Pkcs11Writer => w().ulong(session).ulong(0x1085).bytes(iv).ulong(key!)
  await p11.call('C_EncryptInit', init(), 'KEY_FUNCTION_NOT_PERMITTED', 'C_Encrypt', session)
  await p11.activate(id)
  await p11.call('C_EncryptInit', init())
  await p11.call('C_EncryptInit', init(), 'OPERATION_ACTIVE')
  const data = Buffer.from('attack at dawn')
  const length = await p11.call('C_Encrypt', w().ulong(session).bytes(data).byte(0))
  expect(length).toEqual(w().count(16).take())
  await p11.call('C_Encrypt', w().ulong(session).bytes(data).byte(1).count(8), 'BUFFER_TOO_SMALL')
  const sealed = new Pkcs11Reader(await p11.call('C_Encrypt', w().ulong(session).bytes(data).byte(1).count(16))).bytes()
  await p11.call('C_DecryptInit', init())
  const begun = await p11.call('C_DecryptUpdate', w().ulong(session).bytes(sealed.subarray(0, 5)))
  expect(begun).toEqual(w().count(0).take())
  await p11.call('C_DecryptUpdate', w().ulong(session).bytes(sealed.subarray(5)))
  expect(new Pkcs11Reader(await p11.call('C_DecryptFinal', w().ulong(session))).bytes()).toEqual(data)
  await p11.call('C_SignInit', w().ulong(session).ulong(0x1085).count(0).ulong(key!), 'MECHANISM_INVALID')
  await p11.call('C_SignInit', w().ulong(session).ulong(0x251).count(0).ulong(99), 'KEY_HANDLE_INVALID')
  await p11.call('C_DestroyObject', w().ulong(session).ulong(key!), 'KEY_FUNCTION_NOT_PERMITTED')
  await p11.create('Encrypt', 'not yet active')
  const both = await p11.find(session, w().count(0))
  await p11.call('C_DestroyObject', w().ulong(session).ulong(both[1]!))
  expect(await p11.find(session, w().count(0))).toEqual([key])
})

test('MACs are signatures, and a wrong one is invalid', async () => {
  const p11 = await initialized()
  await p11.activate(await p11.create('MACGenerate MACVerify', 'mac key', 'HMAC_SHA256', 256))
  const session = await p11.open()
  const [key] = await p11.find(session, w().count(0))
  const init = (): Pkcs11Writer => w().ulong(session).ulong(0x251).count(0).ulong(key!)
  const data = Buffer.from('data')
  await p11.call('C_SignInit', init())
  const signature = new Pkcs11Reader(await p11.call('C_Sign', w().ulong(session).bytes(data))).bytes()
  await p11.call('C_VerifyInit', init())
  await p11.call('C_Verify', w().ulong(session).bytes(data).bytes(signature))
  await p11.call('C_VerifyInit', init())
  await p11.call('C_Verify', w().ulong(session).bytes(data).bytes(Buffer.alloc(32)), 'SIGNATURE_INVALID')
})

test('applications and objects are of their account; what cannot be read or is not known is refused', async () => {
  const p11 = await initialized()
  await p11.create('Encrypt', 'a key')
  expect(await p11.raw('C_GetInfo', Buffer.alloc(0), bob)).toContain('CRYPTOKI_NOT_INITIALIZED')
  const theirs = await initialized(p11.engines, bob)
  expect(await theirs.find(await theirs.open(), w().count(0))).toEqual([])
  expect(await p11.raw('C_OpenSession', Buffer.from('00', 'hex'))).toContain('PKCS_11CodecError')
  const unknown = '<PKCS_11Function type="Enumeration" value="0x000000ff"/>'
  expect(printItem(await p11.send(item('PKCS_11', unknown)))).toContain('PKCS_11InvalidFunction')
  const other = `<PKCS_11Interface type="TextString" value="other"/>${unknown}`
  expect(printItem(await p11.send(item('PKCS_11', other)))).toContain('PKCS_11InvalidInterface')
})

test('secret keys are made by their template, wrapped, unwrapped, and told of', async () => {
  const p11 = await initialized()
  const session = await p11.open()
  const key = await p11.handle('C_GenerateKey', w().ulong(session).ulong(0x1080).count(0), [
    [0x3, text('data')], [0x102, text('id 1')], [0x161, number(32)], [0x104, yes], [0x105, yes], [0x162, yes],
  ])
  const wrapping = await p11.handle('C_GenerateKey', w().ulong(session).ulong(0x1080).count(0), [
    [0x161, number(32)], [0x106, yes], [0x107, yes],
  ])
  expect(await p11.attribute(session, key, 0x102)).toEqual(text('id 1'))
  expect(await p11.attribute(session, key, 0x106)).toEqual(no)
  expect(await p11.find(session, template([[0x102, text('id 1')]]))).toEqual([key])
  const wrapInput = (): Pkcs11Writer => w().ulong(session).ulong(0x2109).count(0).ulong(wrapping).ulong(key)
  expect(await p11.call('C_WrapKey', wrapInput().byte(0))).toEqual(w().count(40).take())
  await p11.call('C_WrapKey', wrapInput().byte(1).count(39), 'BUFFER_TOO_SMALL')
  const wrapped = new Pkcs11Reader(await p11.call('C_WrapKey', wrapInput())).bytes()
  const again = await p11.handle('C_UnwrapKey', w().ulong(session).ulong(0x2109).count(0).ulong(wrapping).bytes(wrapped), [
    [0x0, number(4)], [0x100, number(0x1f)], [0x104, yes], [0x105, yes],
  ])
  const seal = async (handle: number): Promise<Buffer> => {
    await p11.call('C_EncryptInit', w().ulong(session).ulong(0x1081).count(0).ulong(handle))
    return p11.call('C_Encrypt', w().ulong(session).bytes(Buffer.alloc(16, 1)))
  }
  expect(await seal(again)).toEqual(await seal(key))
  const damaged = Buffer.concat([wrapped.subarray(0, 39), Buffer.from([255 - wrapped[39]!])])
  await p11.call('C_UnwrapKey', append(
    w().ulong(session).ulong(0x2109).count(0).ulong(wrapping).bytes(damaged), [[0x0, number(4)], [0x100, number(0x1f)]],
  ), 'WRAPPED_KEY_INVALID')
  const making = (): Pkcs11Writer => w().ulong(session).ulong(0x1080).count(0)
  const kept = await p11.handle('C_GenerateKey', making(), [[0x161, number(16)], [0x162, no]])
  for (const [by, what, code] of [
    [key, wrapping, 'KEY_FUNCTION_NOT_PERMITTED'], [99, key, 'WRAPPING_KEY_HANDLE_INVALID'],
    [wrapping, 99, 'KEY_HANDLE_INVALID'], [wrapping, kept, 'KEY_UNEXTRACTABLE'],
  ] as const) await p11.call('C_WrapKey', w().ulong(session).ulong(0x2109).count(0).ulong(by).ulong(what), code)
})

test.for([
  [0x1080, [[0x161, number(16)], [0x1, no]], 'TEMPLATE_INCONSISTENT'],
  [0x1080, [[0x161, number(16)], [0x100, number(0)]], 'TEMPLATE_INCONSISTENT'],
  [0x1080, [[0x161, number(16)], [0x104, Buffer.alloc(2)]], 'ATTRIBUTE_VALUE_INVALID'],
  [0x1080, [[0x161, number(16)], [0x999, yes]], 'ATTRIBUTE_TYPE_INVALID'],
  [0x1080, [[0x161, number(16)], [0x161, number(32)]], 'TEMPLATE_INCONSISTENT'],
  [0x1080, [], 'TEMPLATE_INCOMPLETE'],
  [0x1080, [[0x161, number(17)]], 'KEY_SIZE_RANGE'],
  [0x9999, [[0x161, number(16)]], 'MECHANISM_INVALID'],
] as const)('what a template of C_GenerateKey may not say: %#', async ([mechanism, attributes, code]) => {
  const p11 = await initialized()
  const session = await p11.open()
  await p11.call('C_GenerateKey', append(w().ulong(session).ulong(mechanism).count(0), attributes), code)
  const reading = await p11.open(4)
  await p11.call('C_GenerateKey', append(w().ulong(reading).ulong(0x1080).count(0), []), 'SESSION_READ_ONLY')
  expect(await p11.find(session, w().count(0))).toEqual([])
})

test('pairs are made, and their keys sign, verify, wrap and unwrap', async () => {
  const p11 = await initialized()
  const session = await p11.open()
  const curve = Buffer.from('06082a8648ce3d030107', 'hex')
  const elliptic = (): Pkcs11Writer => w().ulong(session).ulong(0x1040).count(0)
  const [verifying, signing] = await p11.pair(elliptic(), [[0x180, curve]], [[0x3, text('signer')]])
  expect(await p11.attribute(session, verifying, 0x180)).toEqual(curve)
  const point = await p11.attribute(session, verifying, 0x181)
  expect(point.subarray(0, 3).toString('hex')).toBe('044104')
  await p11.call('C_SignInit', w().ulong(session).ulong(0x1044).count(0).ulong(signing))
  const signature = new Pkcs11Reader(await p11.call('C_Sign', w().ulong(session).bytes(text('data')))).bytes()
  await p11.call('C_VerifyInit', w().ulong(session).ulong(0x1044).count(0).ulong(verifying))
  await p11.call('C_Verify', w().ulong(session).bytes(text('data')).bytes(signature))
  const start = Buffer.from('3059301306072a8648ce3d0201', 'hex')
  const spki = Buffer.concat([start, curve, Buffer.from('034200', 'hex'), point.subarray(2)])
  const key = createPublicKey({ key: spki, format: 'der', type: 'spki' })
  expect(verify('sha256', text('data'), { key, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true)

  const [wrapping, unwrapping] = await p11.pair(
    w().ulong(session).ulong(0).count(0), [[0x121, number(2048)], [0x122, Buffer.from('010001', 'hex')], [0x106, yes]],
    [[0x107, yes]],
  )
  expect(await p11.attribute(session, wrapping, 0x120)).toHaveLength(256)
  expect((await p11.attribute(session, wrapping, 0x122)).toString('hex')).toBe('010001')
  const generic = await p11.handle('C_GenerateKey', w().ulong(session).ulong(0x350).count(0), [[0x161, number(20)]])
  const oaep = w().ulong(0x250).ulong(2).ulong(1).bytes(Buffer.alloc(0)).take()
  const wrapped = new Pkcs11Reader(
    await p11.call('C_WrapKey', w().ulong(session).ulong(9).bytes(oaep).ulong(wrapping).ulong(generic)),
  ).bytes()
  const again = await p11.handle('C_UnwrapKey', w().ulong(session).ulong(9).bytes(oaep).ulong(unwrapping).bytes(wrapped), [
    [0x0, number(4)], [0x100, number(0x10)],
  ])
  expect(await p11.attribute(session, again, 0x161)).toEqual(number(20))
  expect(await mac(p11, session, again)).toEqual(await mac(p11, session, generic))
  await p11.call('C_GenerateKeyPair', append(append(w().ulong(session).ulong(0).count(0), []), []), 'TEMPLATE_INCOMPLETE')
  const other = Buffer.from('06032b0001', 'hex')
  const unknown = append(append(w().ulong(session).ulong(0x1040).count(0), [[0x180, other]]), [])
  await p11.call('C_GenerateKeyPair', unknown, 'CURVE_NOT_SUPPORTED')

  const secret = await p11.handle('C_GenerateKey', w().ulong(session).ulong(0x1080).count(0), [
    [0x161, number(32)], [0x106, yes], [0x107, yes],
  ])
  const pkcs8 = new Pkcs11Reader(
    await p11.call('C_WrapKey', w().ulong(session).ulong(0x210b).count(0).ulong(secret).ulong(signing)),
  ).bytes()
  const back = await p11.handle('C_UnwrapKey', w().ulong(session).ulong(0x210b).count(0).ulong(secret).bytes(pkcs8), [
    [0x0, number(3)], [0x100, number(3)],
  ])
  await p11.call('C_SignInit', w().ulong(session).ulong(0x1044).count(0).ulong(back))
  const second = new Pkcs11Reader(await p11.call('C_Sign', w().ulong(session).bytes(text('data')))).bytes()
  await p11.call('C_VerifyInit', w().ulong(session).ulong(0x1044).count(0).ulong(verifying))
  await p11.call('C_Verify', w().ulong(session).bytes(text('data')).bytes(second))
})

test('keys are made of given values and derived, and their attributes change', async () => {
  const p11 = await initialized()
  const session = await p11.open()
  const value = Buffer.alloc(16, 3)
  const base = await p11.handle('C_CreateObject', w().ulong(session), [
    [0x0, number(4)], [0x100, number(0x1f)], [0x11, value], [0x10c, yes],
  ])
  const data = Buffer.alloc(32, 4)
  const secret: Attributes = [[0x100, number(0x10)], [0x161, number(32)], [0x108, yes], [0x10a, yes]]
  const derived = await p11.handle(
    'C_DeriveKey', w().ulong(session).ulong(0x1104).bytes(w().bytes(data).take()).ulong(base), secret,
  )
  const cipher = createCipheriv('aes-128-ecb', value, null).setAutoPadding(false)
  const key = Buffer.concat([cipher.update(data), cipher.final()])
  expect(await mac(p11, session, derived)).toEqual(createHmac('sha256', key).update('data').digest())
  const hashed = await p11.handle('C_DeriveKey', w().ulong(session).ulong(0x393).count(0).ulong(base), secret)
  const digest = createHash('sha256').update(value).digest()
  expect(await mac(p11, session, hashed)).toEqual(createHmac('sha256', digest).update('data').digest())
  const odd = w().ulong(session).ulong(0x1104).bytes(w().bytes(Buffer.alloc(5)).take()).ulong(base)
  await p11.call('C_DeriveKey', append(odd, secret), 'MECHANISM_PARAM_INVALID')
  const wrong = w().ulong(session).ulong(0x393).count(0).ulong(hashed)
  await p11.call('C_DeriveKey', append(wrong, secret), 'KEY_FUNCTION_NOT_PERMITTED')
  const nothing = append(w().ulong(session), [[0x0, number(4)], [0x100, number(0x1f)]])
  await p11.call('C_CreateObject', nothing, 'TEMPLATE_INCOMPLETE')

  const set = (attributes: Attributes): Pkcs11Writer => append(w().ulong(session).ulong(hashed), attributes)
  for (const label of ['first', 'second']) {
    await p11.call('C_SetAttributeValue', set([[0x3, text(label)], [0x102, text(`${label} id`)]]))
    expect(await p11.attribute(session, hashed, 0x3)).toEqual(text(label))
    expect(await p11.attribute(session, hashed, 0x102)).toEqual(text(`${label} id`))
  }
  const copy = await p11.handle('C_CopyObject', w().ulong(session).ulong(hashed), [[0x3, text('copy')], [0x10a, no]])
  expect(await p11.attribute(session, copy, 0x3)).toEqual(text('copy'))
  expect(await p11.attribute(session, copy, 0x10a)).toEqual(no)
  expect(await mac(p11, session, copy)).toEqual(await mac(p11, session, hashed))
  const making = w().ulong(session).ulong(0x1080).count(0)
  const kept = await p11.handle('C_GenerateKey', making, [[0x161, number(16)], [0x103, yes]])
  await p11.call('C_CopyObject', append(w().ulong(session).ulong(kept), []), 'ACTION_PROHIBITED')
  await p11.call('C_SetAttributeValue', set([[0x100, number(0x1f)]]), 'ATTRIBUTE_READ_ONLY')
  await p11.call('C_SetAttributeValue', set([[0x999, yes]]), 'ATTRIBUTE_TYPE_INVALID')
})

test('a session that only reads changes nothing', async () => {
  const p11 = await initialized()
  await p11.create('Encrypt', 'a key')
  const session = await p11.open(4)
  const [key] = await p11.find(session, w().count(0))
  const calls: readonly [string, Pkcs11Writer][] = [
    ['C_DestroyObject', w().ulong(session).ulong(key!)],
    ['C_SetAttributeValue', append(w().ulong(session).ulong(key!), [[0x3, text('other')]])],
    ['C_CopyObject', append(w().ulong(session).ulong(key!), [])],
    ['C_GenerateKey', append(w().ulong(session).ulong(0x1080).count(0), [[0x161, number(16)]])],
    ['C_CreateObject', append(w().ulong(session), [])],
  ]
  for (const [name, input] of calls) await p11.call(name, input, 'SESSION_READ_ONLY')
  expect(await p11.find(session, w().count(0))).toEqual([key])
})

test('a function that fails has changed nothing', async () => {
  const p11 = await initialized()
  const session = await p11.open()
  const aes = (): Pkcs11Writer => w().ulong(session).ulong(0x1080).count(0)
  const key = await p11.handle('C_GenerateKey', aes(), [[0x3, text('first')], [0x161, number(16)]])
  const changed = (): Pkcs11Writer => append(w().ulong(session).ulong(key), [[0x3, text('second')], [0x0, number(4)]])
  await p11.call('C_SetAttributeValue', changed(), 'ATTRIBUTE_READ_ONLY')
  expect(await p11.attribute(session, key, 0x3)).toEqual(text('first'))
  await p11.call('C_CopyObject', changed(), 'ATTRIBUTE_READ_ONLY')
  expect(await p11.find(session, w().count(0))).toEqual([key])
})

test('a result that there was no room for has used up what the key allows', async () => {
  const p11 = await initialized()
  const id = await p11.create('Encrypt', 'limited')
  await p11.send(item('AddAttribute', `<UniqueIdentifier type="TextString" value="${id}"/><NewAttribute><UsageLimits>
    <UsageLimitsTotal type="LongInteger" value="1"/><UsageLimitsUnit type="Enumeration" value="Object"/>
    </UsageLimits></NewAttribute>`))
  await p11.activate(id)
  const session = await p11.open()
  const [key] = await p11.find(session, w().count(0))
  const init = w().ulong(session).ulong(0x1085).bytes(Buffer.alloc(16)).ulong(key!)
  const data = (): Pkcs11Writer => w().ulong(session).bytes(text('x'))
  await p11.call('C_EncryptInit', init)
  await p11.call('C_Encrypt', data().byte(1).count(1), 'BUFFER_TOO_SMALL')
  expect(await p11.call('C_Encrypt', data().byte(1).count(16))).toHaveLength(20)
  await p11.call('C_EncryptInit', init)
  expect(await p11.raw('C_Encrypt', data().take())).toContain('PermissionDenied')
})

test('what is begun keeps little, and no short request has a long answer', async () => {
  const p11 = await initialized()
  const digest = async (session: number, code = 'OK'): Promise<unknown> =>
    p11.call('C_DigestUpdate', w().ulong(session).bytes(Buffer.alloc(1_000_000)), code)
  const begin = async (): Promise<number> => {
    const session = await p11.open()
    await p11.call('C_DigestInit', w().ulong(session).ulong(0x250).count(0))
    await digest(session)
    return session
  }
  const session = await begin()
  await digest(session, 'DATA_LEN_RANGE')
  await digest(session, 'OPERATION_NOT_INITIALIZED')
  for (let sessions = 0; sessions < 4; sessions += 1) await begin()
  await p11.call('C_DigestInit', w().ulong(session).ulong(0x250).count(0))
  await digest(session, 'DEVICE_MEMORY')

  await p11.create('Encrypt', 'a key')
  const [key] = await p11.find(session, w().count(0))
  const twice = w().ulong(session).ulong(key!).count(2).ulong(0x102).byte(0).ulong(0x102).byte(0)
  await p11.call('C_GetAttributeValue', twice, 'ARGUMENTS_BAD')
})

test('the mechanisms that are listed are told of, and are those that work', async () => {
  const p11 = await initialized()
  const reader = new Pkcs11Reader(await p11.call('C_GetMechanismList', w().ulong(0)))
  const listed = Array.from({ length: reader.count() }, () => reader.ulong())
  expect(await p11.call('C_GetMechanismList', w().ulong(0).byte(0))).toEqual(w().count(listed.length).take())
  for (const mechanism of listed) {
    const info = new Pkcs11Reader(await p11.call('C_GetMechanismInfo', w().ulong(0).ulong(mechanism)))
    const [min, max, flags] = [info.ulong(), info.ulong(), info.ulong()]
    expect(min).toBeLessThanOrEqual(max)
    expect(flags).toBeGreaterThan(0)
  }
  const info = w().ulong(16).ulong(32).ulong(0x60000).take()
  expect(await p11.call('C_GetMechanismInfo', w().ulong(0).ulong(0x2109))).toEqual(info)
  await p11.call('C_GetMechanismInfo', w().ulong(0).ulong(0x9999), 'MECHANISM_INVALID')
})

async function mac(p11: Pkcs11Client, session: number, key: number): Promise<Buffer> {
  await p11.call('C_SignInit', w().ulong(session).ulong(0x251).count(0).ulong(key))
  return new Pkcs11Reader(await p11.call('C_Sign', w().ulong(session).bytes(text('data')))).bytes()
}
