import { setImmediate } from 'node:timers/promises'

/** What became of something that ran, and of the event loop meanwhile. */
export interface Watched<T> {
  readonly value: T
  /** How often others had their turn before it was there. */
  readonly turns: number
  /** Of the longest turn and of all, in milliseconds of processor time: what else the machine does has no part in it. */
  readonly longestMs: number
  readonly wholeMs: number
}

export async function watched<T>(run: () => Promise<T>): Promise<Watched<T>> {
  const begunMs = processorMs()
  let [turns, longestMs, lastMs, isRunning] = [0, 0, begunMs, true]
  const watch = (async () => {
    while (isRunning) {
      await setImmediate()
      const now = processorMs()
      longestMs = Math.max(longestMs, now - lastMs)
      lastMs = now
      if (isRunning) turns += 1
    }
  })()
  const value = await run()
  isRunning = false
  await watch
  return { value, turns, longestMs, wholeMs: lastMs - begunMs }
}

/** Of this thread. */
export function processorMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
