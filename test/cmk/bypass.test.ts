import { describe, expect, test } from 'vitest'
import { NameType, ObjectType, Operation, RevocationReasonCode } from '../../src/kmip/generated/enums.ts'
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
})
