import type { ManagedObject } from '../model/managed-object.ts'
import type { Change } from '../store/store.ts'

/** What a unit of work is going to change, all at once. */
export class Changes {
  readonly objects: Map<string, ManagedObject>
  /** Unique Identifiers of the objects that it makes, or puts in the place of others. */
  readonly made: Set<string>
  /** Revisions of what is to be removed, by Unique Identifier. */
  readonly removed: Map<string, number>
  /** Records of the server's own, by their id. */
  readonly records: Map<string, Change>

  /** @param from changes to begin with; these stay as they are */
  constructor(from?: Changes) {
    this.objects = new Map(from?.objects)
    this.made = new Set(from?.made)
    this.removed = new Map(from?.removed)
    this.records = new Map(from?.records)
  }

  get isEmpty(): boolean {
    return this.objects.size + this.removed.size + this.records.size === 0
  }

  /** Whether an object is to become just that. */
  has(object: ManagedObject): boolean {
    return this.objects.get(object.uniqueIdentifier) === object
  }

  /** They are done. */
  clear(): void {
    this.objects.clear()
    this.removed.clear()
    this.records.clear()
  }
}
