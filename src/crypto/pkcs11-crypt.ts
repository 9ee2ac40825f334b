import { availableParallelism } from 'node:os'
import { performance } from 'node:perf_hooks'
import { Ckr } from '../kmip/pkcs11-constants.ts'
import type { CryptJob, Mechanism, Template, Verb } from './pkcs11-protocol.ts'
import { verbs } from './pkcs11-protocol.ts'
import type { Token } from './pkcs11-token.ts'

/** Marks an error that came before any data was touched: the operation may be tried again. */
export interface EarlyError extends Error {
  early?: boolean
}

/**
 * Runs operations with keys. Where the token answers within microseconds, the call is made at once; where it takes
 * longer, as one behind a network does, in a thread, so that all sessions work at the same time; and in between by turns.
 * Which it is, the last calls of the same kind have shown.
 */
export class Crypt {
  readonly #token: Token
  /** By verb, mechanism and the magnitude of the data. */
  readonly #paces = new Map<number, Pace>()
  /** Calls in threads. */
  #calls = 0
  #isSecond = false

  constructor(token: Token) {
    this.#token = token
  }

  run(job: CryptJob): Buffer | Promise<Buffer> {
    const session = this.#token.sessions.tryTake()
    if (session === undefined) return this.#runLater(job)
    return this.#runIn(session, job)
  }

  async #runLater(job: CryptJob): Promise<Buffer> {
    return this.#runIn(await this.#token.sessions.take(), job)
  }

  #runIn(session: Buffer, job: CryptJob): Buffer | Promise<Buffer> {
    const { sessions, module } = this.#token
    const begun = performance.now()
    const pace = this.#paceOf(job)
    try {
      const active = this.#begin(session, job)
      const data = asBuffer(job.data)
      const room = Buffer.allocUnsafe(job.room)
      if (pace.ms < quickMsMax && pace.resting === 0 && !this.#isForThread(pace)) {
        const result = sync[job.verb](module, active, data, room)
        this.#noteSync(pace, performance.now() - begun)
        sessions.give(active)
        return result
      }
      this.#calls += 1
      const atOnce = this.#calls
      return later[job.verb](module, active, data, room).then((result) => {
        this.#calls -= 1
        this.#noteLater(pace, (performance.now() - begun) / atOnce)
        sessions.give(active)
        return result
      }, (error: unknown) => {
        this.#calls -= 1
        sessions.drop(active)
        throw error
      })
    } catch (error) {
      sessions.drop(session)
      throw error
    }
  }

  /** Of calls that take longer than a trip to a thread, each second one: then two processors work. */
  #isForThread({ ms }: Pace): boolean {
    this.#isSecond = !this.#isSecond
    return this.#isSecond && ms > tripMs && this.#calls < threadCallsMax && hasProcessors
  }

  /**
   * Starts the operation. A handle that is not valid any more is looked up once again: nothing has been done with it.
   */
  #begin(session: Buffer, { verb, key, mechanism }: CryptJob): Buffer {
    const { module } = this.#token
    const native = nativeMechanism(mechanism)
    try {
      begin[verb](module, session, native, this.#token.handleOfReferred(key))
      return session
    } catch (error) {
      const { code } = error as { code?: number }
      if (code !== Ckr.KEY_HANDLE_INVALID && code !== Ckr.OBJECT_HANDLE_INVALID) throw early(error)
    }
    this.#token.forget(key.id)
    try {
      begin[verb](module, session, native, this.#token.handleOfReferred(key))
      return session
    } catch (error) {
      throw early(error)
    }
  }

  /**
   * What was slow at once, one call after the other, is not tried so again for a while. A single slow one is the
   * machine's doing: its process had to wait for a processor.
   */
  #noteSync(pace: Pace, ms: number): void {
    if (ms <= quickMsMax) {
      pace.slow = 0
      pace.ms = pace.ms * 0.9 + ms * 0.1
      return
    }
    pace.slow += 1
    if (pace.slow === slowCallsMax) pace.resting = restingCalls
  }

  /** @param ms a call's share of the time, as several are made at once */
  #noteLater(pace: Pace, ms: number): void {
    pace.ms = pace.ms === Infinity ? ms : pace.ms * 0.9 + ms * 0.1
    pace.resting = Math.max(0, pace.resting - 1)
    pace.slow = 0
  }

  #paceOf({ verb, mechanism: { mechanism }, data }: CryptJob): Pace {
    const kind = (mechanism * verbs.length + verbs.indexOf(verb)) * 64 + Math.clz32(data.length)
    const known = this.#paces.get(kind)
    if (known !== undefined) return known
    if (this.#paces.size > pacesMax) this.#paces.clear()
    const pace: Pace = { ms: Infinity, slow: 0, resting: 0 }
    this.#paces.set(kind, pace)
    return pace
  }
}

