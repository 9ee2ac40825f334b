import { randomBytes } from 'node:crypto'
import { Cko } from '../kmip/pkcs11-constants.ts'
import { checkKind } from './key.ts'
import type { SoftwareKey } from './key.ts'
import type { Announce, Key, KeyKind, KeySpec, ReferredKey } from './provider.ts'
import type { KeyPlace, NewPlace, Storage, Template, WrappedKey } from './pkcs11-protocol.ts'
import type { CipherMode } from './symmetric.ts'

/** A secret or private key that is in the token, or that the token can unwrap. */
export interface TokenKey extends Key {
  readonly place: KeyPlace
  /** The place as the record has it. */
  readonly reference: Buffer
  /** Block cipher modes that the token has for it. */
  readonly modes: ReadonlyMap<number, CipherMode>
}

/** The public part of a key of the token; what needs no secret is done here. */
export interface TokenPublicKey extends Key {
  readonly software: SoftwareKey
}

/** What the record keeps of a key. */
export type Reference =
  | { readonly place: KeyPlace }
  | { readonly publicKey: Uint8Array }

/** @throws Error for what is no reference of this format: damage, not a client's fault */
export function decodeReference(bytes: Buffer): Reference {
  const stored = JSON.parse(bytes.toString('utf8')) as StoredReference
  if (stored.format !== format) throw new Error(`a key's reference has format ${stored.format}`)
  if ('publicKey' in stored) return { publicKey: Buffer.from(stored.publicKey, 'base64') }
  const { id, objectClass, wrapped } = stored
  return { place: { id, objectClass, wrapped: wrapped === undefined ? undefined : openWrapped(wrapped) } }
}

/** @throws Error as `decodeReference`, and for that of a public key */
export function placeIn(reference: Uint8Array): KeyPlace {
  const decoded = decodeReference(Buffer.from(reference))
  if ('publicKey' in decoded) throw new Error('a public key has no place in a token')
  return decoded.place
}

export function encodeReference(reference: Reference): Buffer {
  const stored: StoredReference = 'publicKey' in reference
    ? { format, publicKey: base64(reference.publicKey) }
    : {
        format, id: reference.place.id, objectClass: reference.place.objectClass,
        ...(reference.place.wrapped !== undefined && { wrapped: storedWrapped(reference.place.wrapped) }),
      }
  return Buffer.from(JSON.stringify(stored))
}

/** A place that no key has had. */
export function newPlace(storage: Storage): NewPlace {
  return { id: randomBytes(16).toString('hex'), storage }
}

/** The key as the record keeps it: where it is. */
export function referred(
  { algorithm, length, curve }: KeySpec, kind: KeyKind, { id }: NewPlace, wrapped: WrappedKey | undefined,
): ReferredKey {
  const objectClass = kind === 'private' ? Cko.PRIVATE_KEY : Cko.SECRET_KEY
  const place: KeyPlace = { id, objectClass, wrapped }
  return { algorithm, length, curve, kind, reference: encodeReference({ place }) }
}

/**
 * Announces a key that is about to be an object of the token. Others are made in a session, and end with it.
 *
 * @returns as `Announce`
 */
export async function announced(
  announce: Announce | undefined, spec: KeySpec, kind: KeyKind, place: NewPlace,
): Promise<() => void> {
  const isLasting = place.storage === 'internal'
  return isLasting && announce !== undefined ? announce(referred(spec, kind, place, undefined)) : () => undefined
}

/** @throws KmipError Invalid Field for a public key */
export function asTokenKey(key: Key): TokenKey {
  checkKind(key, 'symmetric', 'private', 'secret')
  return key as TokenKey
}

/** @throws KmipError Invalid Field for another key */
export function asPublic(key: Key): Key {
  checkKind(key, 'public')
  return (key as TokenPublicKey).software
}

type StoredReference =
  | { readonly format: number; readonly publicKey: string }
  | { readonly format: number; readonly id: string; readonly objectClass: number; readonly wrapped?: StoredWrapped }

interface StoredWrapped {
  readonly bytes: string
  readonly mechanism: number
  readonly iv?: string
  readonly wrappingKey: string
  readonly template: readonly (readonly [number, number | boolean | string])[]
}

function openWrapped({ bytes, mechanism, iv, wrappingKey, template }: StoredWrapped): WrappedKey {
  return {
    bytes: Buffer.from(bytes, 'base64'), mechanism, wrappingKey,
    iv: iv === undefined ? undefined : Buffer.from(iv, 'base64'),
    template: template.map(([type, value]) => ({ type, value })),
  }
}

function storedWrapped({ bytes, mechanism, iv, wrappingKey, template }: WrappedKey): StoredWrapped {
  return {
    bytes: base64(bytes), mechanism, wrappingKey, template: template.flatMap(plainAttribute),
    ...(iv !== undefined && { iv: base64(iv) }),
  }
}

/** Templates of secret and private keys hold numbers and booleans only. */
function plainAttribute({ type, value }: Template[number]): (readonly [number, number | boolean | string])[] {
  return value instanceof Uint8Array ? [] : [[type, value]]
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}

const format = 1
