import { createCipheriv, createDecipheriv, randomFillSync } from 'node:crypto'
import { checkChanges } from './bounds.ts'
import { RecordTampered, StartError } from './error.ts'
import { isKeyringId } from './keyring.ts'
import type { DataKey, Keyring } from './keyring.ts'
import type { Change, Store, StoredRecord } from './store.ts'

/** What a seal is bound to: none of it can be changed in the store without the record failing to open. */
export type Binding = (id: string, revision: number, keyNumber: number) => Uint8Array

/**
 * Wraps a store so that it never sees plaintext. Each record is AES-256-GCM under a data key, with a fresh random
 * nonce, bound to its id, its revision and the key's number: a record that was changed, put in another's place, or
 * whose bytes were put back to an earlier revision's does not open. Index keys reach the store as keyed hashes.
 * Ids, sizes, revisions and lease names are not hidden. A whole old record put back together with its old revision
 * cannot be told from a restored backup.
 *
 * The keyring's own records do not exist for a caller.
 *
 * @param binding replaced only by the negative control of the tampering tests.
 */
export function sealedStore(inner: Store, keyring: Keyring, binding: Binding = bindingOf): Store {
  return {
    revision: id => (isKeyringId(id) ? 0 : inner.revision(id)),
    /** @throws RecordTampered if the record does not open. */
    async read(id) {
      const record = isKeyringId(id) ? undefined : await inner.read(id)
      return record && openRecord(record, keyring, binding)
    },
    async apply(changes) {
      checkChanges(changes)
      if (changes.some(({ id }) => isKeyringId(id))) throw new RangeError('a record id of the keyring')
      const dataKey = await keyring.sealingKey(changes.length)
      await inner.apply(changes.map(change => sealChange(change, keyring, dataKey, binding)))
    },
    scan: (key, options) => inner.scan(keyring.token(key), options),
    lease: (name, holder, ms) => inner.lease(name, holder, ms),
    close: () => inner.close(),
  }
}

/** Format (1 byte), number of the data key (4), nonce (12), ciphertext, tag (16). */
function sealChange(change: Change, keyring: Keyring, { number, key }: DataKey, binding: Binding): Change {
  const keys = change.keys.map(key => keyring.token(key))
  if (!change.data) return { ...change, keys }
  const nonce = nextNonce()
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(binding(change.id, change.expected + 1, number))
  const sealed = Buffer.allocUnsafe(headBytes + change.data.length + tagBytes)
  sealed.writeUInt8(format, 0)
  sealed.writeUInt32BE(number, 1)
  sealed.set(nonce, nonceOffset)
  sealed.set(cipher.update(change.data), headBytes)
  cipher.final()
  sealed.set(cipher.getAuthTag(), headBytes + change.data.length)
  return { ...change, data: sealed, keys }
}

async function openRecord(record: StoredRecord, keyring: Keyring, binding: Binding): Promise<StoredRecord> {
  const { id, revision, data } = record
  const sealed = Buffer.from(data.buffer, data.byteOffset, data.length)
  if (sealed.length < headBytes + tagBytes || sealed.readUInt8(0) !== format) throw new RecordTampered(id)
  const dataKey = await loadDataKey(keyring, sealed.readUInt32BE(1), id)
  const nonce = sealed.subarray(nonceOffset, headBytes)
  const decipher = createDecipheriv('aes-256-gcm', dataKey.key, nonce, { authTagLength: tagBytes })
  decipher.setAAD(binding(id, revision, dataKey.number))
  decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes))
  const plain = decipher.update(sealed.subarray(headBytes, sealed.length - tagBytes))
  try {
    decipher.final()
  } catch {
    throw new RecordTampered(id)
  }
  return { id, revision, data: plain }
}

async function loadDataKey(keyring: Keyring, number: number, id: string): Promise<DataKey> {
  try {
    const dataKey = await keyring.openingKey(number)
    if (dataKey) return dataKey
  } catch (cause) {
    if (cause instanceof StartError) throw new RecordTampered(id, { cause })
    throw cause
  }
  throw new RecordTampered(id)
}

/** Format, number and revision have a fixed width, so the id that follows needs no length. */
function bindingOf(id: string, revision: number, keyNumber: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(bindingHeadBytes + id.length)
  bytes.writeUInt8(format, 0)
  bytes.writeUInt32BE(keyNumber, 1)
  bytes.writeUInt16BE(0, 5)
  bytes.writeUIntBE(revision, 7, 6)
  bytes.write(id, bindingHeadBytes, 'latin1')
  return bytes
}

/** Drawn from a pool: one call to the generator per nonce would cost more than the seal of a small record. */
function nextNonce(): Uint8Array {
  if (nonceAt === noncePool.length) {
    randomFillSync(noncePool)
    nonceAt = 0
  }
  nonceAt += nonceBytes
  return noncePool.subarray(nonceAt - nonceBytes, nonceAt)
}

const format = 1
const nonceBytes = 12
const tagBytes = 16
const nonceOffset = 5
const headBytes = nonceOffset + nonceBytes
const bindingHeadBytes = 13
const noncePool = Buffer.alloc(nonceBytes * 256)
let nonceAt = noncePool.length
