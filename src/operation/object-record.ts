import { hash } from 'node:crypto'
import type { ManagedObject } from '../model/managed-object.ts'
import { encodeRecord } from '../model/record.ts'
import type { Change, StoredRecord } from '../store/store.ts'
import { indexKeys } from './index-keys.ts'

/**
 * Where an object stands in the store: each account has an identifier space of its own (KMIP 2.1 4.58), so that an
 * identifier that a client chooses for Import is free whatever other accounts have, and nobody learns of their objects.
 * Of one account, ids are in the order of the Unique Identifiers: no identifier has a character as low as the separator.
 */
export function recordIdOf(account: string, uniqueIdentifier: string): string {
  return `${uniqueIdentifier}${spaceOf(account)}`
}

/** @param expected the revision in whose place the object is stored as it is now: the one that it was read in */
export function changeOf(object: ManagedObject, expected: number): Change {
  return {
    id: recordIdOf(object.account, object.uniqueIdentifier),
    expected,
    data: encodeRecord(object),
    keys: indexKeys(object),
  }
}

/**
 * What removes an object with all that is known of it. Only its revision stays: a client may choose the identifier again
 * for Import, and nobody who still has the removed object in memory must take it for the new one.
 */
export function removalOf(account: string, uniqueIdentifier: string, revision: number): Change {
  return { id: recordIdOf(account, uniqueIdentifier), expected: revision, data: Buffer.alloc(0), keys: [] }
}

/** Whether a record is what a removed object has left. */
export function isRemoval({ data }: StoredRecord): boolean {
  return data.length === 0
}

/** The Unique Identifier of an object by such an id. */
export function uniqueIdentifierOf(recordId: string): string {
  return recordId.slice(0, -spaceCharacters)
}

/** The store is told no names: the ids of its records are not encrypted. */
function spaceOf(account: string): string {
  const known = spaces.get(account)
  if (known !== undefined) return known
  const space = separator + hash('sha256', `account ${account}`, 'base64url').slice(0, spaceCharacters - 1)
  if (spaces.size >= spacesMax) spaces.clear()
  spaces.set(account, space)
  return space
}

/**
 * Whether a text is what a Unique Identifier of ours, or one that a client chose for Import, can look like. The ids of
 * records of other kinds begin otherwise. One request asks several times of the same text.
 */
export function isIdentifier(text: string): boolean {
  if (text === lastIdentifier) return true
  if (!identifierPattern.test(text)) return false
  lastIdentifier = text
  return true
}

let lastIdentifier: string | undefined
const identifierPattern = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/
const separator = '+'
/** With the separator. 96 bits: no two accounts share a space by chance. */
const spaceCharacters = 17
/** So that a request costs no hash. */
const spaces = new Map<string, string>()
const spacesMax = 10_000
