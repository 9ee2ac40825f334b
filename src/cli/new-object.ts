import type { Client } from '../client/client.ts'
import { activate } from '../client/operations.ts'
import { ruleOf } from '../kmip/attribute.ts'
import type { AttributeSet } from '../kmip/attribute.ts'
import { inVersion, namesIn } from '../kmip/attribute-codec.ts'
import { NameType } from '../kmip/generated/enums.ts'
import { Tag } from '../kmip/generated/tags.ts'
import type { Version } from '../kmip/version.ts'
import { ItemType } from '../ttlv/item.ts'
import { UsageError } from './command.ts'
import type { OptionTable, Values } from './command.ts'
import { parseDate } from './date.ts'

/** What is said of a new object, whether it is made by the server or brought along. */
export const newObjectOptions = {
  name: { type: 'string', multiple: true, short: 'n', value: 'NAME', description: 'its name' },
  group: { type: 'string', multiple: true, value: 'GROUP', description: 'an object group that it belongs to' },
  description: { type: 'string', value: 'TEXT', description: 'for people (KMIP 2.0 and later)' },
  custom: {
    type: 'string', multiple: true, value: 'NAME=TEXT',
    description: 'a custom attribute: in KMIP 1.x it is called x-NAME',
  },
  sensitive: { type: 'boolean', description: 'give it out wrapped only (KMIP 1.4 and later)' },
  'not-extractable': { type: 'boolean', description: 'never give it out (KMIP 1.4 and later)' },
  activate: { type: 'boolean', description: 'make it active at once' },
  'activate-at': { type: 'string', value: 'DATE', description: 'make it active then: 2030-01-31, or with T12:00:00Z' },
  'deactivate-at': { type: 'string', value: 'DATE', description: 'end its use then' },
} as const satisfies OptionTable
export type NewObjectValues = Values<typeof newObjectOptions>

/** @throws UsageError */
export function namedAttributes(values: NewObjectValues): AttributeSet {
  if (values.activate === true && values['activate-at'] !== undefined) {
    throw new UsageError('--activate and --activate-at exclude each other')
  }
  const nameType = NameType.UninterpretedTextString
  return {
    ...(values.name !== undefined && { name: values.name.map((nameValue) => ({ nameValue, nameType })) }),
    ...(values.group !== undefined && { objectGroup: values.group }),
    ...(values.description !== undefined && { description: values.description }),
    ...(values.custom !== undefined && { vendorAttribute: values.custom.map(customAttribute) }),
    ...(values.sensitive === true && { sensitive: true }),
    ...(values['not-extractable'] === true && { extractable: false }),
    ...(values['activate-at'] !== undefined && { activationDate: parseDate('--activate-at', values['activate-at']) }),
    ...(values['deactivate-at'] !== undefined && {
      deactivationDate: parseDate('--deactivate-at', values['deactivate-at']),
    }),
  }
}

/** What the version does not know would be left out of the message: say so instead. @throws UsageError */
export function checkKnown(attributes: AttributeSet, version: Version): void {
  const unknown = namesIn(attributes).find((name) => !inVersion(name, { version }))
  if (unknown !== undefined) {
    throw new UsageError(`${ruleOf(unknown).specName} is not an attribute of this protocol version`)
  }
}

/** Activates new objects when the options ask for it. A date of ours could be the server's future: clocks differ. */
export async function activateAll(
  client: Client, ids: readonly string[], values: NewObjectValues,
): Promise<boolean> {
  if (values.activate !== true) return false
  for (const uniqueIdentifier of ids) await client.request(activate, { uniqueIdentifier })
  return true
}

/** `NAME=TEXT` as a vendor attribute of the client's own. @throws UsageError */
export function customAttribute(text: string): NonNullable<AttributeSet['vendorAttribute']>[number] {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  if (name === undefined || value === undefined) throw new UsageError('--custom is NAME=TEXT')
  const attributeValue = { tag: Tag.AttributeValue, type: ItemType.TextString, value } as const
  return { vendorIdentification: 'x', attributeName: name, attributeValue }
}
