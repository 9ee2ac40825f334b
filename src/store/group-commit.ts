/**
 * Runs many small jobs in few transactions: while one transaction is being made durable, the jobs that arrive wait,
 * and the next transaction takes all of them. A job settles when its transaction is durable.
 */
export interface GroupCommit {
  /**
   * @param job runs inside a transaction, synchronously. It may refuse by throwing an error that `isRefusal`
   *   recognises, before it has written anything; then it alone fails. Any other error fails its transaction.
   * @param bytes about what it will write; it bounds the size of a transaction.
   */
  add<Result>(job: () => Result, bytes: number): Promise<Result>
  /** Resolves when all jobs added so far have settled. */
  settled(): Promise<void>
}

/**
 * @param transact runs a function in one atomic transaction and resolves when that is durable, or rejects with nothing
 *   changed.
 */
export function groupCommit(
  transact: (body: () => void) => Promise<void>, isRefusal: (error: unknown) => boolean,
): GroupCommit {
  let waiting: Job[] = []
  let running: Promise<void> | undefined

  async function run(): Promise<void> {
    while (waiting.length > 0) {
      const group = takeGroup(waiting)
      waiting = waiting.slice(group.length)
      const settlements: (() => void)[] = []
      try {
        await transact(() => {
          for (const job of group) settlements.push(outcomeOf(job, isRefusal))
        })
        for (const settle of settlements) settle()
      } catch (error) {
        for (const job of group) job.reject(error)
      }
    }
    running = undefined
  }

  return {
    add<Result>(work: () => Result, bytes: number): Promise<Result> {
      return new Promise<Result>((resolve, reject) => {
        waiting.push({ work, bytes, resolve: resolve as (result: unknown) => void, reject })
        running ??= Promise.resolve().then(run)
      })
    },
    async settled() {
      await running
    },
  }
}

interface Job {
  readonly work: () => unknown
  readonly bytes: number
  readonly resolve: (result: unknown) => void
  readonly reject: (error: unknown) => void
}

/** The longest run of waiting jobs, at least one, that fits a transaction. */
function takeGroup(waiting: readonly Job[]): Job[] {
  let bytes = 0
  const end = waiting.findIndex((job, i) => {
    bytes += job.bytes
    return i > 0 && (i >= groupJobsMax || bytes > groupBytesMax)
  })
  return end === -1 ? waiting.slice() : waiting.slice(0, end)
}

function outcomeOf(job: Job, isRefusal: (error: unknown) => boolean): () => void {
  try {
    const result = job.work()
    return () => job.resolve(result)
  } catch (error) {
    if (!isRefusal(error)) throw error
    return () => job.reject(error)
  }
}

/** The event loop stands still while a group is applied, at some 10 µs a job: so at most about 10 ms. */
const groupJobsMax = 1_000
/** Keeps LMDB's list of dirty pages far from its bound, and the pause of a group of large records short. */
const groupBytesMax = 16 * 1024 * 1024
