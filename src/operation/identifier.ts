import { randomBytes } from 'node:crypto'

/**
 * A new Unique Identifier: a UUID of version 7 (RFC 9562 5.7). Those of one process ascend strictly, also within a
 * millisecond, because the order of identifiers is the order in which Locate gives objects (KMIP 2.1 6.1.28).
 */
export function newIdentifier(): string {
  const now = Date.now()
  if (now > lastMs) {
    lastMs = now
    counter = 0
  } else {
    counter += 1
    if (counter > counterMax) {
      lastMs += 1
      counter = 0
    }
  }
  const time = lastMs.toString(16).padStart(12, '0')
  const random = randomBytes(8)
  random[0] = (random[0]! & 0x3f) | 0x80
  const tail = random.toString('hex')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${counter.toString(16).padStart(3, '0')}-${tail.slice(0, 4)}-${tail.slice(4)}`
}

let lastMs = 0
let counter = 0
/** The 12 bits of rand_a count within the millisecond (RFC 9562 6.2, method 1). */
const counterMax = 0xfff
