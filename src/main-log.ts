import { write, writeSync } from 'node:fs'
import { pino } from 'pino'
import type { Logger } from 'pino'

/** JSON lines on standard error; standard output is for people and for the ready line. */
export function logger(level: string): Logger {
  const log: Logger = pino({ name: 'keyward', level }, new LogOutput(2, (lines) => {
    log.error({ lines }, 'lines of the log are lost: it could not be written for too long')
  }))
  return log
}

/**
 * What pino writes to. Its own destination takes a log that cannot be written (its disk is full, its terminal is gone) for
 * a fault that ends the process, and first tries to write that, without end: nobody is served any more. Here it is tried
 * again beside the work. Lines for which there is no room until then are lost, and that is told when it works again.
 */
export class LogOutput {
  readonly #descriptor: number
  readonly #tellLost: (lines: number) => void
  /** What is being written, or next to be. */
  #next: Buffer = Buffer.alloc(0)
  #isWriting = false
  /** After a failure. */
  #again: NodeJS.Timeout | undefined
  #lines: string[] = []
  #characters = 0
  #lost = 0

  /** @param tellLost takes how many lines were lost; it may write */
  constructor(descriptor: number, tellLost: (lines: number) => void) {
    this.#descriptor = descriptor
    this.#tellLost = tellLost
    process.once('exit', () => this.flushSync())
  }

  write(line: string): void {
    if (this.#characters + line.length > waitingCharactersMax) {
      this.#lost += 1
      return
    }
    this.#lines.push(line)
    this.#characters += line.length
    if (this.#again === undefined) this.#write()
  }

  /** Before the process ends: gives up soon. */
  flushSync(): void {
    // That is being written elsewhere.
    if (this.#isWriting) this.#next = Buffer.alloc(0)
    for (let triesLeft = lastTriesMax; triesLeft > 0 && this.#take();) {
      try {
        this.#next = this.#next.subarray(writeSync(this.#descriptor, this.#next))
      } catch {
        triesLeft -= 1
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, lastTryMs)
      }
    }
  }

  #write(): void {
    if (this.#isWriting || !this.#take()) return
    this.#isWriting = true
    write(this.#descriptor, this.#next, (error, written) => {
      this.#isWriting = false
      if (error === null) this.#went(written)
      else this.#again = setTimeout(() => this.#retry(), againMs).unref()
    })
  }

  #retry(): void {
    this.#again = undefined
    this.#write()
  }

  #went(bytes: number): void {
    this.#next = this.#next.subarray(bytes)
    const lost = this.#lost
    this.#lost = 0
    if (lost > 0) this.#tellLost(lost)
    this.#write()
  }

  /** @returns whether there is anything to be written */
  #take(): boolean {
    if (this.#next.length > 0) return true
    this.#next = Buffer.from(this.#lines.join(''))
    this.#lines = []
    this.#characters = 0
    return this.#next.length > 0
  }
}

/** Some 4,000 lines. */
const waitingCharactersMax = 1_048_576
/** A pipe whose reader is slow has room again by then; a full disk is asked ten times a second. */
const againMs = 100
const lastTriesMax = 10
const lastTryMs = 20
