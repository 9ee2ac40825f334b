import type { PKCS11 } from 'pkcs11js'
import { Ckr } from '../kmip/pkcs11-constants.ts'

/** A session with the token; `broken` is closed instead of used again. */
export type Session = Buffer

/**
 * The sessions of one token: so many at the most, each with one operation at a time. Who waits longer than `waitMsMax`
 * for one is refused; a token that has none left, because others use it too, is asked again until then. The module's own
 * error, or an operation that was left unfinished, stays in its session: such a session is dropped.
 */
export class Sessions {
  readonly #module: PKCS11
  readonly #slot: Buffer
  readonly #max: number
  readonly #waitMsMax: number
  readonly #idle: Session[] = []
  readonly #waiting: Waiter[] = []
  #open = 0
  /** The token has said that it has none left. */
  #isExhausted = false

  constructor(module: PKCS11, slot: Buffer, limits: { readonly sessionsMax: number; readonly waitMsMax: number }) {
    this.#module = module
    this.#slot = slot
    this.#max = limits.sessionsMax
    this.#waitMsMax = limits.waitMsMax
  }

  /** A session at once, or undefined where one has to be waited for. */
  tryTake(): Session | undefined {
    const idle = this.#idle.pop()
    if (idle !== undefined) return idle
    if (this.#open >= this.#max || this.#isExhausted) return undefined
    try {
      const session = this.#module.C_OpenSession(this.#slot, serialReadWrite)
      this.#open += 1
      return session
    } catch (error) {
      if ((error as { code?: number }).code !== Ckr.SESSION_COUNT) throw error
      this.#isExhausted = true
      setTimeout(() => this.#tryAgain(), retryMs)
      return undefined
    }
  }

  /** @throws Busy */
  take(): Session | Promise<Session> {
    const session = this.tryTake()
    if (session !== undefined) return session
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        resolve, reject,
        timer: setTimeout(() => {
          this.#waiting.splice(this.#waiting.indexOf(waiter), 1)
          reject(new Busy())
        }, this.#waitMsMax),
      }
      this.#waiting.push(waiter)
    })
  }

  #tryAgain(): void {
    this.#isExhausted = false
    try {
      while (this.#waiting.length > 0) {
        const session = this.tryTake()
        if (session === undefined) return
        this.give(session)
      }
    } catch (error) {
      for (const waiter of this.#waiting.splice(0)) {
        clearTimeout(waiter.timer)
        waiter.reject(error)
      }
    }
  }

  give(session: Session): void {
    const waiter = this.#waiting.shift()
    if (waiter === undefined) {
      this.#idle.push(session)
      return
    }
    clearTimeout(waiter.timer)
    waiter.resolve(session)
  }

  drop(session: Session): void {
    this.#open -= 1
    try {
      this.#module.C_CloseSession(session)
    } catch {
      // It is of no use any more, whatever the module says of it.
    }
    const waiter = this.#waiting[0]
    if (waiter === undefined) return
    const next = this.tryTake()
    if (next !== undefined) this.give(next)
  }
}

/** All sessions are in use, and have been for as long as one may wait. */
export class Busy extends Error {}

interface Waiter {
  resolve(session: Session): void
  reject(error: unknown): void
  readonly timer: NodeJS.Timeout
}

/** How long a token that has no session left is not asked for one. */
const retryMs = 50
/** CKF_SERIAL_SESSION and CKF_RW_SESSION. */
const serialReadWrite = 4 + 2
