import type { Io } from './command.ts'

/** A bar on standard error for who looks at a terminal; nothing for a script. */
export class Progress {
  readonly #io: Pick<Io, 'stderr' | 'nowMs'>
  readonly #total: number | undefined
  readonly #startMs: number
  #done = 0
  #shownMs = -Infinity

  /** @param total bytes, where it is known */
  constructor(io: Pick<Io, 'stderr' | 'nowMs'>, total: number | undefined) {
    this.#io = io
    this.#total = total
    this.#startMs = io.nowMs()
  }

  /** Counts the chunks that pass. */
  async* watch<T extends Uint8Array>(chunks: AsyncIterable<T>): AsyncGenerator<T> {
    for await (const chunk of chunks) {
      this.#done += chunk.length
      const nowMs = this.#io.nowMs()
      if (nowMs - this.#shownMs >= stepMs) this.#show(nowMs)
      yield chunk
    }
    this.#show(this.#io.nowMs())
    if (this.#io.stderr.isTTY === true) this.#io.stderr.write('\n')
  }

  #show(nowMs: number): void {
    this.#shownMs = nowMs
    if (this.#io.stderr.isTTY !== true) return
    const speed = `${sizeText(this.#done / Math.max(nowMs - this.#startMs, 1) * 1_000)}/s`
    this.#io.stderr.write(`\r${barText(this.#done, this.#total)} ${speed}\u001b[K`)
  }
}

/** `[#####     ]  50 % 512.0 MB of 1.0 GB`. @param total bytes, where it is known */
export function barText(done: number, total: number | undefined): string {
  if (total === undefined) return sizeText(done)
  const share = total === 0 ? 1 : Math.min(done / total, 1)
  const bar = '#'.repeat(Math.floor(share * barWidth)).padEnd(barWidth)
  return `[${bar}] ${String(Math.floor(share * 100)).padStart(3)} % ${sizeText(done)} of ${sizeText(total)}`
}

function sizeText(bytes: number): string {
  const step = bytes < 1 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1)
  return `${(bytes / 1_000 ** step).toFixed(step === 0 ? 0 : 1)} ${units[step]}`
}

const units = ['B', 'kB', 'MB', 'GB', 'TB']
const barWidth = 30
const stepMs = 100
