import { Worker } from 'node:worker_threads'
import type { WorkerOptions } from 'node:worker_threads'
import type { Logger } from 'pino'
import type { FeedMessage } from './server/change-relay.ts'
import type { ThreadMessage } from './server/part-router.ts'

/** What listening threads say to each other. */
export type AnyThreadMessage = ThreadMessage | FeedMessage

/** A listening thread besides the first one. */
export interface Thread {
  send(message: AnyThreadMessage): void
  stop(): Promise<void>
}

/**
 * Starts a listening thread; resolves when it listens. One that fails later ends the process, as a failure of the
 * first thread does: with less than it had, a server only seems to work.
 *
 * @param receive takes what the thread has for another one
 */
export async function startThread(
  script: URL, options: Pick<WorkerOptions, 'workerData' | 'transferList'>,
  receive: (message: AnyThreadMessage) => void, log: Logger,
): Promise<Thread> {
  const worker = new Worker(script, options)
  await new Promise((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
  let isStopping = false
  const end = (error: unknown): void => {
    if (isStopping) return
    log.fatal({ err: error }, 'the server stops because a thread failed')
    process.exit(1)
  }
  worker.on('error', end)
  worker.on('exit', () => end(new Error('the thread ended')))
  worker.on('message', receive)
  return {
    send: (message) => worker.postMessage(message),
    async stop() {
      isStopping = true
      const ended = new Promise((resolve) => worker.once('exit', resolve))
      worker.postMessage(stopMessage)
      await ended
    },
  }
}

/** What a thread is told in the end. */
export const stopMessage = 'stop'
