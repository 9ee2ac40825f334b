import type { IndexKey } from './store.ts'

/** The head of a stored record: all that a change needs to know of it. */
export interface RecordHead {
  readonly revision: number
  readonly keys: readonly IndexKey[]
}

/**
 * A record as LMDB keeps it: 8 bytes of revision, 4 bytes of length of the index keys, the index keys separated by
 * spaces, the data. The revision stands first so that asking for it reads nothing else.
 */
export function encodeRecord(revision: number, keys: readonly IndexKey[], data: Uint8Array): Buffer {
  const joined = keys.join(' ')
  const bytes = Buffer.allocUnsafe(prefixBytes + joined.length + data.length)
  bytes.writeUInt16BE(0, 0)
  bytes.writeUIntBE(revision, 2, 6)
  bytes.writeUInt32BE(joined.length, 8)
  bytes.write(joined, prefixBytes, 'latin1')
  bytes.set(data, prefixBytes + joined.length)
  return bytes
}

/** @param bytes a record, or more than a record: only its first 8 bytes are read. */
export function decodeRevision(bytes: Uint8Array): number {
  return unsigned(bytes, 2, 6)
}

export function decodeHead(bytes: Uint8Array): RecordHead {
  const end = prefixBytes + unsigned(bytes, 8, 4)
  const joined = Buffer.from(bytes.buffer, bytes.byteOffset, end).toString('latin1', prefixBytes)
  return { revision: decodeRevision(bytes), keys: joined === '' ? [] : joined.split(' ') }
}

/**
 * A copy of a record's data.
 *
 * @param length the record's length; `bytes` may be a longer, reused buffer.
 */
export function decodeData(bytes: Uint8Array, length: number): Uint8Array {
  return Uint8Array.prototype.slice.call(bytes, prefixBytes + unsigned(bytes, 8, 4), length)
}

/** By hand, because what LMDB hands out is sometimes a Buffer and sometimes a bare view of its map. */
function unsigned(bytes: Uint8Array, offset: number, length: number): number {
  let value = 0
  for (let i = offset; i < offset + length; i++) value = value * 256 + (bytes[i] ?? 0)
  return value
}

const prefixBytes = 12
