import { describe, expect, test } from 'vitest'
import { parseAddress } from '../../src/cmk/address.ts'
import { KeyFormatType, WrappingMethod } from '../../src/kmip/generated/enums.ts'
import { Lab, outcome } from '../support/cmk.ts'
import type { LabClient } from '../support/cmk.ts'

test.each([
  ['alias/app', { kind: 'alias', name: 'alias/app' }],
  ['key/1', { kind: 'key', id: '1' }],
  ['acs:kms:local:alpha:key/1', { kind: 'key', id: '1' }],
  ['acs:kms:local:alpha:alias/app', { kind: 'alias', name: 'alias/app' }],
  ['acs:kms:local:beta:key/1', undefined],
  ['acs:kms:cn-hangzhou:alpha:key/1', undefined],
  ['acs:ecs:local:alpha:key/1', undefined],
  ['alpha:key/1', undefined],
  ['Key/1', undefined],
  ['', undefined],
])('the address %j', (text, address) => {
  expect(parseAddress(text, 'local', 'alpha')).toEqual(address)
})

describe('an address', () => {
  test.each(['key/', 'alias/', 'key/../x', 'key/~cmk/x', 'alias/none', 'key/0198c0de-0000-7000-8000-000000000000'])(
    '%j that means nothing is not found, whatever is asked', async (address) => {
      const alice = new Lab().as('alice')
      for (const attempt of [
        () => alice.encrypt(address, data), () => alice.get(address), () => alice.attributes(address),
        () => alice.set(address, 'cmk-enabled', false), () => alice.destroy(address), () => alice.rekey(address),
      ]) expect(await outcome(attempt())).toBe('ObjectNotFound')
    })

  test('names the version in the answer, and takes lifecycle operations too', async () => {
    const alice = new Lab().as('alice')
    const id = await alice.create({ 'cmk-alias': 'alias/app' })
    await alice.set('alias/app', 'cmk-rotate', true)
    const current = (await alice.encrypt('alias/app', data)).uniqueIdentifier
    expect((await alice.attributes('alias/app')).uniqueIdentifier).toBe(current)
    expect((await alice.attributes(`key/${id}`)).uniqueIdentifier).toBe(current)
    expect(await outcome(alice.encrypt(`key/${current}`, data))).toBe('ObjectNotFound')
    await alice.set('alias/app', 'cmk-enabled', false)
    expect((await alice.describe(id))['cmk-state']).toBe('Disabled')
  })

  test('wraps with the primary version and unwraps with the one that wrapped', async () => {
    const alice = new Lab().as('alice')
    await alice.create({ 'cmk-alias': 'alias/kek' })
    const plain = await alice.createPlain()
    const wrapped = await wrappedBy(alice, plain, 'alias/kek')
    await alice.set('alias/kek', 'cmk-rotate', true)
    const again = await wrappedBy(alice, plain, 'alias/kek')
    expect(again).not.toEqual(wrapped)
    for (const bytes of [wrapped, again]) expect(await alice.registerWrapped(bytes, 'alias/kek')).not.toBe('')
    expect(await outcome(alice.registerWrapped(Buffer.alloc(wrapped.length), 'alias/kek'))).toBe('CryptographicFailure')
    await alice.set('alias/kek', 'cmk-enabled', false)
    expect(await outcome(wrappedBy(alice, plain, 'alias/kek'))).toBe('WrongKeyLifecycleState')
  })
})

async function wrappedBy(client: LabClient, id: string, address: string): Promise<Buffer> {
  const { object } = await client.get(id, {
    keyWrappingSpecification: {
      wrappingMethod: WrappingMethod.Encrypt,
      encryptionKeyInformation: { uniqueIdentifier: address },
      attributeName: [],
      encodingOption: 1,
    },
    keyFormatType: KeyFormatType.Raw,
  })
  const { keyBlock } = object.value as { keyBlock: { keyValue: { wrapped: { reveal(): Buffer } } } }
  return keyBlock.keyValue.wrapped.reveal()
}

const data = Buffer.from('data')
