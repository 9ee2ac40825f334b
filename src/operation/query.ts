import type { Awaitable } from '../crypto/provider.ts'
import { KmipError } from '../kmip/error.ts'
import { Operation, QueryFunction } from '../kmip/generated/enums.ts'
import { QueryRequest, QueryResponse } from '../kmip/payload/query.ts'
import type { QueryResponse as Answer } from '../kmip/payload/query.ts'
import { randomNumberGenerator } from '../model/random-number-generator.ts'
import { allDefaults } from '../model/server-defaults.ts'
import { loadAccountSettings } from './account-settings.ts'
import { operation } from './operation.ts'
import type { AnyOperation, Context } from './operation.ts'
import { storageMasks } from './protection.ts'
import { inQueryOrder } from './query-order.ts'
import { profilesOf } from './profiles.ts'
import { capabilityInformation, objectTypesOf, registrationMethods } from './server-capabilities.ts'

/**
 * KMIP 2.1 6.1.40. What it tells follows from what the server does, and is the same for all Object Groups. A function
 * that is newer than the request's version is answered with nothing, because nothing newer is ever sent. There are no
 * application namespaces, extensions, attestation types or validations that the server claims.
 *
 * @param operations the table that this operation is itself in
 */
export function query(operations: () => readonly AnyOperation[]): AnyOperation {
  return operation({
    code: Operation.Query,
    since: '1.0',
    request: QueryRequest,
    response: QueryResponse,
    reasons: ['InvalidField', 'InvalidMessage'],
    async handle({ queryFunction: functions }, context) {
      if (functions.length === 0) throw new KmipError('InvalidMessage', 'there is no Query Function')
      if (functions.some((each) => !functionCodes.has(each))) {
        throw new KmipError('InvalidField', 'unknown Query Function')
      }
      const answer: Answer = { ...nothing }
      for (const each of new Set(functions)) {
        Object.assign(answer, await answers[each]?.(context, operations))
      }
      return answer
    },
  })
}

type AnswerTo = (context: Context, operations: () => readonly AnyOperation[]) => Awaitable<Partial<Answer>>

const answers: Readonly<Record<number, AnswerTo>> = {
  [QueryFunction.QueryOperations]: ({ version, settings }, operations) => {
    const available = operations().filter(({ since, isAvailable }) => since <= version && isAvailable?.(settings) !== false)
    return { operation: inQueryOrder('operations', [...available.map(({ code }) => code), ...serverOperations]) }
  },
  [QueryFunction.QueryObjects]: ({ version }) => ({ objectType: inQueryOrder('objectTypes', objectTypesOf(version)) }),
  [QueryFunction.QueryServerInformation]: ({ settings }) => ({
    // The published cases have an empty structure in every version; name and version stand beside it.
    vendorIdentification: `${settings.serverName} ${settings.serverVersion}`,
    serverInformation: { alternateFailoverEndpoints: [], vendorSpecific: [] },
  }),
  [QueryFunction.QueryProfiles]: ({ version }) => ({ profileInformation: profilesOf(version) }),
  [QueryFunction.QueryRNGs]: () => ({ rngParameters: [randomNumberGenerator] }),
  [QueryFunction.QueryCapabilities]: () => ({ capabilityInformation: [capabilityInformation] }),
  [QueryFunction.QueryClientRegistrationMethods]: () => ({ clientRegistrationMethod: [...registrationMethods] }),
  [QueryFunction.QueryDefaultsInformation]: async ({ objects, caller }) => {
    const { defaults } = await loadAccountSettings(objects, caller)
    return { defaultsInformation: { objectDefaults: allDefaults(defaults?.objectDefaults ?? []) } }
  },
  [QueryFunction.QueryStorageProtectionMasks]: (context) => ({
    protectionStorageMasks: { protectionStorageMask: storageMasks(context) },
  }),
}

/** What the server itself sends (KMIP 2.1 6.2). */
const serverOperations = [Operation.Notify, Operation.Put]
const functionCodes: ReadonlySet<number> = new Set(Object.values(QueryFunction))
const nothing = {
  operation: [],
  objectType: [],
  applicationNamespace: [],
  extensionInformation: [],
  attestationType: [],
  rngParameters: [],
  profileInformation: [],
  validationInformation: [],
  capabilityInformation: [],
  clientRegistrationMethod: [],
}
