/** A stretch of work on one request, in which no other one is served; there is no other way to share a thread. */
export class Turn {
  #began = performance.now()

  /** Whether it has lasted so long that others are to be let in. */
  get isOver(): boolean {
    return performance.now() - this.#began >= turnMs
  }

  /** Lets others in; another stretch begins. */
  async pass(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    this.#began = performance.now()
  }
}

/** Several callers may ask for much at once, and each has its turn. */
const turnMs = 5
