import { KmipError } from '../kmip/error.ts'

/**
 * Runs what takes a thread of libuv's pool for long (making RSA keys, PBKDF2) a few at a time: the
 * pool has four threads, and the store's commits and short signatures need theirs too, or one client
 * that makes large keys would stop everybody's writes.
 *
 * @throws KmipError Server Limit Exceeded when too much of it is waiting
 */
export async function heavily<T>(work: () => Promise<T>): Promise<T> {
  if (waiting.length >= waitingMax) throw new KmipError('ServerLimitExceeded', 'too many long computations are waiting')
  if (running >= runningMax) await new Promise<void>((resolve) => waiting.push(resolve))
  else running += 1
  try {
    return await work()
  } finally {
    const next = waiting.shift()
    if (next === undefined) running -= 1
    else next()
  }
}

const waiting: (() => void)[] = []
let running = 0
/** Half of libuv's pool. */
const runningMax = 2
/** At some 70 ms for an RSA-2048 key, what waits is done within half a minute. */
const waitingMax = 512
