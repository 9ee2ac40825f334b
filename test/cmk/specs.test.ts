import { describe, expect, test } from 'vitest'
import fixture from '../../fixtures/cmk/specs.json' with { type: 'json' }
import { keySpecs, parametersOf } from '../../src/cmk/key-spec.ts'
import type { CryptographicParameters } from '../../src/kmip/attribute-value.ts'
import { CryptographicAlgorithm } from '../../src/kmip/generated/enums.ts'
import { Lab, outcome } from '../support/cmk.ts'
import type { CmkValues, LabClient } from '../support/cmk.ts'

test('the fixture has every key spec', () => {
  expect(new Set(fixture.specs.map(({ name }) => name))).toEqual(new Set(keySpecs.keys()))
})

describe.each(fixture.specs)('$name for $usage', ({ name, operation, algorithm, length, usage, ...row }) => {
  const values = { 'cmk-key-spec': name, ...('asks' in row && { 'cmk-usage': usage }) }

  test('is made as KMIP has it, by its name and by the algorithm alone', async () => {
    const alice = new Lab().as('alice')
    const { id } = await make(alice, operation, values)
    const attributes = await alice.attributes(id)
    const described = await alice.describe(id)
    expect(described).toMatchObject({ 'cmk-key-spec': name, 'cmk-usage': usage, 'cmk-state': 'Enabled' })
    const number = CryptographicAlgorithm[algorithm as keyof typeof CryptographicAlgorithm]
    expect(attributes).toMatchObject({
      cryptographicAlgorithm: number, cryptographicLength: length,
      sensitive: true, extractable: false, alwaysSensitive: true, neverExtractable: true,
    })
    const { cryptographicDomainParameters } = attributes
    const again = await make(alice, operation, { 'cmk-usage': usage }, {
      cryptographicAlgorithm: number, cryptographicLength: length,
      ...(cryptographicDomainParameters !== undefined && { cryptographicDomainParameters }),
    })
    expect((await alice.describe(again.id))['cmk-key-spec']).toBe(name)
  })

  test('has its algorithms, and no others', async () => {
    const alice = new Lab().as('alice')
    const { id, publicKey } = await make(alice, operation, values)
    const spec = keySpecs.get(name)!
    const own = spec.algorithms.filter((each) => each.usage === usage)
    expect(own.map((each) => each.name)).toEqual(row.algorithms)
    for (const [index, each] of own.entries()) {
      const cryptographicParameters = parametersOf(each, undefined)
      const maxima = 'maxima' in row ? row.maxima : undefined
      const max = maxima?.[index] ?? row.max
      if (max === null) continue
      // The first algorithm is the default: it is used when the request names none.
      const extra = index === 0 ? {} : { cryptographicParameters }
      const data = Buffer.alloc(max, 7)
      const sealed = await alice.encrypt(publicKey ?? id, data, extra)
      expect((await alice.decrypt(id, sealed, extra)).data, each.name).toEqual(data)
      expect(await outcome(alice.encrypt(publicKey ?? id, Buffer.alloc(max + 1), extra)), each.name).toBe('InvalidField')
    }
    if (row.max !== null && 'sealed' in row) {
      const { data } = await alice.encrypt(publicKey ?? id, Buffer.alloc(row.max))
      expect(data!.length).toBeLessThanOrEqual(row.sealed)
    }
    const wrong: CryptographicParameters = { blockCipherMode: 4 }
    expect(await outcome(alice.encrypt(publicKey ?? id, Buffer.alloc(16), { cryptographicParameters: wrong })))
      .toBe(usage === 'SIGN/VERIFY' ? 'IncompatibleCryptographicUsageMask' : 'UnsupportedCryptographicParameters')
  })

  test('does one usage', async () => {
    const alice = new Lab().as('alice')
    if ('other' in row) {
      expect(await outcome(make(alice, operation, { ...values, 'cmk-usage': row.other }))).toBe('InvalidAttributeValue')
    }
    const { id, publicKey } = await make(alice, operation, values)
    const wrong = usage === 'SIGN/VERIFY' ? alice.encrypt(publicKey ?? id, Buffer.alloc(8)) : alice.sign(id, Buffer.alloc(8))
    expect(await outcome(wrong)).toBe('IncompatibleCryptographicUsageMask')
    if (usage !== 'SIGN/VERIFY') return
    const { signatureData } = await alice.sign(id, Buffer.from('signed'))
    expect((await alice.verify(publicKey!, Buffer.from('signed'), signatureData!)).validityIndicator).toBe(1)
    expect((await alice.verify(publicKey!, Buffer.from('forged'), signatureData!)).validityIndicator).toBe(2)
  })

  test('its private or secret material never leaves; its public key does', async () => {
    const alice = new Lab().as('alice')
    const { id, publicKey } = await make(alice, operation, values)
    expect(await outcome(alice.get(id))).toBe('NotExtractable')
    for (const attribute of ['sensitive', 'extractable'] as const) {
      const newAttribute = { name: attribute, value: attribute === 'extractable' }
      expect(await outcome(alice.setOwn(id, newAttribute))).not.toBe('Success')
    }
    if (publicKey !== undefined) {
      expect((await alice.get(publicKey)).uniqueIdentifier).toBe(publicKey)
      expect((await alice.get(`key/${id}`)).uniqueIdentifier).toBe(publicKey)
    }
  })
}, 60_000)

test.each(fixture.tencent)('Tencent: $asked', async ({ asked, spec, usage }) => {
  const alice = new Lab().as('alice')
  const { id } = await make(alice, keySpecs.get(spec)!.kind === 'symmetric' ? 'Create' : 'CreateKeyPair', defined(asked))
  expect(await alice.describe(id)).toMatchObject({ 'cmk-key-spec': spec, 'cmk-usage': usage })
})

test.each(fixture.refused)('$operation with $values: $reason', async ({ operation, values, reason }) => {
  const lab = new Lab()
  expect(await outcome(make(lab.as('alice'), operation, defined(values)))).toBe(reason)
  expect(await lab.as('alice').locate({})).toEqual([])
})

test('before 1.4, which has no field for a tag, the default is a mode without one, and GCM is refused', async () => {
  const lab = new Lab()
  const old = lab.as('alice', 102)
  const id = await old.create({ 'cmk-key-spec': 'Aliyun_AES_256' })
  const data = Buffer.from('some data')
  const sealed = await old.encrypt(id, data)
  expect(sealed.data).toHaveLength(16)
  expect((await old.decrypt(id, sealed)).data).toEqual(data)
  const gcm = { cryptographicParameters: { blockCipherMode: 9 } }
  expect(await outcome(old.encrypt(id, data, gcm))).toBe('FeatureNotSupported')
})

/** The values of all rows of a fixture share one type, in which absent ones are undefined. */
function defined(values: object): CmkValues {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}

async function make(
  client: LabClient, operation: string, values: CmkValues, attributes = {},
): Promise<{ id: string; publicKey: string | undefined }> {
  if (operation === 'Create') return { id: await client.create(values, attributes), publicKey: undefined }
  const { privateKey, publicKey } = await client.createPair(values, attributes)
  return { id: privateKey, publicKey }
}
