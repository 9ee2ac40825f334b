/**
 * A circuit breaker: after failures in a row it is open, and calls are refused at once; after a pause it lets one call
 * try. The pause doubles while that fails.
 */
export class Breaker {
  readonly #options: BreakerOptions
  #failures = 0
  #pauseMs = pauseMsMin
  #openUntilMs = 0
  /** The one call that was let through after the pause. */
  #trial: object | undefined

  constructor(options: BreakerOptions) {
    this.#options = options
  }

  get state(): 'closed' | 'open' | 'half-open' {
    if (this.#failures < failuresMax) return 'closed'
    return this.#options.nowMs() < this.#openUntilMs ? 'open' : 'half-open'
  }

  /** Whether the last call has. */
  get hasFailed(): boolean {
    return this.#failures > 0
  }

  /**
   * Runs a call, if one may be made now.
   *
   * @param isFault whether an error says that the other side does not work
   * @throws what the call throws, or `refusal`
   */
  async run<T>(call: () => Promise<T>, isFault: (error: unknown) => boolean, refusal: () => Error): Promise<T> {
    const { state } = this
    if (state === 'open' || (state === 'half-open' && this.#trial !== undefined)) throw refusal()
    const own = {}
    if (state === 'half-open') this.#trial = own
    try {
      const result = await call()
      this.#succeeded()
      return result
    } catch (error) {
      if (isFault(error)) this.#failed(own === this.#trial)
      else this.#succeeded()
      throw error
    } finally {
      if (this.#trial === own) this.#trial = undefined
    }
  }

  #succeeded(): void {
    if (this.#failures >= failuresMax) this.#options.onChange('closed')
    this.#failures = 0
    this.#pauseMs = pauseMsMin
  }

  /** Calls that were under way when it opened may fail after that: they tell nothing new. */
  #failed(isTrial: boolean): void {
    if (this.#failures === failuresMax) {
      if (isTrial) this.#open()
      return
    }
    this.#failures += 1
    if (this.#failures < failuresMax) return
    this.#open()
    this.#options.onChange('open')
  }

  #open(): void {
    this.#openUntilMs = this.#options.nowMs() + this.#pauseMs
    this.#pauseMs = Math.min(this.#pauseMs * 2, pauseMsMax)
  }
}

export interface BreakerOptions {
  /** Milliseconds of any clock that only goes forward. */
  nowMs(): number
  onChange(state: 'closed' | 'open'): void
}

const failuresMax = 5
const pauseMsMin = 1000
const pauseMsMax = 30_000
