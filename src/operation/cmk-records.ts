import { hash } from 'node:crypto'
import { parseAddress } from '../cmk/address.ts'
import { isScheduled } from '../cmk/rotation.ts'
import type { Awaitable } from '../model/awaitable.ts'
import { cmkStateAt } from '../model/cmk.ts'
import type { Cmk } from '../model/cmk.ts'
import { decodeCmk, encodeCmk } from '../model/cmk-record.ts'
import { RevisionConflict } from '../store/store.ts'
import type { Change, StoredRecord } from '../store/store.ts'
import { token } from './index-keys.ts'

/** How the records of the server's own are reached inside a unit of work. */
export interface RecordAccess {
  /** As it is stored. */
  revision(id: string): Awaitable<number>
  /** As the unit of work leaves it; the revision is that of the store. */
  read(id: string): Promise<StoredRecord | undefined>
  write(change: Change): void
}

/** Whose CMKs they are, and when. */
export interface CmkScope {
  readonly account: string
  readonly region: string
  /** Seconds since 1970-01-01 UTC. */
  readonly now: number
}

/** The CMKs of one account, and what their aliases mean: records beside the objects, in the same unit of work. */
export class CmkRecords {
  readonly #access: RecordAccess
  readonly #scope: CmkScope
  #pending = new Map<string, Cmk>()
  readonly #aliasRevisions = new Map<string, number>()

  constructor(access: RecordAccess, scope: CmkScope) {
    this.#access = access
    this.#scope = scope
  }

  /** @param known as it was read before; it is given back when nothing has changed since */
  async get(id: string, known?: Cmk): Promise<Cmk | undefined> {
    const pending = this.#pending.get(id)
    if (pending !== undefined) return pending
    if (known !== undefined && await this.#access.revision(recordId(id)) === known.revision) return known
    const record = await this.#access.read(recordId(id))
    const cmk = record && decodeCmk(record.revision, Buffer.from(record.data))
    return cmk?.account === this.#scope.account ? cmk : undefined
  }

  /** Whether this unit of work has changed the CMK, which may never be committed and is nobody else's to see. */
  isChanged(id: string): boolean {
    return this.#pending.has(id)
  }

  save(cmk: Cmk): Cmk {
    return this.#put(cmk, isScheduled(cmk) ? [scheduledKey] : [])
  }

  /** A CMK that is deleted for good: nothing is left to do with it. */
  saveDeleted(cmk: Cmk): Cmk {
    return this.#put(cmk, [])
  }

  /**
   * The Unique Identifiers of the versions of a CMK that is addressed as a whole, newest first; none when the text is
   * no address of one.
   */
  async addressed(text: string, wantsPublicKey: boolean): Promise<string[]> {
    const { versions = [] } = await this.addressedCmk(text) ?? {}
    return versions.toReversed().map(({ uniqueIdentifier, publicKey = uniqueIdentifier }) =>
      (wantsPublicKey ? publicKey : uniqueIdentifier))
  }

  /** The CMK that is addressed as a whole; undefined when the text is no address of one. */
  async addressedCmk(text: string): Promise<Cmk | undefined> {
    const { account, region, now } = this.#scope
    const address = parseAddress(text, region, account)
    if (address === undefined) return undefined
    const id = address.kind === 'key' ? address.id : await this.aliasTarget(address.name)
    const cmk = id === undefined || !idForm.test(id) ? undefined : await this.get(id)
    // The alias of a deleted CMK is free, although the scheduler may not have come by yet.
    return cmk !== undefined && address.kind === 'alias' && cmkStateAt(cmk, now) === 'Deleted' ? undefined : cmk
  }

  /** The id of the CMK that an alias means. */
  async aliasTarget(name: string): Promise<string | undefined> {
    const record = await this.#readAlias(name)
    return record === undefined || record.data.length === 0 ? undefined : Buffer.from(record.data).toString()
  }

  /**
   * @param id undefined: the alias is deleted. Its record stays, empty, so that the revisions go on: nobody who has read
   *   the alias before must take the next one of the same name for it.
   */
  async setAlias(name: string, id: string | undefined): Promise<void> {
    const expected = (await this.#readAlias(name))?.revision ?? 0
    if (id === undefined && expected === 0) return
    this.#access.write({ id: this.#aliasId(name), expected, data: Buffer.from(id ?? ''), keys: [] })
  }

  /** @returns what takes back all that was saved since */
  savepoint(): () => void {
    const before = new Map(this.#pending)
    return () => (this.#pending = before)
  }

  /** After a commit. */
  clear(): void {
    this.#pending.clear()
    this.#aliasRevisions.clear()
  }

  #put(cmk: Cmk, keys: readonly string[]): Cmk {
    this.#pending.set(cmk.id, cmk)
    this.#access.write({ id: recordId(cmk.id), expected: cmk.revision, data: encodeCmk(cmk), keys })
    return cmk
  }

  /** @throws RevisionConflict when somebody else changed the alias since it was first read, and something was decided by it */
  async #readAlias(name: string): Promise<StoredRecord | undefined> {
    const id = this.#aliasId(name)
    const record = await this.#access.read(id)
    const revision = record?.revision ?? 0
    if ((this.#aliasRevisions.get(name) ?? revision) !== revision) throw new RevisionConflict(id)
    this.#aliasRevisions.set(name, revision)
    return record
  }

  #aliasId(name: string): string {
    return `~alias/${hash('sha256', JSON.stringify([this.#scope.account, name]), 'base64url')}`
  }
}

/** Id in the store of a CMK's record. */
export function recordId(id: string): string {
  return `${idPrefix}${id}`
}

/** The CMK of such a record. */
export function cmkIdOf(record: string): string {
  return record.slice(idPrefix.length)
}

/** The CMKs of all accounts for which the scheduler will have something to do. */
export const scheduledKey = token('cmk-scheduled')

const idPrefix = '~cmk/'
/** A CMK's id is a Unique Identifier of ours. */
const idForm = /^[0-9a-f-]{36}$/
