import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { KmipError } from '../../src/kmip/error.ts'
import { Tag } from '../../src/kmip/generated/tags.ts'
import { managedObject } from '../../src/kmip/object.ts'
import type { FieldMap } from '../../src/kmip/schema.ts'
import { versions } from '../../src/kmip/version.ts'
import { ItemType } from '../../src/ttlv/item.ts'
import { fieldsIn, fileOf, operations, readSpec, sampleItems, structuresIn } from './payloads.ts'
import type { AnyStructure, PayloadTable, TableField } from './payloads.ts'

const payloads = await structuresIn('src/kmip/payload')
const shared = await structuresIn('src/kmip')
const structureTables = readSpec<Record<'1.4' | '2.1', readonly TableField[] | undefined>>('structures.json')

describe('every operation has a file with its two payloads', () => {
  it('and there are no others', () => {
    const files = readdirSync(new URL('../../src/kmip/payload', import.meta.url)).toSorted()
    expect(files).toEqual([...operations.keys()].map((name) => `${fileOf(name)}.ts`).toSorted())
  })

  it.each([...operations.keys()])('%s', (operation) => {
    const name = operation.replace('_', '')
    expect([...payloads.keys()]).toEqual(expect.arrayContaining([`${name}Request`, `${name}Response`]))
  })
})

describe('payloads have the fields of the tables, in their order, in every version', () => {
  it.each(payloadCases())('$operation $direction $version', ({ shape, version, table }) => {
    expect(names(shape, version, table)).toEqual(table.map(({ name }) => name))
  })
})

describe('structures have the fields of the tables, in their order', () => {
  it('covers every table', () => {
    expect(Object.keys(structureTables).filter((name) => structureOf(name) === undefined).toSorted())
      .toEqual(Object.keys(elsewhere).toSorted())
  })

  it.each(structureCases())('$place $version', ({ shape, version, table }) => {
    expect(names(shape, version, table)).toEqual(table.map(({ name }) => name))
  })
})

it('what is required, repeated and of which type differs from the tables only where a reason is given', () => {
  const found = [...payloadCases(), ...structureCases()].flatMap(differences)
  expect([...new Set(found)].toSorted()).toEqual(Object.keys(deviations).toSorted())
})

interface Case {
  place: string
  shape: AnyStructure
  version: number
  table: readonly TableField[]
}

/** One case for each payload in each version that has it. */
function payloadCases(): (Case & { operation: string; direction: string })[] {
  return [...operations].flatMap(([operation, { clientToServer, serverToClient }]) => {
    const tables = clientToServer ?? serverToClient
    return versions.filter((version) => version >= sinceOf(operation)).flatMap((version) => {
      const table = tables?.[version < 200 ? '1.x' : '2.x']
      if (table === undefined) return []
      return (['request', 'response'] as const).map((direction) => {
        const name = `${operation.replace('_', '')}${direction === 'request' ? 'Request' : 'Response'}`
        const shape = payloads.get(name)!
        return { operation, direction, place: name, shape, version, table: tableAt(table, direction, version) }
      })
    })
  })
}

function sinceOf(operation: string): number {
  const [major, minor] = operations.get(operation)!.since.split('.').map(Number)
  return major! * 100 + minor!
}

/** The table of 1.4 or 2.1 as it was in an earlier version. */
function tableAt(table: PayloadTable, direction: 'request' | 'response', version: number): readonly TableField[] {
  const earlier = table.earlier?.[`${Math.trunc(version / 100)}.${version % 100}`]
  const lacks = earlier?.[`${direction}Lacks`] ?? []
  const more = direction === 'response' ? earlier?.responseHas ?? [] : []
  return [...more.map((name) => ({ name })), ...(table[direction] ?? []).filter(({ name }) => !lacks.includes(name))]
}

function structureCases(): Case[] {
  return Object.entries(structureTables).flatMap(([place, tables]) => {
    const shape = structureOf(place)
    if (shape === undefined) return []
    return ([['1.4', 104], ['2.1', 201]] as const).flatMap(([text, version]) => {
      return tables[text] === undefined ? [] : [{ place, shape, version, table: tables[text] }]
    })
  })
}

