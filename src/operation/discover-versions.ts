import { Operation } from '../kmip/generated/enums.ts'
import { DiscoverVersionsRequest, DiscoverVersionsResponse } from '../kmip/payload/discover-versions.ts'
import { versions } from '../kmip/version.ts'
import { operation } from './operation.ts'

/** KMIP 2.1 6.1.16: newest first; of the versions that the client lists, those that are spoken here. */
export const discoverVersions = operation({
  code: Operation.DiscoverVersions,
  since: '1.1',
  request: DiscoverVersionsRequest,
  response: DiscoverVersionsResponse,
  reasons: [],
  handle({ protocolVersion: offered }) {
    return {
      protocolVersion: versions.filter((version) => offered.length === 0 || offered.includes(version)),
    }
  },
})
