import type { Client } from '../../client/client.ts'
import { getAttributes, locate as operation } from '../../client/operations.ts'
import type { AttributeInstance, AttributeSet } from '../../kmip/attribute.ts'
import { CryptographicAlgorithm, NameType, ObjectType, State, StorageStatusMask } from '../../kmip/generated/enums.ts'
import { parseVersion } from '../../kmip/version.ts'
import type { Version } from '../../kmip/version.ts'
import { algorithmByName, usageMask } from '../algorithm.ts'
import { UsageError, command, wholeNumber } from '../command.ts'
import type { OptionTable, Values } from '../command.ts'
import { parseDate } from '../date.ts'
import { onEach } from '../each.ts'
import { nameOf, valueByName, valuesByName } from '../names.ts'
import { customAttribute } from '../new-object.ts'
import { shortList, table } from '../output.ts'
import { plainAttributes } from '../plain.ts'

const pageOptions = {
  max: { type: 'string', value: 'N', description: 'at most so many' },
  offset: { type: 'string', value: 'N', description: 'leave out so many first (KMIP 1.3 and later)' },
} as const satisfies OptionTable

const filterOptions = {
  name: { type: 'string', short: 'n', value: 'NAME', description: 'with this name' },
  type: { type: 'string', value: 'TYPE', description: 'symmetric-key, private-key, public-key, certificate, ...' },
  algorithm: { type: 'string', short: 'a', value: 'NAME', description: 'of this algorithm' },
  length: { type: 'string', short: 'l', value: 'BITS', description: 'of this length' },
  state: { type: 'string', value: 'STATE', description: 'pre-active, active, deactivated, compromised, ...' },
  usage: { type: 'string', multiple: true, value: 'USES', description: 'that may be used for all of these' },
  group: { type: 'string', multiple: true, value: 'GROUP', description: 'of this object group' },
  custom: { type: 'string', multiple: true, value: 'NAME=TEXT', description: 'with this custom attribute' },
  'created-after': { type: 'string', value: 'DATE', description: 'made then or later' },
  'created-before': { type: 'string', value: 'DATE', description: 'made then or earlier' },
  storage: {
    type: 'string', multiple: true, value: 'STATUS',
    description: 'on-line-storage, archival-storage, destroyed-storage (on-line, or as --state says)',
  },
} as const satisfies OptionTable

export const locate = command({
  summary: 'find objects and list them',
  positionals: '',
  options: {
    ...filterOptions,
    ...pageOptions,
    ids: { type: 'boolean', description: 'identifiers alone' },
  },
  details: 'An object is found when it meets every filter.',
  examples: ['locate', 'locate --algorithm aes --state active --max 20 --offset 20', 'locate --name first-key --ids'],
  async run({ values, connect }) {
    const attributes = filters(values)
    const client = await connect()
    const page = pageOf(values, client.version)
    const { locatedItems, uniqueIdentifier: ids } = await client.request(operation, {
      ...page,
      ...storageOf(values),
      ...(attributes.length > 0 && { attributes }),
    })
    const counted = { ...(locatedItems !== undefined && { locatedItems }), uniqueIdentifier: ids }
    if (values.ids === true) return { json: counted, text: ids.join('\n') }
    const found = await describe(client, ids)
    return {
      json: { ...counted, objects: found.map(plainAttributes) },
      text: [table(headings, found.map(rowOf)), countText(ids.length, locatedItems, page.offsetItems ?? 0)].join('\n'),
    }
  },
})

function filters(values: Values<typeof filterOptions>): AttributeInstance[] {
  const { name, type, algorithm, length, state, usage, group = [], custom = [] } = values
  const nameType = NameType.UninterpretedTextString
  const given: [AttributeInstance['name'], unknown][] = [
    ['name', name && { nameValue: name, nameType }],
    ['objectType', type && valueByName('--type', ObjectType, type, typeAliases)],
    ['cryptographicAlgorithm', algorithm && algorithmByName(algorithm)],
    ['cryptographicLength', length && wholeNumber('--length', length, 1, 65_536)],
    ['state', state && valueByName('--state', State, state)],
    ['cryptographicUsageMask', usage && usageMask(usage)],
    ...dates(values),
    ...group.map((value): [AttributeInstance['name'], unknown] => ['objectGroup', value]),
    ...custom.map((text): [AttributeInstance['name'], unknown] => ['vendorAttribute', customAttribute(text)]),
  ]
  return given.filter(([, value]) => value !== undefined).map(([attribute, value]) => ({ name: attribute, value }))
}

