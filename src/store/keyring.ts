import { createHmac, createSecretKey, randomBytes } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { access, rename, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { syncDirectory } from './directory.ts'
import { StartError } from './error.ts'
import { createRootKeyFile, loadRootKeyFile, removeUnfinished, rootKeyIdIn } from './root-key.ts'
import type { Protector, RootKey } from './root-key.ts'
import { RevisionConflict } from './store.ts'
import type { Change, IndexKey, Store } from './store.ts'

/** A key that records are sealed under. Its number names it in each of them. */
export interface DataKey {
  readonly number: number
  readonly key: KeyObject
}

/**
 * The data keys of a store. They are records of that store themselves, wrapped by the root key, so that every thread
 * and every machine that has the store and the root key has the same ones.
 */
export interface Keyring {
  /** The id of the root key that the data keys are wrapped by. */
  readonly rootKeyId: string
  /** The data key for the next `count` seals, which have been counted, durably, before they are made. */
  sealingKey(count: number): Promise<DataKey>
  /** The data key of that number, or undefined if there is none. Each is unwrapped once. */
  openingKey(number: number): Promise<DataKey | undefined>
  /** What the store is shown instead of an index key: 43 characters that say nothing of it and never change. */
  token(key: IndexKey): IndexKey
}

export interface KeyringOptions {
  readonly store: Store
  readonly rootKey: RootKey
  /** The root key of that id, when the store has come under another one than it was opened with. */
  readonly reopen?: (id: string) => Promise<RootKey>
  /** After so many seals a new data key is made. Smaller only in tests. */
  readonly sealsPerKeyMax?: number
  /** So many seals are counted at a time; a restart forgets what is left of them. Smaller only in tests. */
  readonly sealsPerReservation?: number
}

/**
 * Opens a store's data keys, and makes the first if it has none.
 *
 * @throws StartError if the store was sealed under another root key, or its wrapped keys have been changed.
 */
export async function openKeyring(options: KeyringOptions): Promise<Keyring> {
  const { store } = options
  if ((await store.revision(tokenKeyId)) === 0) await createKeys(store, options.rootKey)
  const rootKeys = rootKeysOf(options)
  const tokenKey = await loadKey(store, rootKeys, tokenKeyId)
  if (!tokenKey) throw new StartError('the store has lost the key of its index')
  const dataKeys = dataKeysOf(store, rootKeys)
  const newest = await newestNumber(store)
  await dataKeys(newest)
  const reserve = reservations(options, rootKeys, newest)

  let available = 0
  let current: DataKey | undefined
  let reserving: Promise<void> | undefined

  async function refill(count: number): Promise<void> {
    const { number, seals } = await reserve(count)
    current = await dataKeys(number)
    available = seals
  }

  return {
    get rootKeyId() {
      return rootKeys.current().id
    },
    async sealingKey(count) {
      while (!current || available < count) {
        reserving ??= refill(count).finally(() => {
          reserving = undefined
        })
        await reserving
      }
      available -= count
      return current
    },
    openingKey: dataKeys,
    token: key => createHmac('sha256', tokenKey.key).update(key).digest('base64url'),
  }
}

/**
 * The root key of a store from its file; if neither the file nor a sealed store exists, a new one.
 *
 * @throws StartError if the file is missing although the store is sealed, is not the key that the store is sealed
 *   under, or cannot be used (`loadRootKeyFile`).
 */
export async function openRootKeyFile(
  path: string, store: Store, protection: RootKeyProtection = {},
): Promise<RootKey> {
  const { protectors = [], wanted } = protection
  const sealedUnder = await sealedUnderRootKey(store)
  await finishChange(path, sealedUnder)
  const missing = await access(path).then(() => false, (error: NodeJS.ErrnoException) => error.code === 'ENOENT')
  if (missing && sealedUnder === undefined) return createOrLoad(path, protectors, wanted)
  if (missing) {
    throw new StartError(`root key file ${path} is missing, but the store is sealed under ${sealedUnder}`)
  }
  const rootKey = await loadRootKeyFile(path, protectors)
  if (sealedUnder !== undefined && sealedUnder !== rootKey.id) {
    const both = `holds root key ${rootKey.id}, but the store is sealed under ${sealedUnder}`
    throw new StartError(`root key file ${path} ${both}`)
  }
  return rootKey
}

/** Another thread may be making it at the same time. */
async function createOrLoad(
  path: string, protectors: readonly Protector[], wanted: string | undefined,
): Promise<RootKey> {
  try {
    return await createRootKeyFile(path, protectors.find(({ name }) => name === wanted))
  } catch (error) {
    if (((error as StartError).cause as NodeJS.ErrnoException | undefined)?.code !== 'EEXIST') throw error
    return loadRootKeyFile(path, protectors)
  }
}

/** How the file of the root key is protected. */
export interface RootKeyProtection {
  /** All that may be needed to open it. */
  readonly protectors?: readonly Protector[]
  /** The name of the one that protects a new file; none: a plain file. */
  readonly wanted?: string | undefined
}

/** Where the next root key is, from before it is used until it has taken the other's place. */
export function nextRootKeyPath(path: string): string {
  return `${path}.next`
}

/**
 * Puts the store under a new root key: its file is on disk before the store's keys are wrapped anew, all in one commit,
 * and takes the place of the old one afterwards. A crash at any point leaves a store with the root key that it is under:
 * `openRootKeyFile` finishes what was begun.
 *
 * @param also what is committed with the change, as it is to be when the new file is there
 * @throws StartError if the files cannot be written or read, or what is to be committed no longer can be
 */
export async function changeRootKey(
  path: string, store: Store, { protectors = [], wanted }: RootKeyProtection, also: () => readonly Change[] = () => [],
): Promise<RootKey> {
  const sealedUnder = await sealedUnderRootKey(store)
  await finishChange(path, sealedUnder)
  const from = await loadRootKeyFile(path, protectors)
  const to = await createRootKeyFile(nextRootKeyPath(path), protectors.find(({ name }) => name === wanted))
  const others = also()
  while (!await unlessConflict(rewrapAll(store, from, to, others))) {
    // A key was added, or seals were counted, in between.
    for (const { id, expected } of others) {
      if (await store.revision(id) !== expected) throw new StartError('what protects the new root key has been given up')
    }
  }
  await finishChange(path, to.id)
  return to
}

async function rewrapAll(store: Store, from: RootKey, to: RootKey, others: readonly Change[]): Promise<void> {
  const ids = [tokenKeyId, ...Array.from({ length: await newestNumber(store) }, (_, index) => dataKeyId(index + 1))]
  const rewrapped = await Promise.all(ids.map(async id => {
    const found = await loadRecord(store, id)
    if (!found) throw new StartError(`the store has lost ${id}`)
    const named = await unwrapped(from, found.record, id)
    const wrapped = Buffer.from(await to.wrap(named)).toString('base64')
    named.fill(0)
    return changeOf(id, found.revision, { ...found.record, rootKey: to.id, wrapped })
  }))
  await store.apply([...rewrapped, ...others])
}

/**
 * Gives the next root key's file its place if the store is under that key, and removes it if it is not. Neither file is
 * opened for that: what protects the other one may be away.
 */
async function finishChange(path: string, sealedUnder: string | undefined): Promise<void> {
  await removeUnfinished(path)
  const next = nextRootKeyPath(path)
  const id = await rootKeyIdIn(next)
  if (id === undefined) return
  if (id === sealedUnder) await rename(next, path)
  else if (await rootKeyIdIn(path) === sealedUnder) await unlink(next)
  else throw new StartError(`neither ${path} nor ${next} holds root key ${sealedUnder}, which the store is sealed under`)
  await syncDirectory(dirname(path))
}

/** Whether an id belongs to the keyring's own records, which nobody reaches through a sealed store. */
export function isKeyringId(id: string): boolean {
  return id.startsWith(idPrefix)
}

/** What the store holds of one key. `reserved` counts the seals that may have been made under a data key. */
interface KeyRecord {
  readonly rootKey: string
  readonly wrapped: string
  readonly reserved: number
}

/** Another thread may be doing the same: whoever comes second finds the keys of the first. */
async function createKeys(store: Store, rootKey: RootKey): Promise<void> {
  const changes = [await newKey(rootKey, tokenKeyId, 0), await newKey(rootKey, dataKeyId(1), 0)]
  await unlessConflict(store.apply(changes))
}

/** The key and the id that it is for are wrapped as one, so that a wrapped key cannot be put in another's place. */
async function newKey(rootKey: RootKey, id: string, reserved: number): Promise<Change> {
  const bytes = randomBytes(keyBytes)
  const named = Buffer.concat([bytes, Buffer.from(id, 'latin1')])
  const wrapped = Buffer.from(await rootKey.wrap(named)).toString('base64')
  bytes.fill(0)
  named.fill(0)
  return changeOf(id, 0, { rootKey: rootKey.id, wrapped, reserved })
}

function changeOf(id: string, expected: number, record: KeyRecord): Change {
  return { id, expected, data: Buffer.from(JSON.stringify(record)), keys: [keyringIndexKey] }
}

/** The root key that the store is under, which changes while the server runs. */
interface RootKeys {
  current(): RootKey
  /** @throws StartError when there is no such root key here */
  of(id: string): Promise<RootKey>
}

function rootKeysOf({ rootKey, reopen }: KeyringOptions): RootKeys {
  let current = rootKey
  return {
    current: () => current,
    async of(id) {
      if (id === current.id) return current
      if (reopen === undefined) throw wrongRootKey(current, id)
      current = await reopen(id)
      return current
    },
  }
}

function dataKeysOf(store: Store, rootKeys: RootKeys): (number: number) => Promise<DataKey | undefined> {
  const loaded = new Map<number, Promise<DataKey | undefined>>()
  return number => {
    const known = loaded.get(number)
    if (known) return known
    const loading = loadKey(store, rootKeys, dataKeyId(number)).then(found => found && { number, key: found.key })
    loaded.set(number, loading)
    const forget = () => loaded.delete(number)
    loading.then(found => found ?? forget(), forget)
    return loading
  }
}

async function loadKey(store: Store, rootKeys: RootKeys, id: string): Promise<{ key: KeyObject } | undefined> {
  const found = await loadRecord(store, id)
  if (!found) return undefined
  const rootKey = await rootKeys.of(found.record.rootKey)
  const named = await unwrapped(rootKey, found.record, id)
  const key = createSecretKey(named.subarray(0, keyBytes))
  named.fill(0)
  return { key }
}

async function unwrapped(rootKey: RootKey, record: KeyRecord, id: string): Promise<Uint8Array> {
  const damaged = `the store's ${id} is damaged: root key ${rootKey.id} does not open it`
  const named = await rootKey.unwrap(Buffer.from(record.wrapped, 'base64')).catch((cause: unknown) => {
    throw new StartError(damaged, { cause })
  })
  if (Buffer.from(named.subarray(keyBytes)).toString('latin1') !== id) throw new StartError(damaged)
  return named
}

async function loadRecord(store: Store, id: string): Promise<{ revision: number; record: KeyRecord } | undefined> {
  const found = await store.read(id)
  if (!found) return undefined
  try {
    const record = JSON.parse(Buffer.from(found.data).toString()) as KeyRecord
    if (typeof record.rootKey === 'string' && typeof record.wrapped === 'string' && record.reserved >= 0) {
      return { revision: found.revision, record }
    }
  } catch {
    // Said below, with the record's name.
  }
  throw new StartError(`the store's ${id} is damaged`)
}

/** What reserves seals: at least `count`, under the newest data key that has so many left, or under a new one. */
function reservations(
  { store, sealsPerKeyMax = sealsMax, sealsPerReservation = reservationSeals }: KeyringOptions, rootKeys: RootKeys,
  newest: number,
): (count: number) => Promise<{ number: number; seals: number }> {
  let number = newest
  return async count => {
    const seals = Math.max(count, sealsPerReservation)
    while (true) {
      const found = await loadRecord(store, dataKeyId(number))
      if (!found) throw new StartError(`the store has lost ${dataKeyId(number)}`)
      const { revision, record } = found
      const reserved = record.reserved + seals
      if (reserved <= sealsPerKeyMax) {
        if (await unlessConflict(store.apply([changeOf(dataKeyId(number), revision, { ...record, reserved })]))) {
          return { number, seals }
        }
        continue
      }
      number += 1
      if (await addKey(store, rootKeys, dataKeyId(number), seals)) return { number, seals }
    }
  }
}

/** Together with the index key's record: a new key is not made under a root key that is being replaced. */
async function addKey(store: Store, rootKeys: RootKeys, id: string, seals: number): Promise<boolean> {
  const index = await loadRecord(store, tokenKeyId)
  if (index === undefined) throw new StartError('the store has lost the key of its index')
  const rootKey = await rootKeys.of(index.record.rootKey)
  const unchanged = changeOf(tokenKeyId, index.revision, index.record)
  return unlessConflict(store.apply([await newKey(rootKey, id, seals), unchanged]))
}

async function newestNumber(store: Store): Promise<number> {
  let number = 1
  while ((await store.revision(dataKeyId(number + 1))) > 0) number += 1
  return number
}

/** Whether a change was made; false if somebody else made one first. */
async function unlessConflict(change: Promise<void>): Promise<boolean> {
  try {
    await change
    return true
  } catch (error) {
    if (error instanceof RevisionConflict) return false
    throw error
  }
}

async function sealedUnderRootKey(store: Store): Promise<string | undefined> {
  return (await loadRecord(store, tokenKeyId))?.record.rootKey
}

function wrongRootKey(rootKey: RootKey, sealedUnder: string): StartError {
  return new StartError(`root key ${rootKey.id} is not the one that the store is sealed under (${sealedUnder})`)
}

function dataKeyId(number: number): string {
  return `${idPrefix}data/${number.toString().padStart(10, '0')}`
}

const idPrefix = 'keyring/'
const tokenKeyId = `${idPrefix}index`
const keyringIndexKey = 'keyring'
const keyBytes = 32
/** NIST SP 800-38D 8.3: at most 2^32 seals under one key with random 96-bit nonces. */
const sealsMax = 2 ** 32
const reservationSeals = 2 ** 16
