import { write, writeSync } from 'node:fs'
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import { pino } from 'pino'
import type { Logger } from 'pino'

/** The log of a process. */
export interface ProcessLog {
  readonly log: Logger
  /** @returns what one other thread is given for its `threadLogger`; to be transferred */
  portForThread(): MessagePort
}

/** JSON lines on standard error; standard output is for people and for the ready line. Of the first thread. */
export function openLog(level: string): ProcessLog {
  // Asked for the first time, Node makes a pipe or a socket non-blocking. A reader that has stopped would otherwise hold a
  // thread of libuv's pool, which others need, and the end of the process.
  void process.stderr
  const output = new LogOutput(2, (lines) => {
    log.error({ lines }, 'lines of the log are lost: it could not be written for too long')
  })
  const log: Logger = pino(optionsOf(level), { write: (line) => output.write(line) })
  return { log, portForThread: () => output.portForThread() }
}

/** Of another thread: the first one writes all lines, or parts of them would mix in a pipe that is full. */
export function threadLogger(level: string, port: MessagePort): Logger {
  let lines: string[] = []
  const send = (): void => {
    if (lines.length > 0) port.postMessage(lines)
    lines = []
  }
  process.once('exit', send)
  return pino(optionsOf(level), {
    write(line) {
      if (lines.push(line) === 1) setImmediate(send)
    },
  })
}

function optionsOf(level: string): { name: string, level: string } {
  return { name: 'keyward', level }
}

/**
 * What pino writes to. Its own destination takes a log that cannot be written (its disk is full, its terminal is gone) for
 * a fault that ends the process, and first tries to write that, without end: nobody is served any more. Here it is tried
 * again beside the work. Lines for which there is no room until then are lost, and where they are missing is told how many.
 */
export class LogOutput {
  readonly #descriptor: number
  readonly #tellLost: (lines: number) => void
  readonly #threads: MessagePort[] = []
  #lines: Buffer[] = []
  /** What is being written, or next to be: what is left of some lines. */
  #block = Buffer.alloc(0)
  /** Of both. */
  #waitingBytes = 0
  #lost = 0
  /** Until nothing waits any more. */
  #isUnderWay = false
  #isBeingWritten = false

  /** @param tellLost takes how many lines were lost; it may write one, for which there is room */
  constructor(descriptor: number, tellLost: (lines: number) => void) {
    this.#descriptor = descriptor
    this.#tellLost = tellLost
    process.once('exit', () => this.#end())
  }

  write(line: string): void {
    if (this.#waitingBytes >= waitingBytesMax) {
      this.#lost += 1
      return
    }
    const bytes = Buffer.from(line)
    this.#lines.push(bytes)
    this.#waitingBytes += bytes.length
    if (this.#isUnderWay) return
    this.#isUnderWay = true
    // With what else this turn of the event loop has to say; and what ends the process has not been begun by then.
    setImmediate(() => this.#write())
  }

  portForThread(): MessagePort {
    const { port1, port2 } = new MessageChannel()
    port1.on('message', (lines: string[]) => this.#writeAll(lines))
    port1.unref()
    this.#threads.push(port1)
    return port2
  }

  #writeAll(lines: readonly string[]): void {
    for (const line of lines) this.write(line)
  }

  #write(): void {
    this.#isUnderWay = this.#take()
    if (!this.#isUnderWay) return
    this.#isBeingWritten = true
    write(this.#descriptor, this.#block, (error, written) => {
      this.#isBeingWritten = false
      if (error !== null) {
        setTimeout(() => this.#write(), error.code === 'EAGAIN' ? fullPipeMs : againMs).unref()
        return
      }
      this.#went(written)
      this.#write()
    })
  }

  /** @returns whether there is anything to be written */
  #take(): boolean {
    if (this.#block.length === 0) this.#block = Buffer.concat(this.#lines.splice(0, blockLinesMax))
    return this.#block.length > 0
  }

  #went(bytes: number): void {
    this.#block = this.#block.subarray(bytes)
    this.#waitingBytes -= bytes
    if (this.#lost === 0 || this.#waitingBytes >= waitingBytesMax) return
    const lost = this.#lost
    this.#lost = 0
    this.#tellLost(lost)
  }

  /**
   * What is left when the process ends, and what other threads say until they end after this one, while a reader takes
   * it: nobody hears of the rest.
   */
  #end(): void {
    if (this.#isBeingWritten) this.#beginAgain()
    const beganMs = performance.now()
    let takenMs = beganMs
    for (this.#hearThreads(); this.#take(); this.#hearThreads()) {
      const nowMs = performance.now()
      if (nowMs - beganMs >= endMsMax || nowMs - takenMs >= notTakenMsMax) return
      try {
        this.#went(writeSync(this.#descriptor, this.#block))
        takenMs = nowMs
      } catch (error) {
        // Its reader is gone.
        if ((error as NodeJS.ErrnoException).code === 'EPIPE') return
        pause()
      }
    }
  }

  #hearThreads(): void {
    for (const port of this.#threads) {
      for (let sent = receiveMessageOnPort(port); sent !== undefined; sent = receiveMessageOnPort(port)) {
        this.#writeAll(sent.message as string[])
      }
    }
  }

  /**
   * How much is written of what another thread of the pool is writing nobody hears any more. A line of an audit log is
   * rather there twice than not at all, and not at the end of half a line.
   */
  #beginAgain(): void {
    pause()
    this.#block = Buffer.concat([Buffer.from('\n'), this.#block])
    this.#waitingBytes += 1
  }
}

/** Where the event loop has ended. */
function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, fullPipeMs)
}

/** 32 MiB of text, some 100,000 lines: several seconds of a busy server's. */
const waitingBytesMax = 33_554_432
/** Some 300 KB, which cost less than a millisecond to put together. */
const blockLinesMax = 1_024
/** A full disk is asked ten times a second. */
const againMs = 100
/** Linux' pipes take 64 KiB: a reader that is slow can still have 13 MB a second. */
const fullPipeMs = 5
/** How long an end may take: of a reader that is slow, and of one that takes nothing. Supervisors kill after more. */
const endMsMax = 10_000
const notTakenMsMax = 2_000
