import type { Caller } from '../model/access.ts'

/**
 * Tests (Interop) whose connection has ended with the message that began them, as those of a client do that makes a
 * connection for each message: they go on for the principal until they are ended, or for a minute.
 */
export class LeftTests {
  readonly #endings = new Map<string, number>()

  /** @param now seconds since 1970-01-01 UTC */
  add(caller: Caller, now: number): void {
    for (const [principal, ending] of this.#endings) if (ending <= now) this.#endings.delete(principal)
    this.#endings.set(principalOf(caller), now + secondsMax)
  }

  end(caller: Caller): void {
    this.#endings.delete(principalOf(caller))
  }

  has(caller: Caller, now: number): boolean {
    return this.#endings.size > 0 && (this.#endings.get(principalOf(caller)) ?? 0) > now
  }
}

function principalOf({ account, principal }: Caller): string {
  return JSON.stringify([account, principal])
}

/** Longer than a published case takes, and short for a client of the same name that cannot read what tests get. */
const secondsMax = 60
