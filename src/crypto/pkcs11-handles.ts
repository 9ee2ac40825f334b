import { setImmediate } from 'node:timers/promises'

/**
 * Handles of keys, by the ids of their places, so that no key is looked up twice. Those of copies, which are keys that were
 * unwrapped into a session, go with their objects when there are too many, and when they were not used for a while: a key
 * that was destroyed is in the memory of no token for longer, whichever thread has used it.
 */
export class Handles {
  readonly #handles = new Map<string, Entry>()
  readonly #max: number
  readonly #destroy: (handle: Buffer) => void
  /** Counts periods, of which `idlePeriodsMax` are as long as a copy may be idle. */
  #period = 0

  /** @param destroy of a copy's object */
  constructor(
    { handlesMax, copyMsMax }: { readonly handlesMax: number; readonly copyMsMax: number },
    destroy: (handle: Buffer) => void,
  ) {
    this.#max = handlesMax
    this.#destroy = destroy
    setInterval(() => void this.#endPeriod(), copyMsMax / idlePeriodsMax).unref()
  }

  get(id: string): Buffer | undefined {
    const entry = this.#handles.get(id)
    if (entry === undefined) return undefined
    entry.usedIn = this.#period
    return entry.handle
  }

  set(id: string, handle: Buffer, isCopy: boolean): void {
    if (this.#handles.size >= this.#max) this.#evictOldest()
    this.#handles.set(id, { handle, isCopy, usedIn: this.#period })
  }

  delete(id: string): void {
    this.#handles.delete(id)
  }

  /** One at a time, between calls: each is a call of the token too. */
  async #endPeriod(): Promise<void> {
    this.#period += 1
    for (const [id, entry] of this.#handles) {
      if (!entry.isCopy || this.#period - entry.usedIn <= idlePeriodsMax) continue
      this.#evict(id, entry)
      await setImmediate()
    }
  }

  #evictOldest(): void {
    const [oldest] = this.#handles
    if (oldest !== undefined) this.#evict(...oldest)
  }

  #evict(id: string, { handle, isCopy }: Entry): void {
    this.#handles.delete(id)
    if (isCopy) this.#destroy(handle)
  }
}

interface Entry {
  readonly handle: Buffer
  readonly isCopy: boolean
  /** The period in which it was used last. */
  usedIn: number
}

const idlePeriodsMax = 5
