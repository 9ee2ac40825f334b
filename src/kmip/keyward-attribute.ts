import { ItemType } from '../ttlv/item.ts'
import type { Item } from '../ttlv/item.ts'
import { KmipError } from './error.ts'
import { wrongType } from './schema.ts'

/**
 * What a customer master key has and KMIP has no attribute for: vendor attributes of 2.x with the identification
 * "Keyward", custom attributes of 1.x ("y-cmk-..." where only the server sets them, else "x-cmk-..."). In 1.x their
 * values are text, the only type of custom attribute that every client knows; 2.x has their own types, and takes text.
 */
export const keywardVendor = 'Keyward'

export type KeywardType = 'boolean' | 'integer' | 'interval' | 'dateTime' | 'text'

export interface KeywardAttribute {
  readonly type: KeywardType
  /**
   * `creation`: given with a new CMK and never changed. `action`: setting it does something, and it has no value.
   * `import`: comes with import parameters, or is given with material; some clients of 1.x read no "y-" at all.
   */
  readonly setBy: 'client' | 'creation' | 'action' | 'import' | 'server'
}

export const keywardAttributes = {
  'cmk-id': { type: 'text', setBy: 'server' },
  'cmk-arn': { type: 'text', setBy: 'server' },
  'cmk-state': { type: 'text', setBy: 'server' },
  'cmk-creator': { type: 'text', setBy: 'server' },
  'cmk-creation-date': { type: 'dateTime', setBy: 'server' },
  'cmk-key-spec': { type: 'text', setBy: 'creation' },
  'cmk-usage': { type: 'text', setBy: 'creation' },
  'cmk-origin': { type: 'text', setBy: 'creation' },
  'cmk-protection-level': { type: 'text', setBy: 'creation' },
  'cmk-instance': { type: 'text', setBy: 'creation' },
  'cmk-key-storage-mechanism': { type: 'text', setBy: 'creation' },
  'cmk-external-key': { type: 'text', setBy: 'creation' },
  'cmk-class': { type: 'text', setBy: 'creation' },
  'cmk-service': { type: 'text', setBy: 'server' },
  'cmk-description': { type: 'text', setBy: 'client' },
  'cmk-ciphertext-format': { type: 'text', setBy: 'client' },
  'cmk-enabled': { type: 'boolean', setBy: 'client' },
  'cmk-archived': { type: 'boolean', setBy: 'client' },
  'cmk-deletion-window': { type: 'integer', setBy: 'client' },
  'cmk-delete-date': { type: 'dateTime', setBy: 'server' },
  'cmk-deletion-protection': { type: 'boolean', setBy: 'client' },
  'cmk-deletion-protection-description': { type: 'text', setBy: 'client' },
  'cmk-alias': { type: 'text', setBy: 'client' },
  'cmk-alias-move': { type: 'text', setBy: 'action' },
  'cmk-rotate': { type: 'boolean', setBy: 'action' },
  'cmk-rotation-automatic': { type: 'boolean', setBy: 'client' },
  'cmk-rotation-interval': { type: 'interval', setBy: 'client' },
  'cmk-rotation-state': { type: 'text', setBy: 'server' },
  'cmk-rotation-last-date': { type: 'dateTime', setBy: 'server' },
  'cmk-rotation-next-date': { type: 'dateTime', setBy: 'server' },
  'cmk-version': { type: 'integer', setBy: 'server' },
  'cmk-primary': { type: 'boolean', setBy: 'server' },
  'cmk-material-present': { type: 'boolean', setBy: 'client' },
  'cmk-material-expire-date': { type: 'dateTime', setBy: 'import' },
  'cmk-import-parameters': { type: 'text', setBy: 'client' },
  'cmk-import-token': { type: 'text', setBy: 'import' },
  'cmk-import-key': { type: 'text', setBy: 'import' },
  'cmk-import-public-key': { type: 'text', setBy: 'import' },
  'cmk-import-expire-date': { type: 'dateTime', setBy: 'import' },
} as const satisfies Record<string, KeywardAttribute>
export type KeywardName = keyof typeof keywardAttributes

