import { performance } from 'node:perf_hooks'
import { Ckr } from '../kmip/pkcs11-constants.ts'
import type { Job, Mechanism, Template, Verb } from './pkcs11-protocol.ts'
import type { Token } from './pkcs11-token.ts'

export type CryptJob = Extract<Job, { op: 'crypt' }>

/** Marks an error that came before any data was touched: the operation may be tried again. */
export interface EarlyError extends Error {
  early?: boolean
}

/**
 * Runs operations with keys. Where the token answers within microseconds, the call is made at once; where it takes
 * longer, as one behind a network does, in a thread, so that all sessions work at the same time. Which it is, the last
 * calls of the same kind have shown.
 */
export class Crypt {
  readonly #token: Token
  /** By verb, mechanism and the magnitude of the data. */
  readonly #paces = new Map<string, Pace>()
  /** Calls in threads. */
  #calls = 0

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
    const pace = `${job.verb} ${job.mechanism.mechanism} ${Math.ceil(Math.log2(job.data.length + 1))}`
    const known = this.#paces.get(pace)
    try {
      const active = this.#begin(session, job)
      const data = asBuffer(job.data)
      const room = Buffer.allocUnsafe(job.room)
      if (known !== undefined && known.ms < quickMsMax && known.resting === 0) {
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

  /**
   * Starts the operation. A handle that is not valid any more is looked up once again: nothing has been done with it.
   */
  #begin(session: Buffer, { verb, key, mechanism }: CryptJob): Buffer {
    const { module } = this.#token
    const native = nativeMechanism(mechanism)
    try {
      begin[verb](module, session, native, this.#token.handleOf(key))
      return session
    } catch (error) {
      const { code } = error as { code?: number }
      if (code !== Ckr.KEY_HANDLE_INVALID && code !== Ckr.OBJECT_HANDLE_INVALID) throw early(error)
    }
    this.#token.forget(key.id)
    try {
      begin[verb](module, session, native, this.#token.handleOf(key))
      return session
    } catch (error) {
      throw early(error)
    }
  }

  /** What was slow at once is not tried so again for a while. */
  #noteSync(pace: string, ms: number): void {
    const isSlow = ms > quickMsMax
    const last = this.#paces.get(pace)?.ms ?? ms
    this.#paces.set(pace, { ms: last * 0.9 + ms * 0.1, resting: isSlow ? restingCalls : 0 })
  }

  /** @param ms a call's share of the time, as several are made at once */
  #noteLater(pace: string, ms: number): void {
    const { ms: last, resting } = this.#paces.get(pace) ?? { ms, resting: 0 }
    if (this.#paces.size > pacesMax) this.#paces.clear()
    this.#paces.set(pace, { ms: last * 0.9 + ms * 0.1, resting: Math.max(0, resting - 1) })
  }
}

interface Pace {
  /** Milliseconds, of late. */
  readonly ms: number
  /** So many calls are made in threads before one is tried at once again. */
  readonly resting: number
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

/** Milliseconds: below, a trip to a thread takes longer than the call. */
const quickMsMax = 0.3
const restingCalls = 1000
const pacesMax = 1000