/** One Initial Date is that moment, two are a range (KMIP 2.1 6.1.28): an open end is the world's. */
function dates(values: Values<typeof filterOptions>): [AttributeInstance['name'], unknown][] {
  const { 'created-after': after, 'created-before': before } = values
  if (after === undefined && before === undefined) return []
  return [
    ['initialDate', after === undefined ? 0 : parseDate('--created-after', after)],
    ['initialDate', before === undefined ? lastSecond : parseDate('--created-before', before)],
  ]
}

async function describe(client: Client, ids: readonly string[]): Promise<AttributeSet[]> {
  const attributeReference = shownAttributes.map((name) => ({ name }))
  const results = await onEach(client, getAttributes, ids, (uniqueIdentifier) => (
    { uniqueIdentifier, attributeReference }))
  // What has gone since it was found is left out.
  return results.flatMap((result) => ('error' in result
    ? [] : [{ uniqueIdentifier: result.uniqueIdentifier, ...result.value.attributes }]))
}

function rowOf(attributes: AttributeSet): string[] {
  const { uniqueIdentifier = '', name = [], objectType = 0, state = 0 } = attributes
  const { cryptographicAlgorithm, cryptographicLength } = attributes
  return [
    uniqueIdentifier,
    shortList(name.map(({ nameValue }) => nameValue)),
    nameOf(ObjectType, objectType),
    cryptographicAlgorithm === undefined ? '' : nameOf(CryptographicAlgorithm, cryptographicAlgorithm),
    cryptographicLength === undefined ? '' : String(cryptographicLength),
    state === 0 ? '' : nameOf(State, state),
  ]
}

function countText(count: number, total: number | undefined, offset: number): string {
  if (total === undefined || total === count) return `${count} found`
  return `${count} of ${total} found${offset + count < total ? `; more with --offset ${offset + count}` : ''}`
}

/** Servers count what they found when they are asked for a page of it. */
function pageOf(
  { max, offset }: Values<typeof pageOptions>, version: Version,
): { maximumItems?: number; offsetItems?: number } {
  if (offset !== undefined && version < offsetVersion) throw new UsageError('--offset is of KMIP 1.3 and later')
  const hasOffset = (max ?? offset) !== undefined && version >= offsetVersion
  return {
    ...(max !== undefined && { maximumItems: wholeNumber('--max', max, 1, 2_147_483_647) }),
    ...(hasOffset && { offsetItems: wholeNumber('--offset', offset ?? '0', 0, 2_147_483_647) }),
  }
}

/** Destroyed objects are in a storage of their own, where nobody looks who does not say so. */
function storageOf({ storage, state }: Values<typeof filterOptions>): { storageStatusMask?: number } {
  const names = storage ?? (/^destroyed/i.test(state ?? '') ? ['destroyed-storage'] : undefined)
  if (names === undefined) return {}
  const bits = valuesByName('--storage', StorageStatusMask, names)
  return { storageStatusMask: bits.reduce((mask, bit) => mask + bit, 0) }
}

const shownAttributes = ['name', 'objectType', 'cryptographicAlgorithm', 'cryptographicLength', 'state'] as const
const headings = ['unique identifier', 'name', 'type', 'algorithm', 'bits', 'state']
const typeAliases: Readonly<Record<string, string>> = {
  symmetric: 'SymmetricKey', private: 'PrivateKey', public: 'PublicKey', secret: 'SecretData', opaque: 'OpaqueObject',
}
const offsetVersion = parseVersion('1.3')
/** 9999-12-31T23:59:59Z. */
const lastSecond = 253_402_300_799
