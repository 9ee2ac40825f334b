import { KmipError } from '../kmip/error.ts'
import { Operation } from '../kmip/generated/enums.ts'
import { ProcessRequest, ProcessResponse } from '../kmip/payload/process.ts'
import { isCompleted } from '../model/job-record.ts'
import { loadJob } from './job.ts'
import { operation } from './operation.ts'

/** KMIP 2.1 6.1.39 Process: comes back when the request is completed, so that the next Poll has its answer. */
export const process = operation({
  code: Operation.Process,
  since: '2.1',
  request: ProcessRequest,
  response: ProcessResponse,
  reasons: ['DuplicateProcessRequest', 'GeneralFailure', 'InvalidAsynchronousCorrelationValue'],
  async handle({ asynchronousCorrelationValue }, context) {
    const { id, job } = await loadJob(context, asynchronousCorrelationValue)
    if (isCompleted(job)) throw new KmipError('DuplicateProcessRequest', 'the request has been processed already')
    await context.jobs.advance(id, waitMsMax)
    const after = await loadJob(context, asynchronousCorrelationValue)
    if (!isCompleted(after.job)) throw new KmipError('GeneralFailure', 'the request takes longer than a client waits')
    return {}
  },
})

/** Less than the time after which clients give up an answer. */
const waitMsMax = 25_000
