import type { Secret } from '../kmip/secret.ts'
import { Ckr } from '../kmip/pkcs11-constants.ts'
import type { ProviderState } from './provider.ts'
import { Link, LinkError } from './pkcs11-link.ts'
import type { ConnectOptions, Job, KeyPlace, TokenFacts } from './pkcs11-protocol.ts'
import type { RefusedPin } from './refused-pin.ts'

export interface ConnectionOptions extends ConnectOptions {
  /** The instance's name, for the log. */
  readonly name: string
  /** Environment of the process that has the module. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** The PIN, asked for at every connection; undefined where the token wants none. */
  readonly pin: () => Promise<Secret | undefined>
  /** Of the token, whoever connects it. */
  readonly refusedPin: RefusedPin
  readonly callMsMax: number
  readonly callsMax: number
  readonly log: ConnectionLog
}

/** What the connection tells an operator; the server's log is one. */
export interface ConnectionLog {
  info(fields: object, message: string): void
  error(fields: object, message: string): void
}

/**
 * Keeps one token connected: down, connecting, up, and again after it was lost. A token that is there but has lost its
 * keys (removed and put back: modules hold on to what they saw first) is seen anew by a second process.
 */
export class Connection {
  readonly #options: ConnectionOptions
  #link: Link | undefined
  #facts: TokenFacts | undefined
  #connecting: Promise<Link> | undefined
  #isRefused = false
  /** Connected, but the token could not be opened anew when a key was missing. */
  #isDoubtful = false
  #reason = 'not connected yet'
  #pauseMs = pauseMsMin
  #nextTryMs = 0
  #timer: NodeJS.Timeout | undefined
  readonly #checks: NodeJS.Timeout
  #closed = false

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.#checks = setInterval(() => this.#check(), checkMs).unref()
  }

  get facts(): TokenFacts | undefined {
    return this.#facts
  }

  /**
   * `down` after a loss: the next call that comes after the pause, or the clock, connects again. `refused`: the token did
   * not take the PIN. It is not tried again until the PIN is another one, because tokens count and lock.
   */
  get state(): ProviderState {
    if (this.#link !== undefined) return this.#isDoubtful ? 'down' : 'up'
    if (this.#connecting !== undefined) return 'connecting'
    return this.#isRefused ? 'refused' : 'down'
  }

  /** Why it is not up. */
  get reason(): string {
    return this.#reason
  }

  /** Of the process that has the module. */
  get pid(): number | undefined {
    return this.#link?.pid
  }

  /** Connects if it can; what fails is logged, and tried again. */
  async start(): Promise<void> {
    await this.#connected().catch(() => undefined)
  }

  /**
   * One call. It is made once: what fails after it was sent fails for good.
   *
   * @throws LinkError
   */
  async call<T>(job: Job): Promise<T> {
    const link = this.#link ?? await this.#connected()
    try {
      return await link.call(job) as T
    } catch (error) {
      if (error instanceof LinkError) this.#judge(error, link)
      throw error
    }
  }

  /**
   * Has a key destroyed in the token. One that is not found may only look so: a module that has seen the token go finds
   * nothing in it any more. A fresh process sees what is there, and a key that it does not find either is gone.
   *
   * @throws LinkError
   */
  async destroy(key: KeyPlace): Promise<void> {
    const job: Job = { op: 'destroy', key }
    try {
      await this.call(job)
    } catch (error) {
      if (!isMissing(error) || this.#connecting === undefined) throw error
      await this.#connecting
      await this.call(job).catch((again: unknown) => {
        if (!isMissing(again)) throw again
      })
    }
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    clearInterval(this.#checks)
    this.#link?.close()
    this.#link = undefined
  }

  /** Asks the token how it is, although nobody has use for a key, so that health is known. */
  #check(): void {
    const link = this.#link
    if (link === undefined || link.calls > 0) return
    link.call({ op: 'check' }).catch(({ failure }: LinkError) => {
      if (failure === undefined || failure.code === Ckr.FUNCTION_NOT_SUPPORTED || this.#link !== link) return
      link.kill(failure.name)
    })
  }

  /** What an error says of the connection. */
  #judge({ failure }: LinkError, link: Link): void {
    if (failure === undefined || this.#link !== link) return
    if (failure.kind === 'pkcs11' && lost.has(failure.code)) {
      link.kill(failure.name)
      return
    }
    if (failure.kind === 'keyMissing') this.#renew()
  }

  #connected(): Promise<Link> {
    if (this.#closed) return Promise.reject(new LinkError('closed'))
    if (this.#connecting !== undefined) return this.#connecting
    if (performance.now() < this.#nextTryMs) return Promise.reject(new LinkError(this.#reason))
    return this.#connect()
  }

  /** A fresh view of the token; the present one serves on until that has come. */
  #renew(): void {
    if (this.#connecting !== undefined || performance.now() < this.#nextTryMs) return
    this.#connect().catch(() => undefined)
  }

  #connect(): Promise<Link> {
    this.#nextTryMs = performance.now() + this.#pauseMs
    this.#connecting = this.#open().finally(() => {
      this.#connecting = undefined
    })
    return this.#connecting
  }

  async #open(): Promise<Link> {
    const { refusedPin, callMsMax } = this.#options
    const endTurn = await refusedPin.turn(callMsMax)
    if (endTurn === undefined) {
      this.#failed('it is being connected for others')
      throw new LinkError(this.#reason)
    }
    try {
      return await this.#openInTurn()
    } finally {
      endTurn()
    }
  }

  async #openInTurn(): Promise<Link> {
    const { name, log, pin: readPin, module, parameters, token, slot, storage } = this.#options
    const { sessionsMax, handlesMax, waitMsMax, copyMsMax, environment, callMsMax, callsMax } = this.#options
    const pin = await this.#usablePin(readPin)
    const link: Link = new Link({
      environment, callsMax, callMsMax,
      onEnd: (reason) => this.#lost(link, reason),
    })
    try {
      const options = { module, parameters, token, slot, storage, sessionsMax, handlesMax, waitMsMax, copyMsMax }
      const facts = await link.call({ op: 'connect', options, pin: pin?.reveal().toString('utf8') }) as TokenFacts
      if (this.#closed) throw new LinkError('closed')
      this.#link?.close()
      this.#link = link
      this.#facts = facts
      this.#isDoubtful = false
      this.#isRefused = false
      this.#pauseMs = Math.min(this.#pauseMs * 2, pauseMsMax)
      setTimeout(() => this.#settled(link), this.#pauseMs * 2).unref()
      log.info({ instance: name, token: facts.label, modulePid: link.pid }, 'the token is connected')
      return link
    } catch (error) {
      link.kill('not connected')
      const { message, failure } = error as LinkError
      if (failure !== undefined && pinCodes.has(failure.code) && pin !== undefined) {
        this.#isRefused = true
        this.#options.refusedPin.set(pin)
      }
      this.#failed(message)
      // What is wrong with the connection is not what came of anybody's call.
      throw new LinkError(message)
    }
  }

  /** @throws LinkError for the PIN that the token has refused */
  async #usablePin(read: ConnectionOptions['pin']): Promise<Secret | undefined> {
    let pin: Secret | undefined
    try {
      pin = await read()
    } catch (error) {
      this.#failed((error as Error).message)
      throw new LinkError((error as Error).message)
    }
    if (pin === undefined || !this.#options.refusedPin.is(pin)) return pin
    if (this.#isRefused) this.#plan()
    else this.#failed('its PIN has been refused, and is not tried again')
    this.#isRefused = true
    throw new LinkError(this.#reason)
  }

  #failed(reason: string): void {
    if (reason !== this.#reason) {
      this.#options.log.error({ instance: this.#options.name, reason }, 'the token cannot be connected')
    }
    this.#reason = reason
    this.#isDoubtful = this.#link !== undefined
    this.#pauseMs = Math.min(this.#pauseMs * 2, pauseMsMax)
    this.#plan()
  }

  #lost(link: Link, reason: string): void {
    if (this.#link !== link) return
    this.#link = undefined
    this.#reason = reason
    if (this.#closed) return
    this.#options.log.error({ instance: this.#options.name, reason }, 'the token is lost')
    this.#plan()
  }

  /** Tries again although nobody asks, so that health is known. */
  #plan(): void {
    clearTimeout(this.#timer)
    if (this.#closed) return
    this.#timer = setTimeout(() => {
      if (this.#link !== undefined && !this.#isDoubtful) return
      // Timers count whole milliseconds: one may come a little before this clock says so.
      if (performance.now() < this.#nextTryMs) return this.#plan()
      this.#connected().catch(() => undefined)
    }, Math.max(this.#nextTryMs - performance.now(), 0) + 1)
    this.#timer.unref()
  }

  /** Has lasted: the next loss is a new one. */
  #settled(link: Link): void {
    if (this.#link === link) this.#pauseMs = pauseMsMin
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof LinkError && error.failure?.kind === 'keyMissing'
}

const checkMs = 5_000
const pauseMsMin = 250
const pauseMsMax = 15_000

/** After these the module, or the session with the token, is of no use. */
const lost: ReadonlySet<number> = new Set([
  Ckr.DEVICE_ERROR, Ckr.DEVICE_REMOVED, Ckr.TOKEN_NOT_PRESENT, Ckr.TOKEN_NOT_RECOGNIZED, Ckr.USER_NOT_LOGGED_IN,
  Ckr.CRYPTOKI_NOT_INITIALIZED, Ckr.SESSION_CLOSED, Ckr.SESSION_HANDLE_INVALID, Ckr.SLOT_ID_INVALID, Ckr.HOST_MEMORY,
])
const pinCodes: ReadonlySet<number> = new Set([
  Ckr.PIN_INCORRECT, Ckr.PIN_LOCKED, Ckr.PIN_EXPIRED, Ckr.PIN_INVALID, Ckr.PIN_LEN_RANGE,
])
