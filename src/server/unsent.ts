/** A connection that holds answers for its client. */
export interface Holder {
  /** Gives the connection up, with what it holds. */
  drop(): void
}

/**
 * The answers that the clients of one port and thread have not taken. One connection keeps two at most, but thousands of
 * clients that do not read could fill the memory together: beyond the bound, those are dropped that have held any for
 * longest.
 */
export class Unsent {
  readonly #bytesMax: number
  #bytes = 0
  /** In the order in which they began to hold any. */
  readonly #holders = new Map<Holder, number>()

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** Drops who has held for longest while there is too much; that may be the holder itself. */
  hold(holder: Holder, bytes: number): void {
    if (bytes < countedBytesMin) return
    this.#holders.set(holder, (this.#holders.get(holder) ?? 0) + bytes)
    this.#bytes += bytes
    for (const longest of this.#holders.keys()) {
      if (this.#bytes <= this.#bytesMax) return
      this.forget(longest)
      longest.drop()
    }
  }

  /** Of one answer that was taken. */
  release(holder: Holder, bytes: number): void {
    const held = this.#holders.get(holder)
    if (bytes < countedBytesMin || held === undefined) return
    this.#bytes -= bytes
    if (held > bytes) this.#holders.set(holder, held - bytes)
    else this.#holders.delete(holder)
  }

  /** Whatever a connection holds: it is over. */
  forget(holder: Holder): void {
    this.#bytes -= this.#holders.get(holder) ?? 0
    this.#holders.delete(holder)
  }
}

/** Smaller answers are left to the number of connections: most are, and need not be counted. */
const countedBytesMin = 16_384
