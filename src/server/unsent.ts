import type { Socket } from 'node:net'
import type { FaultLog } from './failure.ts'

/**
 * The answers that the clients of one thread have not taken, on all its ports. One connection keeps two at most, but
 * thousands of clients that do not read could fill the memory together: beyond the bound, those are dropped that have
 * held any for longest.
 */
export class Unsent {
  readonly #bytesMax: number
  readonly #log: FaultLog
  #bytes = 0
  /** In the order in which they began to hold any. */
  readonly #held = new Map<Socket, number>()

  constructor(bytesMax: number, log: FaultLog) {
    this.#bytesMax = bytesMax
    this.#log = log
  }

  /** Destroys the connections that have held for longest while there is too much; that may be this one. */
  hold(socket: Socket, bytes: number): void {
    // Of a connection that ended while its answer was made, nobody would say so again.
    if (!isCounted(bytes) || socket.destroyed) return
    this.#held.set(socket, (this.#held.get(socket) ?? 0) + bytes)
    this.#bytes += bytes
    for (const longest of this.#held.keys()) {
      if (this.#bytes <= this.#bytesMax) return
      this.forget(longest)
      this.#log.error({}, 'a client was dropped that takes no answers: those of all together are more than unsentBytesMax')
      longest.destroy()
    }
  }

  /** Of one answer that was taken. */
  release(socket: Socket, bytes: number): void {
    const held = this.#held.get(socket)
    if (!isCounted(bytes) || held === undefined) return
    this.#bytes -= bytes
    if (held > bytes) this.#held.set(socket, held - bytes)
    else this.#held.delete(socket)
  }

  /** Whatever a connection holds: it is over. */
  forget(socket: Socket): void {
    this.#bytes -= this.#held.get(socket) ?? 0
    this.#held.delete(socket)
  }
}

/** Whether an answer of so many bytes is counted. Smaller ones, as most are, are left to the number of connections. */
export function isCounted(bytes: number): boolean {
  return bytes >= countedBytesMin
}

const countedBytesMin = 16_384
