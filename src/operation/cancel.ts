import { KmipError } from '../kmip/error.ts'
import { CancellationResult, Operation, ProcessingStage } from '../kmip/generated/enums.ts'
import { CancelRequest, CancelResponse } from '../kmip/payload/cancel.ts'
import { parseVersion } from '../kmip/version.ts'
import { hasFailed, isCompleted } from '../model/job-record.ts'
import { decodeJob, jobChange, jobRemoval, loadJob } from './job.ts'
import type { StoredJob } from './job.ts'
import type { Objects } from './objects.ts'
import { operation } from './operation.ts'
import type { Context } from './operation.ts'

/**
 * KMIP 2.1 6.1.5 Cancel. What has begun is not stopped. An answer that is ready counts as obtained (KMIP 2.1 6.1.41).
 */
export const cancel = operation({
  code: Operation.Cancel,
  since: '1.0',
  request: CancelRequest,
  response: CancelResponse,
  reasons: ['InvalidAsynchronousCorrelationValue'],
  async handle({ asynchronousCorrelationValue }, context) {
    const result = await cancelled(asynchronousCorrelationValue, context)
    return { asynchronousCorrelationValue, cancellationResult: CancellationResult[result] }
  },
})

async function cancelled(
  correlationValue: Buffer, context: Context,
): Promise<keyof typeof CancellationResult> {
  const { objects, version } = context
  let found: StoredJob
  try {
    found = await loadJob(context, correlationValue)
  } catch (error) {
    // Cancel has no failures of its own in 1.x (KMIP 1.4 11.28).
    if (error instanceof KmipError && version < v2) return 'Unavailable'
    throw error
  }
  const { job } = found
  if (job.processingStage === ProcessingStage.InProcess) return 'UnableToCancel'
  objects.writeRecord(jobRemoval(found))
  if (isCompleted(job)) return hasFailed(job) ? 'Failed' : 'Completed'
  await bridge(found, objects)
  return 'Canceled'
}

/** The items before and after follow on each other, as if this one had never been there. */
async function bridge({ job }: StoredJob, objects: Objects): Promise<void> {
  for (const [id, change] of [
    [job.previous, { next: job.next }],
    [job.next, { previous: job.previous, state: job.state }],
  ] as const) {
    const record = id === undefined ? undefined : await objects.readRecord(id)
    if (record === undefined) continue
    objects.writeRecord(jobChange(record, { ...decodeJob(record.data), ...change }))
  }
}

const v2 = parseVersion('2.0')
