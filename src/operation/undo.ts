/** What a unit of work does in memory, outside of the store: taken back when the unit fails, or is to be run again. */
export class Undo {
  #steps: (() => void)[] | undefined

  add(step: () => void): void {
    this.#steps = [...this.#steps ?? [], step]
  }

  /** The last is taken back first; each once. */
  run(): void {
    for (const step of this.#steps?.toReversed() ?? []) step()
    this.#steps = undefined
  }
}
