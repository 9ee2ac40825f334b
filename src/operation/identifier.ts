import { randomUUIDv7 } from 'node:crypto'

/**
 * A new Unique Identifier: a UUID of version 7 (RFC 9562 5.7). Those of one process ascend strictly, also within a
 * millisecond, because the order of identifiers is the order in which Locate gives objects (KMIP 2.1 6.1.28).
 */
export function newIdentifier(): string {
  const fresh = randomUUIDv7()
  const time = Number.parseInt(fresh.slice(0, 8) + fresh.slice(9, 13), 16)
  if (time > lastTime) {
    lastTime = time
    counter = 0
  } else if (counter < counterMax) {
    counter += 1
  } else {
    lastTime += 1
    counter = 0
  }
  const digits = lastTime.toString(16).padStart(12, '0')
  return `${digits.slice(0, 8)}-${digits.slice(8)}-7${counter.toString(16).padStart(3, '0')}-${fresh.slice(19)}`
}

/** Milliseconds since 1970-01-01 UTC; ahead of the clock when more were made in one than it can count. */
let lastTime = 0
let counter = 0
/** The 12 bits of rand_a count within the millisecond (RFC 9562 6.2, method 1). */
const counterMax = 0xfff
