import { describe, expect, test } from 'vitest'
import { AlternativeNameType, NameType, ObjectType, Operation, RevocationReasonCode } from '../../src/kmip/generated/enums.ts'
import { GetRequest, GetResponse } from '../../src/kmip/payload/get.ts'
import { ReKeyRequest, ReKeyResponse } from '../../src/kmip/payload/re-key.ts'
import { RegisterRequest, RegisterResponse } from '../../src/kmip/payload/register.ts'
import { RevokeRequest, RevokeResponse } from '../../src/kmip/payload/revoke.ts'
import { Lab, outcome } from '../support/cmk.ts'

const register = { code: Operation.Register, request: RegisterRequest, response: RegisterResponse }
const reKey = { code: Operation.ReKey, request: ReKeyRequest, response: ReKeyResponse }
const get = { code: Operation.Get, request: GetRequest, response: GetResponse }
const revoke = { code: Operation.Revoke, request: RevokeRequest, response: RevokeResponse }

describe('what a CMK refuses is refused by other ways too', () => {
  test.each([
    ['extractable', { extractable: true, sensitive: false }],
    ['for every use', { cryptographicUsageMask: 0xfff }],
    ['shorter', { cryptographicLength: 128 }],
    ['ended', { deactivationDate: 2_000_000_000 }],
  ])('a template in Re-key does not make a version %s', async (name, attributes) => {
    const alice = new Lab().as('alice', 104)
    const id = await alice.create({ 'cmk-key-spec': 'Aliyun_AES_256' })
    const templateName = { nameValue: `a template ${name}`, nameType: NameType.UninterpretedTextString }
    await alice.client.request(register, {
      objectType: ObjectType.Template,
      attributes: { name: [templateName] },
      object: { kind: 'Template', value: { attributes } },
    })
    const asked = alice.client.request(reKey, {
      uniqueIdentifier: `key/${id}`, attributes: { templateNames: [templateName] },
    })
    expect(await outcome(asked)).not.toBe('Success')
    const served = alice.client.request(get, { uniqueIdentifier: `key/${id}` })
    await expect(served).rejects.toMatchObject({ reason: 'NotExtractable' })
  })

  test('a compromise does not end a CMK that is protected from deletion; unprotected, it does', async () => {
    const alice = new Lab().as('alice')
    const id = await alice.create({ 'cmk-deletion-protection': true })
    const compromise = () => alice.client.request(revoke, {
      uniqueIdentifier: id, revocationReason: { revocationReasonCode: RevocationReasonCode.KeyCompromise },
    })
    await expect(compromise()).rejects.toMatchObject({ reason: 'PermissionDenied' })
    await alice.set(id, 'cmk-deletion-protection', false)
    await compromise()
  })

  test.each([104, 200, 201])('KMIP\'s Archive does not take a version out of use, in %i', async (version) => {
    const alice = new Lab().as('alice', version)
    const id = await alice.create({ 'cmk-class': 'customer' })
    const sealed = await alice.encrypt(id, data)
    await alice.set(id, 'cmk-rotate', true)
    for (const each of [id, `key/${id}`]) expect(await outcome(alice.archive(each))).toBe('PermissionDenied')
    expect((await alice.decrypt(`key/${id}`, sealed)).data).toEqual(data)
    await alice.set(id, 'cmk-archived', true)
    expect((await alice.decrypt(`key/${id}`, sealed)).data).toEqual(data)
    expect(await outcome(alice.encrypt(`key/${id}`, data))).toMatch(/WrongKeyLifecycleState|PermissionDenied/)
  })
})

