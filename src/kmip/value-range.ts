import { enumerations } from './generated/enums.ts'
import { parseVersion } from './version.ts'
import type { Version } from './version.ts'

/** A value of an enumeration: its name, and the versions that have it. */
export interface ValueRange {
  readonly name: string
  readonly since: Version
  /** The first version that no longer has it; Infinity while all later ones do. */
  readonly removedIn: Version
}

/** The range of a value, or undefined for one that no table has. Looked up, not searched: Get asks every time. */
export function valueRange(enumeration: string, value: number): ValueRange | undefined {
  return ranges.get(enumeration)?.get(value)
}

/** Whether a version has the value. One of no table is everybody's: an extension, or newer than we know. */
export function isKnown(enumeration: string, value: number, version: Version): boolean {
  const range = valueRange(enumeration, value)
  return range === undefined || (version >= range.since && version < range.removedIn)
}

/**
 * Whether the value came after the version. Of an enumeration that came later as a whole none is: what it stands in is
 * the field's affair (PyKMIP sends an Encoding Option in 1.0).
 */
export function isNewer(enumeration: string, value: number, version: Version): boolean {
  const range = valueRange(enumeration, value)
  return range !== undefined && version < range.since && version >= (firstVersions.get(enumeration) ?? Infinity)
}

/**
 * Whether no version has the value, though all have the enumeration's table, and no vendor either: those begin with an 8
 * (KMIP 2.1 11, 1.4 9.1.3.2).
 */
export function isUndefined(enumeration: string, value: number): boolean {
  return value < firstExtension && ranges.get(enumeration)?.has(value) === false
}

/**
 * A mask without the bits that came after the version. Those that are gone from later tables stay: nothing else has their
 * place, and the published cases of 2.0 have them. Masks are sums of powers of two.
 */
export function knownBits(enumeration: string, mask: number, version: Version): number {
  let rest = mask
  for (const [bit, { since }] of ranges.get(enumeration) ?? []) {
    if (version < since && hasBit(mask, bit)) rest -= bit
  }
  return rest
}

/**
 * Whether a mask has a bit that came after the version, or one that no version has and no vendor either: theirs are above
 * the standard's (KMIP 2.1 12, 1.4 9.1.3.3).
 */
export function hasUnknownBit(enumeration: string, mask: number, version: Version): boolean {
  if (knownBits(enumeration, mask, version) !== mask) return true
  for (let bit = 1; bit < (extensionBits.get(enumeration) ?? 0); bit *= 2) {
    if (hasBit(mask, bit) && valueRange(enumeration, bit) === undefined) return true
  }
  return false
}

/** Of a negative number too: the highest bit is the sign. */
function hasBit(mask: number, bit: number): boolean {
  return Math.floor(mask / bit) % 2 !== 0
}

const ranges: ReadonlyMap<string, ReadonlyMap<number, ValueRange>> = new Map(
  Object.entries(enumerations).map(([enumeration, { values, since, removedIn }]) => [
    enumeration,
    new Map(Object.entries(values).map(([name, value]) => [value, {
      name,
      since: parseVersion(since[name] ?? '1.0'),
      removedIn: removedIn[name] === undefined ? Infinity : parseVersion(removedIn[name]),
    }])),
  ]),
)

/** Of each enumeration the version that had it first. */
const firstVersions: ReadonlyMap<string, Version> = new Map(
  [...ranges].map(([enumeration, values]) => [enumeration, Math.min(...[...values.values()].map(({ since }) => since))]),
)
/** Of each mask the lowest bit of the vendors'. */
const extensionBits: ReadonlyMap<string, number> = new Map([
  ['CryptographicUsageMask', 0x0010_0000],
  ['ProtectionStorageMask', 0x0000_0010],
  ['StorageStatusMask', 0x0000_0010],
])
/** Enumeration values from this one on are the vendors'. */
export const firstExtension = 0x8000_0000
