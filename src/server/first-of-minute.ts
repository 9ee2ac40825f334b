/** What anybody can make happen any number of times is told once a minute of each source, and of so many sources. */
export class FirstOfMinute {
  readonly #sources = new Set<string>()
  #minuteEnds = 0

  /** @param nowMs of a clock that only goes forward */
  isFirst(source: string, nowMs: number): boolean {
    if (nowMs >= this.#minuteEnds) {
      this.#sources.clear()
      this.#minuteEnds = nowMs + minuteMs
    }
    if (this.#sources.has(source) || this.#sources.size >= sourcesMax) return false
    this.#sources.add(source)
    return true
  }
}

const minuteMs = 60_000
const sourcesMax = 100
