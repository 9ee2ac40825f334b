import type { ManagedObject } from '../model/managed-object.ts'
import type { Change } from '../store/store.ts'

/** What a unit of work is going to change, all at once. */
export class Changes {
  // Made when they are needed: most requests change nothing.
  #objects: Map<string, ManagedObject> | undefined
  #made: Set<string> | undefined
  #removed: Map<string, number> | undefined
  #records: Map<string, Change> | undefined

  /** By Unique Identifier. */
  get objects(): Map<string, ManagedObject> {
    return this.#objects ??= new Map()
  }

  /** Unique Identifiers of the objects that it makes, or puts in the place of others. */
  get made(): Set<string> {
    return this.#made ??= new Set()
  }

  /** Revisions of what is to be removed, by Unique Identifier. */
  get removed(): Map<string, number> {
    return this.#removed ??= new Map()
  }

  /** Records of the server's own, by their id. */
  get records(): Map<string, Change> {
    return this.#records ??= new Map()
  }

  get isEmpty(): boolean {
    return (this.#objects?.size ?? 0) + (this.#removed?.size ?? 0) + (this.#records?.size ?? 0) === 0
  }

  /** Others that begin as these, which stay as they are. */
  copy(): Changes {
    const copy = new Changes()
    copy.#objects = this.#objects && new Map(this.#objects)
    copy.#made = this.#made && new Set(this.#made)
    copy.#removed = this.#removed && new Map(this.#removed)
    copy.#records = this.#records && new Map(this.#records)
    return copy
  }

  /** The objects that it makes, or puts in the place of others. */
  madeObjects(): ManagedObject[] {
    const [made, objects] = [this.#made, this.#objects]
    if (made === undefined || objects === undefined) return []
    return [...objects.values()].filter(({ uniqueIdentifier }) => made.has(uniqueIdentifier))
  }

  removes(uniqueIdentifier: string): boolean {
    return this.#removed?.has(uniqueIdentifier) === true
  }

  /** What an object is to become, where it is to change. */
  object(uniqueIdentifier: string): ManagedObject | undefined {
    return this.#objects?.get(uniqueIdentifier)
  }

  /** What a record is to become, where it is to change. */
  record(id: string): Change | undefined {
    return this.#records?.get(id)
  }

  /** Whether an object is to become just that. */
  has(object: ManagedObject): boolean {
    return this.object(object.uniqueIdentifier) === object
  }

  /** They are done. */
  clear(): void {
    this.#objects = undefined
    this.#removed = undefined
    this.#records = undefined
  }
}
