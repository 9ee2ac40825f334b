import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import type { Readable } from 'node:stream'
import type { Answer, Failure, Job } from './pkcs11-protocol.ts'
import { decodeAnswer, encodeJob, recordReader } from './pkcs11-wire.ts'

/** What the token, or the process that has its module, could not do. */
export class LinkError extends Error {
  readonly failure: Failure | undefined

  constructor(message: string, failure?: Failure) {
    super(message)
    this.failure = failure
  }
}

export interface LinkOptions {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** A call that takes longer ends the process: a module that hangs gives nothing back. */
  readonly callMsMax: number
  readonly callsMax: number
  /** Told once, when the process is gone, with why. */
  onEnd(reason: string): void
}

/**
 * One process with one PKCS#11 module. What is asked in one turn of the event loop goes in a few writes: the process
 * works on the first while the last are made. When it ends, all calls that are under way fail; which of them have been
 * done nobody knows, so none is repeated.
 */
export class Link {
  readonly #child: ChildProcess
  readonly #options: LinkOptions
  readonly #waiting = new Map<number, Call>()
  readonly #watch: NodeJS.Timeout
  #batch: Buffer[] = []
  #lastId = 0
  #ended: string | undefined

  constructor(options: LinkOptions) {
    this.#options = options
    // The process's file has this file's ending, as source and as published code.
    const file = new URL(import.meta.url.replace('pkcs11-link', 'pkcs11-process')).pathname
    const env = { ...options.environment, UV_THREADPOOL_SIZE: '16' }
    this.#child = spawn(process.execPath, [file], { stdio: ['pipe', 'ignore', 'ignore', 'pipe'], env, cwd: '/' })
    this.#child.on('error', () => this.#end('its process cannot be started'))
    this.#child.on('exit', (code, signal) => this.#end(endOf(code, signal)))
    this.#child.stdin!.on('error', () => this.#end('its process does not listen'))
    const answers = this.#child.stdio[3] as Readable
    answers.on('data', recordReader((record) => this.#settle(decodeAnswer(record))))
    answers.on('error', () => this.#end('its process does not answer'))
    this.#watch = setInterval(() => this.#checkDeadline(), watchMs)
    this.#watch.unref()
    this.#holdLoop(false)
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  get calls(): number {
    return this.#waiting.size
  }

  /** @throws LinkError */
  call(job: Job): Promise<unknown> {
    if (this.#ended !== undefined) return Promise.reject(new LinkError(this.#ended))
    if (this.#waiting.size >= this.#options.callsMax) {
      return Promise.reject(new LinkError('too many calls are waiting', busy))
    }
    const id = this.#lastId = (this.#lastId + 1) % idsMax
    return new Promise((resolve, reject) => {
      if (this.#waiting.size === 0) this.#holdLoop(true)
      this.#waiting.set(id, { resolve, reject, begunMs: performance.now() })
      this.#batch.push(encodeJob(id, job))
      if (this.#batch.length === batchMax) this.#flush()
      else if (this.#batch.length === 1) setImmediate(() => this.#flush())
    })
  }

  /** Lets what is under way come to its end, then ends the process. */
  close(): void {
    if (this.#ended !== undefined) return
    if (this.#waiting.size > 0) {
      setTimeout(() => this.close(), watchMs).unref()
      return
    }
    this.#end('closed')
  }

  kill(reason: string): void {
    this.#end(reason)
  }

  #flush(): void {
    const batch = this.#batch
    this.#batch = []
    if (batch.length > 0 && this.#ended === undefined) this.#child.stdin!.write(Buffer.concat(batch))
  }

  #settle(answer: Answer): void {
    const call = this.#waiting.get(answer.id)
    if (call === undefined) return
    this.#waiting.delete(answer.id)
    if (this.#waiting.size === 0) this.#holdLoop(false)
    if ('failure' in answer) call.reject(new LinkError(answer.failure.name, answer.failure))
    else call.resolve(answer.result)
  }

  /** The oldest call is the first in the map. */
  #checkDeadline(): void {
    const [oldest] = this.#waiting.values()
    if (oldest !== undefined && performance.now() - oldest.begunMs > this.#options.callMsMax) {
      this.#end(`it did not answer within ${this.#options.callMsMax} ms`)
    }
  }

  #end(reason: string): void {
    if (this.#ended !== undefined) return
    this.#ended = reason
    clearInterval(this.#watch)
    this.#child.kill('SIGKILL')
    const calls = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const call of calls) call.reject(new LinkError(reason))
    this.#options.onEnd(reason)
  }

  /** Only a process with calls under way keeps the server's own process from ending. */
  #holdLoop(hold: boolean): void {
    const handles = [this.#child, this.#child.stdin, this.#child.stdio[3]] as unknown as Referenced[]
    for (const handle of handles) {
      if (hold) handle.ref()
      else handle.unref()
    }
  }
}

/** How the process ended. Node ends with 1 where it cannot load a file; that of the binding is there once it is built. */
function endOf(code: number | null, signal: string | null): string {
  const ended = `its process ended (${signal ?? code})`
  return code === 1 ? `${ended}; is the binding built? npm run setup:pkcs11 does` : ended
}

interface Call {
  resolve(result: unknown): void
  reject(error: Error): void
  readonly begunMs: number
}

interface Referenced { ref(): void; unref(): void }

const busy: Failure = { kind: 'busy', code: 0, name: 'busy', early: true }
const watchMs = 100
/** The number of a call is 4 octets; long before it comes again, its call has been given up. */
const idsMax = 2 ** 32
const batchMax = 16