interface Pace {
  /** Milliseconds, of late; Infinity while nothing is known. */
  ms: number
  /** Calls at once that were slow, one after the other. */
  slow: number
  /** So many calls are made in threads before one is tried at once again. */
  resting: number
}

/** Structures come with their bytes as the binding wants them. */
export function nativeMechanism({ mechanism, parameter }: Mechanism): { mechanism: number; parameter?: never } {
  if (parameter === undefined) return { mechanism }
  if (parameter instanceof Uint8Array) return { mechanism, parameter: asBuffer(parameter) as never }
  const fields = Object.entries(parameter).filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, value instanceof Uint8Array ? asBuffer(value) : value])
  return { mechanism, parameter: Object.fromEntries(fields) as never }
}

export function nativeTemplate(template: Template): never {
  return template.map(({ type, value }) => (
    { type, value: value instanceof Uint8Array ? asBuffer(value) : value }
  )) as never
}

/** Modules may refuse a null pointer even for nothing: an empty buffer of ours has a place in memory. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return bytes.length === 0
    ? Buffer.from(new ArrayBuffer(8), 0, 0)
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function early(error: unknown): unknown {
  if (error instanceof Error) (error as EarlyError).early = true
  return error
}

type Module = Token['module']

type Native = ReturnType<typeof nativeMechanism>

const begin: Readonly<Record<Verb, (module: Module, session: Buffer, mechanism: Native, key: Buffer) => void>> = {
  encrypt: (module, session, mechanism, key) => module.C_EncryptInit(session, mechanism, key),
  decrypt: (module, session, mechanism, key) => module.C_DecryptInit(session, mechanism, key),
  sign: (module, session, mechanism, key) => module.C_SignInit(session, mechanism, key),
}

const sync: Readonly<Record<Verb, (module: Module, session: Buffer, data: Buffer, room: Buffer) => Buffer>> = {
  encrypt: (module, session, data, room) => module.C_Encrypt(session, data, room),
  decrypt: (module, session, data, room) => module.C_Decrypt(session, data, room),
  sign: (module, session, data, room) => module.C_Sign(session, data, room),
}

type Later = (module: Module, session: Buffer, data: Buffer, room: Buffer) => Promise<Buffer>

const later: Readonly<Record<Verb, Later>> = {
  encrypt: (module, session, data, room) => module.C_EncryptAsync(session, data, room),
  decrypt: (module, session, data, room) => module.C_DecryptAsync(session, data, room),
  sign: (module, session, data, room) => module.C_SignAsync(session, data, room),
}

/** Milliseconds: below, a call may be made at once, because nobody else has to wait for long. */
const quickMsMax = 0.3
/** Milliseconds: below, a trip to a thread takes longer than the call. */
const tripMs = 0.035
/** Calls beside those at once; more would only wait for the same processors. */
const threadCallsMax = 8
const hasProcessors = availableParallelism() > 1
const slowCallsMax = 3
const restingCalls = 1000
const pacesMax = 1000
