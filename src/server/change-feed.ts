import type { ManagedObject } from '../model/managed-object.ts'

/** A committed change of an object. Without `before` it is new, or what it was is not known any more. */
export interface ObjectChange {
  readonly before?: ManagedObject | undefined
  readonly after: ManagedObject
}

export type ChangeListener = (change: ObjectChange) => void

/** Tells who listens of the changes that are committed, in the order of the commits of each thread. */
export class ChangeFeed {
  /** Where other threads listen and commit too: is told of the first and the last listener, and of own changes. */
  relay: { listen(): void, publish(changes: readonly ObjectChange[]): void } | undefined
  readonly #listeners = new Map<string, Set<ChangeListener>>()

  /** Accounts that somebody listens for in this thread. */
  accounts(): string[] {
    return [...this.#listeners.keys()]
  }

  /** @returns ends the subscription */
  subscribe(account: string, listener: ChangeListener): () => void {
    const listeners = this.#listeners.get(account) ?? new Set()
    this.#listeners.set(account, listeners.add(listener))
    if (listeners.size === 1) this.relay?.listen()
    return () => {
      if (!listeners.delete(listener) || listeners.size > 0) return
      this.#listeners.delete(account)
      this.relay?.listen()
    }
  }

  /** Of changes that this thread has committed. */
  publish(changes: readonly ObjectChange[]): void {
    this.tell(changes)
    this.relay?.publish(changes)
  }

  /** Tells those who listen in this thread. */
  tell(changes: readonly ObjectChange[]): void {
    if (this.#listeners.size === 0) return
    for (const change of changes) {
      for (const listener of this.#listeners.get(change.after.account) ?? []) listener(change)
    }
  }
}