function structureOf(name: string): AnyStructure | undefined {
  const own = declaredAs[name] ?? (name.startsWith('CredentialValue#') ? `${name.split('#')[1]}Credential` : name)
  return shared.get(own) ?? payloads.get(own) ?? shared.get(own.replace('X_', 'X'))
}

/** The names that the table has for the fields; a field that it does not name shows its own. */
function names(shape: AnyStructure, version: number, table: readonly TableField[]): string[] {
  return fieldsIn(shape, version).map(([own, { tags, takesOthers }]) => {
    const found = table.find(({ name }) => {
      if (name === '<ManagedObject>') return objectTags.every((tag) => tags.includes(tag))
      if (name === 'VendorSpecific') return takesOthers === true
      return tags.includes(Tag[(tagNames[name] ?? name) as keyof typeof Tag])
    })
    return found?.name ?? own
  })
}

/** Where the fields say something else than the table, in words. */
function differences({ place, shape, version, table }: Case): string[] {
  return fieldsIn(shape, version).flatMap(([, field], at) => {
    const row = table[at]!
    const where = `${place}.${row.name}`
    const single = field.tags.some((tag) => attributeTags.has(tag))
    const repeated = row.repeat === true || row.repeatable === true
    const required = row.required === 'yes'
    return [
      ...(field.presence === 'many' && !repeated ? [`${where} is repeated`] : []),
      ...(field.presence !== 'many' && repeated && !single ? [`${where} is not repeated`] : []),
      ...(field.presence === 'required' && !required ? [`${where} is required`] : []),
      ...(field.presence === 'optional' && required ? [`${where} is optional`] : []),
      ...typesBeyond(field, row, version).map((type) => `${where} as ${type}`),
    ]
  })
}

/** Item types that the field takes and the table does not have, and the other way round ("no" in front). */
function typesBeyond(field: FieldMap[string], { name, type }: TableField, version: number): string[] {
  if (type === undefined || type.length === 0) return []
  return sampleItems(Tag[(tagNames[name] ?? name) as keyof typeof Tag]).flatMap(({ typeName, item }) => {
    const refused = reasonOf(() => field.decode(item, { version })) === 'InvalidField'
    if (refused === !type.includes(typeName)) return []
    return refused ? [`no ${typeName}`] : [typeName]
  })
}

function reasonOf(action: () => unknown): string | undefined {
  try {
    action()
  } catch (error) {
    if (error instanceof KmipError) return error.reason
    throw error
  }
  return undefined
}

const objectTags = managedObject().tags
const attributeTags: ReadonlySet<number> = new Set([Tag.Attribute, Tag.Attributes])
const tagNames: Readonly<Record<string, string>> = {
  Timestamp: 'TimeStamp',
  AlternativeFailoverEndpoints: 'AlternateFailoverEndpoints',
}
const declaredAs: Readonly<Record<string, string>> = {
  'DerivationParameters#DerivationParameters': 'DerivationParameters',
  'DerivationParameters#DeriveKey': 'DerivationParameters',
  PrivateKey: 'KeyObject',
  PublicKey: 'KeyObject',
  RNGParameters: 'RandomNumberGenerator',
  SymmetricKey: 'KeyObject',
}
/** Tables with no structure of their own here: each with where its content is coded, or `sameAs` another table. */
const elsewhere: Readonly<Record<string, string>> = {
  _about: 'not a table',
  Attribute: 'attribute-codec: names and values of 1.x; VendorAttribute in 2.x',
  AttributeReference: 'attribute-codec',
  Attributes: 'attribute-codec',
  CommonAttributes: 'attribute-codec',
  CommonTemplateAttribute: 'attribute-codec',
  Credential: 'credential: the value has the shape that the type says',
  CurrentAttribute: 'attribute-codec',
  KeyValue: 'object: its material is a secret',
  NewAttribute: 'attribute-codec',
  PKCS_11Function: 'the table of a single value: a field of the payload',
  PKCS_11InputParameters: 'the table of a single value: a field of the payload',
  PKCS_11Interface: 'the table of a single value: a field of the payload',
  PKCS_11OutputParameters: 'the table of a single value: a field of the payload',
  PKCS_11ReturnCode: 'the table of a single value: a field of the payload',
  PrivateKeyAttributes: 'attribute-codec',
  PrivateKeyTemplateAttribute: 'attribute-codec',
  ProtocolVersion: 'message: one number',
  PublicKeyAttributes: 'attribute-codec',
  PublicKeyTemplateAttribute: 'attribute-codec',
  TemplateAttribute: 'attribute-codec',
  ...Object.fromEntries(Object.keys(structureTables).filter((name) => name.startsWith('KeyMaterial#'))
    .map((name) => [name, 'transparent material stays as it is; the provider reads it'])),
}
const ofVersion = 'one version requires it, another has none'
const shownRepeated = 'the text says that it may be repeated'
const referenceOf2 = '2.x may refer to an object by an Enumeration or an Integer (KMIP 2.1 4.67)'
const unstated = 'the table leaves it open'
const vendorsOwn = 'kept as the vendor sends it'
const yesUnderWrongHead = 'KMIP 2.1 Table 135 says Yes, in a column that is headed Encoding'

