import type { ManagedObject } from '../model/managed-object.ts'

/** A committed change of an object. Without `before` it is new, or what it was is not known any more. */
export interface ObjectChange {
  readonly before?: ManagedObject | undefined
  readonly after: ManagedObject
}

export type ChangeListener = (change: ObjectChange) => void

/** Tells who listens of the changes that this thread commits, in the order of the commits. */
export class ChangeFeed {
  readonly #listeners = new Map<string, Set<ChangeListener>>()

  /** @returns ends the subscription */
  subscribe(account: string, listener: ChangeListener): () => void {
    const listeners = this.#listeners.get(account) ?? new Set()
    this.#listeners.set(account, listeners.add(listener))
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0) this.#listeners.delete(account)
    }
  }

  publish(changes: readonly ObjectChange[]): void {
    if (this.#listeners.size === 0) return
    for (const change of changes) {
      for (const listener of this.#listeners.get(change.after.account) ?? []) listener(change)
    }
  }
}
