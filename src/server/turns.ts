/**
 * Lets those who lost a race for the same record go one after the other: without it, many clients of
 * one key can lose again and again, and each loss has run a whole operation for nothing.
 */
export class Turns {
  readonly #last = new Map<string, Promise<void>>()

  /** Waits for all who came before. @returns what gives the turn to the next */
  async enter(id: string): Promise<() => void> {
    const before = this.#last.get(id)
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#last.set(id, promise)
    await before
    return () => {
      if (this.#last.get(id) === promise) this.#last.delete(id)
      resolve()
    }
  }
}
