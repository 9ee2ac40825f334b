import type { ManagedObject } from '../model/managed-object.ts'

/**
 * Decoded objects, so that a hot key is not unsealed and parsed again for every request. An entry
 * is used only by whoever has just read its revision from the store (design decision 8), so the
 * cache needs no invalidation; the bounds only limit how much plaintext lies in memory, and how long.
 */
export class ObjectCache {
  readonly #entries = new Map<string, Entry>()
  readonly #entriesMax: number
  readonly #ageMsMax: number
  readonly #sweep: NodeJS.Timeout

  /** @param ageMsMax an entry is dropped this long after it was put in, however often it was used */
  constructor(entriesMax: number, ageMsMax: number) {
    this.#entriesMax = entriesMax
    this.#ageMsMax = ageMsMax
    this.#sweep = setInterval(() => this.#expire(performance.now()), Math.max(1, ageMsMax / 4)).unref()
  }

  /** @param id of the object's record */
  get(id: string, revision: number): ManagedObject | undefined {
    const entry = this.#entries.get(id)
    if (entry === undefined) return undefined
    if (entry.object.revision !== revision || performance.now() >= entry.until) {
      this.#entries.delete(id)
      return undefined
    }
    entry.isUsed = true
    return entry.object
  }

  put(id: string, object: ManagedObject): void {
    this.#entries.delete(id)
    if (this.#entries.size >= this.#entriesMax) this.#makeRoom()
    this.#entries.set(id, { object, until: performance.now() + this.#ageMsMax, isUsed: false })
  }

  close(): void {
    clearInterval(this.#sweep)
    this.#entries.clear()
  }

  /**
   * Drops the oldest entry that is not marked as used. Marked ones lose the mark and become the newest: so a use costs a
   * mark, not a move.
   */
  #makeRoom(): void {
    for (const [id, entry] of this.#entries) {
      this.#entries.delete(id)
      if (!entry.isUsed) return
      entry.isUsed = false
      this.#entries.set(id, entry)
    }
  }

  #expire(now: number): void {
    for (const [id, { until }] of this.#entries) if (until <= now) this.#entries.delete(id)
  }
}

interface Entry {
  readonly object: ManagedObject
  readonly until: number
  isUsed: boolean
}
