import { checkMayManage } from '../cmk/key-class.ts'
import { KmipError } from '../kmip/error.ts'
import type { Right } from '../kmip/rights.ts'
import type { Version } from '../kmip/version.ts'
import { isPermitted, isVisible, ownerName } from '../model/access.ts'
import type { Caller } from '../model/access.ts'
import { after } from '../model/awaitable.ts'
import type { Awaitable } from '../model/awaitable.ts'
import { notAuthorised, rightOver, rightsFor } from '../model/grant.ts'
import { generationOf } from '../model/cmk.ts'
import { asOf } from '../model/cmk-attributes.ts'
import { stateAt } from '../model/lifecycle.ts'
import type { ManagedObject, NewObject } from '../model/managed-object.ts'
import { checkUse } from '../model/usage.ts'
import type { Use } from '../model/usage.ts'
import { RevisionConflict } from '../store/store.ts'
import type { Change, IndexKey, Store, StoredRecord } from '../store/store.ts'
import { checkCmkUse } from './cmk-use.ts'
import type { Versions } from './cmk-use.ts'
import { Changes } from './changes.ts'
import { CmkRecords } from './cmk-records.ts'
import { KeptKeys } from './given-up.ts'
import type { Abandoned } from './given-up.ts'
import { indexKeys } from './index-keys.ts'
import type { ObjectCache } from './object-cache.ts'
import { isIdentifier } from './object-record.ts'
import { StoredObjects, found } from './stored-objects.ts'
import { Undo } from './undo.ts'

/**
 * The one gate to the objects (design decision 6), and the unit of work of one batch item (of the
 * whole batch under Undo): it shows the caller only what exists for it, checks in a fixed order
 * (exists, visible, state, usage), and commits all that was saved at once or not at all.
 */
export class Objects {
  readonly #store: Store
  readonly #stored: StoredObjects
  readonly #caller: Caller
  readonly #now: number
  #changes = new Changes()
  /** Keys at providers that come and go with this unit of work. */
  readonly keptKeys: KeptKeys
  readonly undo = new Undo()
  #committed: ReturnType<Objects['committed']> = []
  /** Whether a commit was begun that has not succeeded. */
  #isBegun = false
  readonly #region: string
  #cmks: CmkRecords | undefined
  #used: Set<Right> | undefined
  #operation = 0
  #version: Version | undefined
  #rights: readonly Right[] | undefined

  /**
   * @param now seconds since 1970-01-01 UTC
   * @param region of the ARNs that mean CMKs of this server
   */
  constructor(store: Store, cache: ObjectCache, caller: Caller, now: number, region = 'local') {
    this.#store = store
    this.keptKeys = new KeptKeys(store)
    this.#stored = new StoredObjects(store, cache, caller.account)
    this.#caller = caller
    this.#now = now
    this.#region = region
  }

  /** The customer master keys of the caller's account. */
  get cmks(): CmkRecords {
    this.#cmks ??= new CmkRecords({
      revision: (id) => this.#store.revision(id),
      read: (id) => this.readRecord(id),
      write: (change) => this.writeRecord(change),
    }, { account: this.#caller.account, region: this.#region, now: this.#now })
    return this.#cmks
  }

  /**
   * Begins an operation: what follows is held against what the caller may do by it, and what the version knows.
   *
   * @throws KmipError Not Authorised, when no right of the caller's ticket is to this operation
   */
  begin(operation: number, version = this.#version): void {
    this.#operation = operation
    this.#version = version
    this.#rights = rightsFor(this.#caller.grant, operation)
    this.#used = undefined
  }