describe('the ARN, as Alternative Name,', () => {
  test('is the primary version\'s, finds that, and moves with it', async () => {
    const { alice, id, arn } = await named()
    expect(await alice.locateByAlternativeName(arn)).toEqual([id])
    await alice.set(id, 'cmk-rotate', true)
    const [primary, ...others] = await alice.locateByAlternativeName(arn)
    expect(others).toEqual([])
    expect(primary).not.toBe(id)
    expect((await alice.attributes(primary!)).alternativeName).toEqual([uri(arn)])
    expect((await alice.attributes(id)).alternativeName).toBeUndefined()
    const sealed = await alice.encrypt(arn, data)
    expect(sealed.uniqueIdentifier).toBe(primary)
  })

  test('is given, changed and deleted by nobody, on a CMK as on a plain key', async () => {
    const { alice, id, arn } = await named()
    const plain = await alice.createPlain()
    const other = `${arn}0`
    for (const each of [id, plain]) {
      for (const value of [uri(arn), uri(other)]) {
        expect(await outcome(alice.addOwn(each, { name: 'alternativeName', value }))).toBe('InvalidField')
      }
    }
    expect(await outcome(alice.setOwn(id, { name: 'alternativeName', value: uri('urn:x') }))).toBe('ReadOnlyAttribute')
    expect(await outcome(alice.deleteOwn(id, { name: 'alternativeName', value: uri(arn) }))).toBe('AttributeReadOnly')
    expect(await outcome(alice.create({ 'cmk-class': 'customer' }, { alternativeName: [uri(arn)] })))
      .toBe('InvalidAttributeValue')
    expect(await outcome(alice.createPlain({ alternativeName: [uri(arn)] }))).toBe('InvalidAttributeValue')
    expect(await alice.locateByAlternativeName(arn)).toEqual([id])
  })

  test('stands beside others, which come and go', async () => {
    const { alice, id, arn } = await named()
    await alice.addOwn(id, { name: 'alternativeName', value: uri('urn:one') })
    await alice.addOwn(id, { name: 'alternativeName', value: uri('urn:two') })
    await alice.deleteOwn(id, { name: 'alternativeName', value: uri('urn:one') })
    expect((await alice.attributes(id)).alternativeName).toEqual([uri('urn:two'), uri(arn)])
    expect(await alice.locateByAlternativeName('urn:two')).toEqual([id])
  })

  async function named() {
    const alice = new Lab().as('alice')
    const id = await alice.create({ 'cmk-class': 'customer' })
    return { alice, id, arn: String((await alice.describe(id))['cmk-arn']) }
  }
})

test('a name that is an alias is not renamed by Set Attribute either', async () => {
  const alice = new Lab().as('alice')
  const id = await alice.create({ 'cmk-alias': 'alias/orders' })
  const value = { nameValue: 'orders', nameType: NameType.UninterpretedTextString }
  expect(await outcome(alice.setOwn(id, { name: 'name', value }))).toBe('IllegalOperation')
  expect(await alice.locateNamed('alias/orders')).toEqual([id])
})

describe('a version that is compromised', () => {
  test('shows Disabled, is used no more, and is enabled by nothing; the CMK rotates away from it', async () => {
    const alice = new Lab().as('alice')
    const id = await alice.create({ 'cmk-alias': 'alias/orders' })
    const first = await alice.encrypt(id, data)
    await alice.set(id, 'cmk-rotate', true)
    const { uniqueIdentifier: second, ...sealed } = await alice.encrypt('alias/orders', data)
    await alice.revoke(second, RevocationReasonCode.KeyCompromise)
    expect(await alice.describe('alias/orders')).toMatchObject({ 'cmk-state': 'Disabled', 'cmk-enabled': false })
    expect(await alice.locate({ 'cmk-state': 'Disabled' })).toEqual([second])
    for (const address of [second, 'alias/orders']) {
      expect(await outcome(alice.encrypt(address, data))).toBe('WrongKeyLifecycleState')
      await expect(alice.set(address, 'cmk-enabled', true)).rejects.toThrow(/compromised for ever; rotate the CMK/)
    }
    expect(await outcome(alice.decrypt(second, sealed))).toBe('WrongKeyLifecycleState')
    expect((await alice.decrypt('alias/orders', first)).data).toEqual(data)
    await alice.set('alias/orders', 'cmk-rotate', true)
    expect(await alice.describe('alias/orders')).toMatchObject({ 'cmk-state': 'Enabled', 'cmk-version': 3 })
    expect(await outcome(alice.encrypt('alias/orders', data))).toBe('Success')
    expect((await alice.decrypt('alias/orders', first)).data).toEqual(data)
    expect(await outcome(alice.decrypt('alias/orders', sealed))).toBe('CryptographicFailure')
    expect((await alice.describe(second))['cmk-state']).toBe('Disabled')
  })

  test.each(['privateKey', 'publicKey'] as const)('is a pair as a whole, by its %s', async (named) => {
    const alice = new Lab().as('alice')
    const pair = await alice.createPair({ 'cmk-key-spec': 'EC_P256' })
    const { signatureData } = await alice.sign(pair.privateKey, data)
    await alice.revoke(pair[named], RevocationReasonCode.KeyCompromise)
    expect(await outcome(alice.sign(pair.privateKey, data))).toBe('WrongKeyLifecycleState')
    expect(await outcome(alice.verify(pair.publicKey, data, signatureData!))).toBe('WrongKeyLifecycleState')
    for (const id of Object.values(pair)) expect((await alice.describe(id))['cmk-state']).toBe('Disabled')
  })
})

const data = Buffer.from('some data')

function uri(alternativeNameValue: string) {
  return { alternativeNameValue, alternativeNameType: AlternativeNameType.URI }
}
