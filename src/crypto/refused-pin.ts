import { createHash } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { Secret } from '../kmip/secret.ts'

/**
 * The PIN that a token has refused last. Tokens count wrong PINs, and lock: none is tried twice, whatever number of
 * threads and instances connect the token. So they try one after the other, each knowing what the one before has found.
 */
export class RefusedPin {
  readonly #digest: Uint8Array
  /** 1 while somebody tries a PIN. */
  readonly #trying: Int32Array

  /** @param memory what they share, as `refusedPinMemory` makes it */
  constructor(memory: SharedArrayBuffer) {
    this.#digest = new Uint8Array(memory, 0, digestBytes)
    this.#trying = new Int32Array(memory, digestBytes, 1)
  }

  /**
   * Waits for nobody else to be trying. A thread never ends alone, so that whoever has the turn gives it back.
   *
   * @returns what ends the turn, or undefined if it did not come within `waitMsMax`
   */
  async turn(waitMsMax: number): Promise<(() => void) | undefined> {
    const end = performance.now() + waitMsMax
    while (Atomics.compareExchange(this.#trying, 0, 0, 1) !== 0) {
      if (performance.now() > end) return undefined
      await setTimeout(pollMs)
    }
    return () => void Atomics.store(this.#trying, 0, 0)
  }

  is(pin: Secret): boolean {
    return digestOf(pin).equals(this.#digest)
  }

  set(pin: Secret): void {
    this.#digest.set(digestOf(pin))
  }
}

/** The digest of no PIN, and nobody's turn. */
export function refusedPinMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(digestBytes + Int32Array.BYTES_PER_ELEMENT)
}

function digestOf(pin: Secret): Buffer {
  return createHash('sha256').update(pin.reveal()).digest()
}

const digestBytes = 32
const pollMs = 10