  /** The rights of the ticket, by their place, that the operation has made use of. */
  rightsUsed(): ReadonlySet<number> {
    const used = this.#used === undefined ? this.#rights?.slice(0, 1) ?? [] : [...this.#used]
    return new Set(used.map((right) => this.#caller.grant!.rights!.indexOf(right)))
  }

  /**
   * Any object that exists for the caller, destroyed ones included (their attributes stay).
   *
   * @throws KmipError Object Not Found, also for objects of other accounts
   */
  load(uniqueIdentifier: string): Awaitable<ManagedObject> {
    return after(this.peek(uniqueIdentifier), (object) => found(object, uniqueIdentifier))
  }

  /** @throws KmipError Object Not Found, Object Destroyed */
  loadExisting(uniqueIdentifier: string): Awaitable<ManagedObject> {
    return after(this.load(uniqueIdentifier), (object) => {
      const state = stateAt(object.attributes, this.#now)
      if (state === 'Destroyed' || state === 'DestroyedCompromised') {
        throw new KmipError('ObjectDestroyed', 'the object is destroyed')
      }
      return object
    })
  }

  /**
   * An object that may be used so now.
   *
   * @throws KmipError Object Not Found, Object Destroyed, Object Archived, Wrong Key Lifecycle
   *   State, Incompatible Cryptographic Usage Mask
   */
  async loadForUse(uniqueIdentifier: string, use: Use): Promise<ManagedObject> {
    return (await this.loadVersionsForUse(uniqueIdentifier, use)).newest
  }

  /**
   * What may be used so now of what an identifier means: one object or, of a CMK that is addressed as a whole, the
   * primary version and to process data also the Unique Identifiers of the older ones, newest first.
   *
   * @throws KmipError as `loadForUse`; Permission Denied for keys that serve services only
   */
  loadVersionsForUse(identifier: string, use: Use): Awaitable<Versions> {
    if (!isIdentifier(identifier)) return this.#loadAddressed(identifier, use)
    return after(this.load(identifier), (object) => ({ newest: this.checkUse(object, use), older: [] }))
  }

  async #loadAddressed(identifier: string, use: Use): Promise<Versions> {
    for (;;) {
      const [first, ...older] = await this.cmks.addressed(identifier, needsPublicKey.has(use.mask))
      const newest = await this.load(found(first, identifier))
      // Rotated in between: what was the primary version may no longer protect.
      if (newest.cmk !== undefined && generationOf(newest.cmk, newest.uniqueIdentifier) < newest.cmk.versions.length) continue
      if (use.applies === 'processing') return this.#processing(newest, older, use)
      return { newest: this.checkUse(newest, use), older: [] }
    }
  }

  /** What a compromised version has made is lost; what older ones have made is not. */
  async #processing(newest: ManagedObject, older: readonly string[], use: Use): Promise<Versions> {
    const [next, ...rest] = older
    if (next === undefined || stateAt(newest.attributes, this.#now) !== 'Compromised') {
      return { newest: this.checkUse(newest, use), older }
    }
    return this.#processing(await this.load(next), rest, use)
  }

  /** The object if it may be used so now. */
  async peekUsable(uniqueIdentifier: string, use: Use): Promise<ManagedObject | undefined> {
    try {
      return this.checkUse(await this.load(uniqueIdentifier), use)
    } catch (error) {
      if (error instanceof KmipError) return undefined
      throw error
    }
  }

  /**
   * The public key of a CMK that is addressed as a whole, or the object that the identifier means.
   *
   * @throws KmipError Object Not Found, Object Destroyed
   */
  loadPublic(identifier: string): Awaitable<ManagedObject> {
    if (isIdentifier(identifier)) return this.loadExisting(identifier)
    return after(this.cmks.addressed(identifier, true), ([id = identifier]) => this.loadExisting(id))
  }

  /**
   * The Unique Identifiers that a request may mean: the identifier itself or, of a CMK that is addressed as a whole,
   * those of its versions that the use takes, newest first.
   */
  async versionsOf(identifier: string, { mask }: Use): Promise<string[]> {
    const ids = isIdentifier(identifier) ? [] : await this.cmks.addressed(identifier, needsPublicKey.has(mask))
    return ids.length === 0 ? [identifier] : ids
  }

  /** @throws KmipError as `loadForUse` for an object that is loaded already */
  checkUse(object: ManagedObject, use: Use): ManagedObject {
    if (object.cmk !== undefined) checkCmkUse(object.cmk, use, this.#caller, this.#now)
    checkUse(object, use, this.#now)
    return object
  }

  /** The object, or of a CMK that is addressed as a whole the key that the use takes. */
  async peekForUse(identifier: string, { mask }: Use): Promise<ManagedObject | undefined> {
    if (isIdentifier(identifier)) return this.peek(identifier)
    const [id] = await this.cmks.addressed(identifier, needsPublicKey.has(mask))
    return id === undefined ? undefined : this.peek(id)
  }

  /** The object, or undefined when none exists for the caller. @throws KmipError Permission Denied, Not Authorised */
  peek(uniqueIdentifier: string): Awaitable<ManagedObject | undefined> {
    return after(this.#visible(uniqueIdentifier), (object) => {
      if (object === undefined) return undefined
      if (!isPermitted(object, this.#caller, this.#operation)) {
        throw new KmipError('PermissionDenied', 'the object\'s operation policy allows this to its owner only')
      }
      if (!this.#isAuthorised(object)) throw notAuthorised()
      return object
    })
  }

  #visible(identifier: string, keeps = true): Awaitable<ManagedObject | undefined> {
    if (isIdentifier(identifier)) return this.#current(identifier, keeps)
    return after(this.cmks.addressed(identifier, false), ([id]) => id === undefined ? undefined : this.#current(id, keeps))
  }

  #current(id: string, keeps: boolean): Awaitable<ManagedObject | undefined> {
    if (this.#changes.removes(id)) return undefined
    return after(this.#changes.object(id) ?? this.#stored.read(id, keeps), (object) => {
      if (object === undefined || !isVisible(object, this.#caller, this.#version)) return undefined
      if (object.cmkId === undefined) return object
      return after(this.#withCmk(object, keeps), (current) => asOf(current, this.#now))
    })
  }

  /** The object with its CMK as it is now; kept for others while neither is changed, here or elsewhere. */
  async #withCmk(object: ManagedObject, keeps: boolean): Promise<ManagedObject> {
    const cmk = await this.cmks.get(object.cmkId!, object.cmk)
    if (cmk === undefined) throw new Error(`the CMK of object ${object.uniqueIdentifier} is missing`)
    if (cmk === object.cmk) return object
    const current = { ...object, cmk }
    const isChanged = this.#changes.object(object.uniqueIdentifier) !== undefined || this.cmks.isChanged(cmk.id)
    if (keeps && !isChanged) this.#stored.keep(current)
    return current
  }

  /**
   * The caller's objects that carry an index key, as this unit of work leaves them, in the order of their creation or
   * the newest first. However many there are, other requests get their turn between the pages, and only the first few
   * are kept in memory: looking through all must not drive out what is in use.
   */
  async *find(key: IndexKey, order: 'ascending' | 'descending' = 'ascending'): AsyncGenerator<ManagedObject> {
    const precedes = (a: string, b: string): boolean => (order === 'ascending' ? a < b : a > b)
    const pending = [...this.#changes.objects.values()]
      .filter((object) => this.#mayFind(object) && indexKeys(object).includes(key))
      .toSorted((a, b) => (precedes(a.uniqueIdentifier, b.uniqueIdentifier) ? -1 : 1))
    let read = 0
    for await (const id of this.#stored.scan(key, order === 'descending')) {
      while (pending[0] !== undefined && precedes(pending[0].uniqueIdentifier, id)) yield pending.shift()!
      read += 1
      const object = this.#changes.object(id) !== undefined ? undefined : await this.#visible(id, read <= foundKeptMax)
      if (object !== undefined && this.#mayFind(object)) yield object
    }
    yield* pending
  }

  /**
   * All of the account's objects that carry an index key, as they are stored, whatever the caller may do with them: for
   * what is decided by them, never to give anything of them out.
   */
  async *known(key: IndexKey): AsyncGenerator<ManagedObject> {
    for await (const id of this.#stored.scan(key, false)) {
      const object = await this.#visible(id, false)
      if (object !== undefined) yield object
    }
  }

  /** @returns what takes back all that was saved since, for an operation of which a part has failed */
  savepoint(): () => void {
    const [before, takeBackCmks, giveUpKeys] = [
      this.#changes.copy(), this.cmks.savepoint(), this.keptKeys.savepoint(),
    ]
    return () => {
      giveUpKeys([...this.#changes.objects.values()].filter((object) => !before.has(object)))
      this.#changes = before
      takeBackCmks()
    }
  }

  /** The objects that this unit of work makes, or puts in the place of others. */
  made(): ManagedObject[] {
    return this.#changes.madeObjects()
  }

  /**
   * A record of the server's own, which is no object (its id is none that a Unique Identifier can be), as this unit of
   * work leaves it. Its revision is that of the store: 0 for one that is new.
   */
  async readRecord(id: string): Promise<StoredRecord | undefined> {
    const pending = this.#changes.record(id)
    if (pending === undefined) return this.#store.read(id)
    return pending.data && { id, revision: pending.expected, data: pending.data }
  }

  /** Ids of such records by an index key, in ascending order, as they are stored. */
  findRecords(key: IndexKey, limit: number): Promise<string[]> {
    return this.#store.scan(key, { limit })
  }

  /** Changes such a record, in the same commit as the objects. */
  writeRecord(change: Change): void {
    this.#changes.records.set(change.id, change)
  }

  /** Adds a new object of the caller's; gives it Initial Date and Last Change Date. */
  create(object: NewObject): ManagedObject {
    const dates = { initialDate: this.#now, lastChangeDate: this.#now }
    return this.import({ ...object, attributes: { ...object.attributes, ...dates } })
  }

  /** Adds an object of the caller's with the dates that it has (Import), or puts it in the place of `existing`. */
  import(object: NewObject, existing?: ManagedObject): ManagedObject {
    if (existing?.cmkId !== undefined) {
      throw new KmipError('PermissionDenied', 'a version of a CMK never changes its material')
    }
    const revision = existing?.revision ?? 0
    const imported: ManagedObject = { ...object, revision, account: this.#caller.account, owner: ownerName(this.#caller) }
    if (!this.#isAuthorised(imported)) throw notAuthorised()
    this.#stored.follow(this.#changes.removed, imported.uniqueIdentifier)
    this.#changes.objects.set(imported.uniqueIdentifier, imported)
    this.#changes.made.add(imported.uniqueIdentifier)
    return imported
  }

  /** Puts a changed object back; its Last Change Date becomes now. */
  save(object: ManagedObject): ManagedObject {
    if (object.cmk !== undefined) checkMayManage(object.cmk, this.#caller)
    return this.put(object)
  }

  /** As `save`, where users may change a service key too: its names. */
  put(object: ManagedObject): ManagedObject {
    const saved = { ...object, attributes: { ...object.attributes, lastChangeDate: this.#now } }
    this.#changes.objects.set(saved.uniqueIdentifier, saved)
    return saved
  }

  /** Removes an object with all that is known of it. A destroyed object stays; this is for templates. */
  remove(object: ManagedObject): void {
    this.#changes.objects.delete(object.uniqueIdentifier)
    if (this.#stored.replaced(object) > 0) this.#changes.removed.set(object.uniqueIdentifier, this.#stored.replaced(object))
  }

  /**
   * Makes everything that was saved durable, at once.
   *
   * @throws RevisionConflict when somebody else changed one of the objects since it was loaded
   * @throws StoreUnavailable
   */
  commit(): Awaitable<void> {
    return this.#changes.isEmpty && !this.keptKeys.hasOrders ? undefined : this.#commit()
  }

  async #commit(): Promise<void> {
    const objects = [...this.#changes.objects.values()]
    const committed = objects.map((after) => ({ before: this.#stored.before(after), after }))
    const orders = this.keptKeys.destructionsOf(committed)
    this.#isBegun = true
    await this.#store.apply([...this.#stored.recordsOf(this.#changes), ...orders])
    this.#isBegun = false
    this.#committed = committed
    this.keptKeys.committed(orders)
    // The CMK is left out: it may have changed in the same commit, and is read again with the object.
    for (const object of objects) this.#stored.keep({ ...object, cmk: undefined, revision: this.#stored.replaced(object) + 1 })
    this.#changes.clear()
    this.cmks.clear()
  }

  /**
   * What providers have made for this unit of work, which will not be committed. Nothing when the store failed: it may
   * have taken the change.
   * @param error why the unit of work ends
   */
  abandoned(error: unknown): Abandoned {
    if (this.#isBegun && !(error instanceof RevisionConflict)) return { keys: [], announcements: [] }
    return this.keptKeys.abandonedOf([...this.#changes.objects.values()], (object) => this.#stored.before(object))
  }

  /** What the last commit has changed, as it was and as it is; an object that is new has revision 0. */
  committed(): readonly { readonly before: ManagedObject | undefined; readonly after: ManagedObject }[] {
    return this.#committed
  }

  #mayFind(object: ManagedObject): boolean {
    return isVisible(object, this.#caller, this.#version) && isPermitted(object, this.#caller, this.#operation) &&
      this.#isAuthorised(object)
  }

  #isAuthorised(object: ManagedObject): boolean {
    if (this.#rights === undefined) return true
    const right = rightOver(object, this.#rights)
    if (right !== undefined) this.#used = (this.#used ?? new Set()).add(right)
    return right !== undefined
  }
}

/** A Locate that means one object or a few finds them in memory the next time. */
const foundKeptMax = 16
const needsPublicKey: ReadonlySet<Use['mask']> = new Set<Use['mask']>(['Encrypt', 'Verify', 'WrapKey'])