const deviations: Readonly<Record<string, string>> = {
  'AddAttributeResponse.Attribute is optional': ofVersion,
  'AsynchronousCorrelationValues.AsynchronousCorrelationValue is repeated': 'a list (KMIP 2.1 7.1)',
  'Authentication.Credential is repeated': shownRepeated,
  'DeleteAttributeRequest.AttributeName is optional': ofVersion,
  'DeleteAttributeResponse.Attribute is optional': ofVersion,
  'DerivationParameters#DeriveKey.DerivationData is repeated': 'since 2.0',
  'DerivationParameters#DeriveKey.IterationCount is optional': 'the table is that of PBKDF2 alone',
  'DerivationParameters#DeriveKey.Salt is optional': 'the table is that of PBKDF2 alone',
  'EncryptionKeyInformation.UniqueIdentifier as Enumeration': referenceOf2,
  'EncryptionKeyInformation.UniqueIdentifier as Integer': referenceOf2,
  'ExtensionInformation.ExtensionType as Enumeration': 'the type of 2.x',
  'ExtensionInformation.ExtensionType as Integer': 'the type of 1.x',
  'GetAttributesResponse.Attributes is optional': ofVersion,
  'ImportRequest.ObjectType is optional': ofVersion,
  'LocateRequest.Attributes is optional': 'without any, every object is meant',
  'MACSignatureKeyInformation.UniqueIdentifier as Enumeration': referenceOf2,
  'MACSignatureKeyInformation.UniqueIdentifier as Integer': referenceOf2,
  'MACSignatureKeyInformation.UniqueIdentifier is required': 'a MAC or signature without its key says nothing',
  'MACVerifyResponse.ValidityIndicator is optional': 'absent until the last part of several',
  'MessageExtension.CriticalityIndicator is required': unstated,
  ...Object.fromEntries(Object.keys(ItemType).filter((type) => type !== 'Structure')
    .map((type) => [`MessageExtension.VendorExtension as ${type}`, vendorsOwn])),
  'MessageExtension.VendorExtension is required': unstated,
  'MessageExtension.VendorIdentification is required': unstated,
  'ModifyAttributeResponse.Attribute is optional': ofVersion,
  'NotifyRequest.Attribute is optional': 'one shape with 2.x, which has no more than deleted attributes',
  'QueryResponse.ProtectionStorageMasks is optional': 'the answer to one query function (KMIP 2.1 Table 281)',
  'RegisterRequest.Attributes is optional': 'clients leave an empty one out',
  'RegisterRequest.TemplateAttribute is optional': 'clients leave an empty one out',
  'RequestBatchItem.MessageExtension is repeated': shownRepeated,
  'ResponseBatchItem.MessageExtension is repeated': shownRepeated,
  'RotateName.RotateNameType is required': yesUnderWrongHead,
  'RotateName.RotateNameValue is required': yesUnderWrongHead,
  'SetConstraintsRequest.Constraints is optional': 'the published case TC-MD-24-21 leaves them out to remove all',
  'SignatureVerifyResponse.ValidityIndicator is optional': 'absent until the last part of several',
  'UsageLimits.UsageLimitsCount is optional': 'the server sets it when the object is made (KMIP 2.1 4.59)',
}
