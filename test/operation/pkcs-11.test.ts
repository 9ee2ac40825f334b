import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { Tag } from '../../src/kmip/generated/tags.ts'
import { printItem } from '../../src/kmip/print.ts'
import { Pkcs11Reader, Pkcs11Writer } from '../../src/kmip/pkcs11-codec.ts'
import { pkcs11Functions, pkcs11ReturnCodes } from '../../src/kmip/pkcs11-names.ts'
import { decodeItem } from '../../src/ttlv/item.ts'
import type { Item } from '../../src/ttlv/item.ts'
import { encodeItem } from '../../src/ttlv/writer.ts'
import { find } from '../support/client-endpoint.ts'
import { alice, bob, testEngine } from '../support/engine.ts'
import { item, request } from '../support/xml.ts'

const w = (): Pkcs11Writer => new Pkcs11Writer()

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
  expect(await p11.call('C_GetSessionInfo', w().ulong(session))).toEqual(w().ulong(0).ulong(3).ulong(4).ulong(0).take())
  await p11.call('C_Logout', w().ulong(session))
  await p11.call('C_CloseSession', w().ulong(session))
  await p11.call('C_CloseSession', w().ulong(session), 'SESSION_HANDLE_INVALID')
  await p11.call('C_WrapKey', w(), 'FUNCTION_NOT_SUPPORTED')
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

type Engines = ReturnType<typeof testEngine>

async function initialized(engines: Engines = testEngine(), caller = alice): Promise<Client> {
  const client = new Client(engines, caller)
  await client.initialize()
  return client
}

class Client {
  readonly engines: Engines
  readonly #caller: typeof alice
  #correlationValue = ''

  constructor(engines: Engines, caller: typeof alice) {
    this.engines = engines
    this.#caller = caller
  }

  async initialize(): Promise<void> {
    const answer = await this.send(item('PKCS_11', '<PKCS_11Function type="Enumeration" value="C_Initialize"/>' +
      '<PKCS_11InputParameters type="ByteString" value="01"/>'))
    this.#correlationValue = (find(answer, Tag.CorrelationValue)!.value as Buffer).toString('hex')
  }

  /** @param then a function that is called where `name` is to succeed and this one is to fail */
  async call(name: string, input = w(), code = 'OK', then?: string, session?: number): Promise<Buffer> {
    let answer = await this.send(this.#item(name, input.take()))
    if (then !== undefined) {
      answer = await this.send(this.#item(then, w().ulong(session!).bytes(Buffer.from('x')).take()))
    }
    expect(find(answer, Tag.PKCS_11ReturnCode)?.value, printItem(answer)).toBe(pkcs11ReturnCodes[code])
    return (find(answer, Tag.PKCS_11OutputParameters)?.value as Buffer | undefined) ?? Buffer.alloc(0)
  }

  async raw(name: string, input: Buffer, caller = this.#caller): Promise<string> {
    return printItem(await this.send(this.#item(name, input), caller))
  }

  async open(): Promise<number> {
    return new Pkcs11Reader(await this.call('C_OpenSession', w().ulong(0).ulong(4))).ulong()
  }

  async find(session: number, template: Pkcs11Writer): Promise<number[]> {
    const input = Buffer.concat([w().ulong(session).take(), template.take()])
    await this.raw('C_FindObjectsInit', input)
    const found = new Pkcs11Reader(await this.call('C_FindObjects', w().ulong(session).count(10)))
    const handles = Array.from({ length: found.count() }, () => found.ulong())
    await this.call('C_FindObjectsFinal', w().ulong(session))
    return handles
  }

  async create(mask: string, name: string, algorithm = 'AES', length = 128): Promise<string> {
    const answer = await this.send(item('Create', `<ObjectType type="Enumeration" value="SymmetricKey"/><Attributes>
      <CryptographicAlgorithm type="Enumeration" value="${algorithm}"/>
      <CryptographicLength type="Integer" value="${length}"/>
      <CryptographicUsageMask type="Integer" value="${mask}"/>
      <Name><NameValue type="TextString" value="${name}"/>
      <NameType type="Enumeration" value="UninterpretedTextString"/></Name></Attributes>`))
    return String(find(answer, Tag.UniqueIdentifier)!.value)
  }

  async activate(id: string): Promise<void> {
    await this.send(item('Activate', `<UniqueIdentifier type="TextString" value="${id}"/>`))
  }

  async send(batchItem: string, caller = this.#caller): Promise<Item> {
    const { bytes } = await this.engines.engine.process(encodeItem(request('2.1', batchItem)), caller)
    return decodeItem(bytes)
  }

  #item(name: string, input: Buffer): string {
    expect(pkcs11Functions[name]).toBeDefined()
    const parameters = `<PKCS_11InputParameters type="ByteString" value="${input.toString('hex')}"/>`
    return item('PKCS_11', `<PKCS_11Function type="Enumeration" value="${name}"/>
      <CorrelationValue type="ByteString" value="${this.#correlationValue}"/>${input.length > 0 ? parameters : ''}`)
  }
}

function number(value: number): Buffer {
  return w().ulong(value).take()
}
