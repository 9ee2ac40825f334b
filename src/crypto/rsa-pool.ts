import type { KeyObject } from 'node:crypto'
import { Worker } from 'node:worker_threads'
import { cryptographicFailure } from './failure.ts'
import type { RsaAnswer, RsaTask } from './rsa-worker.ts'

/**
 * One thread for the private-key operations that node:crypto has only as blocking calls; started
 * at the first, it does not keep the process alive. A thread that dies takes its tasks with it as
 * failures, and the next task starts another.
 */
export function runRsa(operation: RsaTask['operation'], key: KeyObject, data: Buffer): Promise<Buffer> {
  const { worker, waiting } = (current ??= start())
  const id = (lastId += 1)
  return new Promise((resolve, reject) => {
    if (waiting.size === 0) worker.ref()
    waiting.set(id, { resolve, reject })
    worker.postMessage({ id, operation, key, data } satisfies RsaTask)
  })
}

interface Waiter {
  resolve(result: Buffer): void
  reject(error: Error): void
}
interface Running {
  readonly worker: Worker
  readonly waiting: Map<number, Waiter>
}

function start(): Running {
  // The worker's file has this file's ending, as source and as published code.
  const worker = new Worker(new URL(import.meta.url.replace('rsa-pool', 'rsa-worker')))
  const waiting = new Map<number, Waiter>()
  const running = { worker, waiting }
  worker.unref()
  worker.on('message', ({ id, result }: RsaAnswer) => {
    const waiter = waiting.get(id)
    waiting.delete(id)
    if (waiting.size === 0) worker.unref()
    if (result === undefined) waiter?.reject(cryptographicFailure())
    else waiter?.resolve(Buffer.from(result.buffer, result.byteOffset, result.byteLength))
  })
  const stop = (): void => {
    if (current === running) current = undefined
    for (const waiter of waiting.values()) waiter.reject(cryptographicFailure())
    waiting.clear()
  }
  worker.on('error', stop)
  worker.on('exit', stop)
  return running
}

let current: Running | undefined
let lastId = 0
