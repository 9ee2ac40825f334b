import { createHash } from 'node:crypto'
import type { Secret } from '../kmip/secret.ts'

/**
 * The PIN that a token has refused last. Tokens count wrong PINs, and lock: none is tried twice, whatever number of
 * threads and instances connect the token.
 */
export class RefusedPin {
  readonly #digest: Uint8Array

  /** @param memory what they share, as `refusedPinMemory` makes it */
  constructor(memory: Uint8Array) {
    this.#digest = memory
  }

  is(pin: Secret): boolean {
    return digestOf(pin).equals(this.#digest)
  }

  set(pin: Secret): void {
    this.#digest.set(digestOf(pin))
  }
}

/** The digest of no PIN, in memory that threads can share. */
export function refusedPinMemory(): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(32))
}

function digestOf(pin: Secret): Buffer {
  return createHash('sha256').update(pin.reveal()).digest()
}
