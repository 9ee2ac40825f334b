import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

/** A pipe whose reader reads when it is told to. */
export class Pipe {
  /** A file descriptor, non-blocking; whoever has it closes it. */
  readonly writing: number
  readonly #reading: number
  #isOpen = true

  constructor() {
    const directory = mkdtempSync(join(tmpdir(), 'keyward-pipe-'))
    const path = join(directory, 'pipe')
    execFileSync('mkfifo', [path])
    this.#reading = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    this.writing = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
    rmSync(directory, { recursive: true })
  }

  /** @returns all that has been read since the last call, once it ends with `end`, or nobody can write any more */
  async read(end?: string): Promise<string> {
    const chunks: string[] = []
    while (end === undefined || !chunks.slice(-2).join('').endsWith(end)) {
      const chunk = this.#readSome()
      if (chunk === '') break
      if (chunk === undefined) await setTimeout(1)
      else chunks.push(chunk)
    }
    return chunks.join('')
  }

  /** The reader is gone. */
  close(): void {
    if (this.#isOpen) closeSync(this.#reading)
    this.#isOpen = false
  }

  /** @returns undefined when there is nothing at present */
  #readSome(): string | undefined {
    const buffer = Buffer.alloc(65_536)
    try {
      return buffer.toString('latin1', 0, readSync(this.#reading, buffer))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      return undefined
    }
  }
}
