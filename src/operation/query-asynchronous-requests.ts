import { Operation } from '../kmip/generated/enums.ts'
import {
  QueryAsynchronousRequestsRequest, QueryAsynchronousRequestsResponse,
} from '../kmip/payload/query-asynchronous-requests.ts'
import { isExpired } from '../model/job-record.ts'
import { token } from './index-keys.ts'
import { correlationValueOf, decodeJob, isOwnJob } from './job.ts'
import { operation } from './operation.ts'

/**
 * KMIP 2.1 6.1.41 Query Asynchronous Requests: those of the caller whose outcome has not been fetched, the
 * oldest first. Several criteria narrow the list together.
 */
export const queryAsynchronousRequests = operation({
  code: Operation.QueryAsynchronousRequests,
  since: '2.1',
  request: QueryAsynchronousRequestsRequest,
  response: QueryAsynchronousRequestsResponse,
  reasons: [],
  async handle({ asynchronousCorrelationValues, operations }, { objects, caller, now }) {
    const wanted = asynchronousCorrelationValues?.asynchronousCorrelationValue
    const found = []
    for (const id of await objects.findRecords(token('job', caller.account), jobsPerAccountMax)) {
      const asynchronousCorrelationValue = correlationValueOf(id)
      if (wanted?.some((value) => value.equals(asynchronousCorrelationValue)) === false) continue
      const record = await objects.readRecord(id)
      if (record === undefined) continue
      const job = decodeJob(record.data)
      if (isExpired(job, now) || !isOwnJob(job, caller)) continue
      const { operation: code, submissionDate, processingStage } = job
      if (operations?.operation.includes(code) === false) continue
      found.push({ asynchronousCorrelationValue, operation: code, submissionDate, processingStage })
    }
    const asynchronousRequest = found.toSorted((a, b) => Number(a.submissionDate - b.submissionDate))
    return { asynchronousRequest }
  },
})

/** Outstanding asynchronous requests of one account. */
export const jobsPerAccountMax = 1_000
