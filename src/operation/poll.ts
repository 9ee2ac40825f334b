import { Operation, ResultStatus } from '../kmip/generated/enums.ts'
import { PollRequest, PollResponse } from '../kmip/payload/poll.ts'
import { isCompleted } from '../model/job-record.ts'
import { OtherAnswer, decodeOutcome, jobRemoval, loadJob } from './job.ts'
import { operation } from './operation.ts'

/**
 * KMIP 2.1 6.1.38 Poll: the answer is that of the request that is polled. It is given once; what is polled and has not
 * begun begins.
 */
export const poll = operation({
  code: Operation.Poll,
  since: '1.0',
  request: PollRequest,
  response: PollResponse,
  reasons: ['InvalidAsynchronousCorrelationValue'],
  async handle({ asynchronousCorrelationValue }, context) {
    const { objects, jobs } = context
    const before = await loadJob(context, asynchronousCorrelationValue)
    if (!isCompleted(before.job)) await jobs.advance(before.id, waitMsMax)
    const after = await loadJob(context, asynchronousCorrelationValue)
    if (!isCompleted(after.job)) {
      return new OtherAnswer({
        operation: after.job.operation,
        resultStatus: ResultStatus.OperationPending,
        asynchronousCorrelationValue,
        messageExtension: [],
      })
    }
    objects.writeRecord(jobRemoval(after))
    return new OtherAnswer(decodeOutcome(after.job))
  },
})

/** So that a client that polls in a loop does not ask in vain a thousand times a second. */
const waitMsMax = 1_000
