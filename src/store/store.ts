import type { Awaitable } from '../model/awaitable.ts'

/**
 * The storage seam. A store keeps opaque records under ids, each with a revision and a set of
 * index keys, and changes any number of them atomically. It knows nothing of KMIP, is never
 * trusted with plaintext (`sealed.ts` wraps every adapter), and may be shared by several
 * threads, processes or machines: nothing may be cached above it without asking for `revision`.
 */
export interface Store {
  /** The record's current revision (1, 2, 3, …), or 0 when there is none. Never stale. */
  revision(id: string): Awaitable<number>

  /** The current record, or undefined. The returned bytes belong to the caller. */
  read(id: string): Promise<StoredRecord | undefined>

  /**
   * Applies all changes or none. Resolves only when the commit is durable; concurrent calls may
   * share one commit (group commit).
   *
   * @throws RevisionConflict if any record is not at its expected revision; nothing has changed.
   * @throws StoreUnavailable if the store cannot commit (disk full, I/O error); nothing has
   *   changed, reads go on, and a later call may succeed.
   */
  apply(changes: readonly Change[]): Promise<void>

  /**
   * The ids that carry an index key, in ascending id order (ids are time-ordered, so: oldest
   * first), starting after `after`, at most `limit` of them. `descending` turns the order round;
   * `after` is then the least id so far. A page is one consistent read.
   */
  scan(key: IndexKey, options: { after?: string; limit: number; descending?: boolean }): Promise<string[]>

  /**
   * Takes or renews a named lease for `ms` milliseconds of the store's own clock. Returns a
   * fencing number that grows with every change of holder, or undefined while another holder has it.
   */
  lease(name: string, holder: string, ms: number): Promise<number | undefined>

  /** Waits for pending commits and releases everything. No call may follow. */
  close(): Promise<void>
}

export interface StoredRecord {
  readonly id: string
  readonly revision: number
  readonly data: Uint8Array
}

/** One record's new content. `expected` is its present revision, 0 for a record that must not exist. */
export interface Change {
  /** At most 200 characters of printable ASCII. */
  readonly id: string
  readonly expected: number
  /** The new bytes (the revision becomes `expected + 1`), or undefined to delete the record. */
  readonly data: Uint8Array | undefined
  /** All index keys of the record after this change; those it had before and has no more go. */
  readonly keys: readonly IndexKey[]
}

/**
 * An index key: an equality token of at most 64 characters of printable ASCII, without spaces.
 * Tokens made from secrets or names are keyed hashes, so that the store learns no attribute value.
 */
export type IndexKey = string

/** A record was changed by somebody else in between; read again and decide again. */
export class RevisionConflict extends Error {
  override name = 'RevisionConflict'
  readonly id: string
  constructor(id: string) {
    super(`record ${id} is not at the expected revision`)
    this.id = id
  }
}

/** The store cannot commit now. The cause is for the log, never for a client. */
export class StoreUnavailable extends Error {
  override name = 'StoreUnavailable'
}