/** One attribute for each tag of a CMK: the key of the tag follows. */
export const tagPrefix = 'cmk-tag-'

export function keywardAttribute(attributeName: string): KeywardAttribute | undefined {
  if (attributeName.startsWith(tagPrefix)) return tagAttribute
  return Object.hasOwn(keywardAttributes, attributeName) ? keywardAttributes[attributeName as KeywardName] : undefined
}

/** Whether the vendor attribute is one of a CMK, known or not. */
export function isCmkAttribute(vendor: { vendorIdentification: string; attributeName: string }): boolean {
  return vendor.vendorIdentification === keywardVendor && vendor.attributeName.startsWith('cmk-')
}

/** The Attribute Name of 1.x. */
export function customNameOf(attributeName: string): string {
  return `${keywardAttribute(attributeName)?.setBy === 'server' ? 'y' : 'x'}-${attributeName}`
}

/**
 * A value in the attribute's own type: text is read as one.
 *
 * @throws KmipError Invalid Attribute Value
 */
export function canonicalValue(attributeName: string, item: Item): Item {
  const type = keywardAttribute(attributeName)?.type
  if (type === undefined || item.type === itemTypes[type]) return item
  if (type === 'interval' && item.type === ItemType.Integer) return { ...item, type: ItemType.Interval }
  const value = item.type === ItemType.TextString ? readers[type](item.value) : undefined
  if (value === undefined) throw new KmipError('InvalidAttributeValue', `${attributeName} is of type ${type}`)
  return { tag: item.tag, type: itemTypes[type], value } as Item
}

/** The value as text, for 1.x: dates as in ISO 8601, lengths of time in seconds ("604800s"). */
export function textValue(item: Item): Item {
  return { tag: item.tag, type: ItemType.TextString, value: textOfValue(item) }
}

/** Seconds of `7d`, `12h`, `30m`, `90s` or `90`. */
export function parseDuration(text: string): number | undefined {
  const [, count, unit = 's'] = /^(\d{1,9})([dhms]?)$/.exec(text) ?? []
  if (count === undefined) return undefined
  return Number(count) * unitSeconds[(unit === '' ? 's' : unit) as keyof typeof unitSeconds]
}

function textOfValue(item: Item): string {
  switch (item.type) {
    case ItemType.DateTime: return dateOf(item.value * 1000)
    case ItemType.Interval: return `${item.value}s`
    case ItemType.TextString: return item.value
    case ItemType.Structure:
    case ItemType.ByteString: throw wrongType(item.tag)
    default: return String(item.value)
  }
}

function dateOf(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z')
}

const tagAttribute: KeywardAttribute = { type: 'text', setBy: 'client' }

const unitSeconds = { d: 86_400, h: 3_600, m: 60, s: 1 } as const

/** Item types of the values, in the Vendor Attributes of 2.x. */
export const itemTypes = {
  boolean: ItemType.Boolean,
  integer: ItemType.Integer,
  interval: ItemType.Interval,
  dateTime: ItemType.DateTime,
  text: ItemType.TextString,
} as const satisfies Record<KeywardType, number>

const readers: Readonly<Record<KeywardType, (text: string) => boolean | number | string | undefined>> = {
  boolean: (text) => (text === 'true' ? true : text === 'false' ? false : undefined),
  integer: (text) => (/^-?\d{1,9}$/.test(text) ? Number(text) : undefined),
  interval: parseDuration,
  dateTime: (text) => {
    const ms = Date.parse(text)
    // Written again, it is the same: not so a day that its month has not, which is read as one of the next.
    return Number.isNaN(ms) || dateOf(ms) !== text ? undefined : ms / 1000
  },
  text: (text) => text,
}
