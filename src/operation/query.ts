import type { Awaitable } from '../model/awaitable.ts'
import { KmipError } from '../kmip/error.ts'
import { extensionNames, extensionsOf } from '../kmip/extension-information.ts'
import { Operation, QueryFunction } from '../kmip/generated/enums.ts'
import { protectionItem } from '../kmip/protection-information.ts'
import { QueryRequest, QueryResponse } from '../kmip/payload/query.ts'
import type { QueryResponse as Answer } from '../kmip/payload/query.ts'
import { defaultsFor } from '../model/account-settings.ts'
import { isOn } from '../model/client-profile.ts'
import { unspecified } from '../model/random-number-generator.ts'
import { serverDefaults } from '../model/server-defaults.ts'
import { loadAccountSettings } from './account-settings.ts'
import { attributeKey } from './index-keys.ts'
import { operation } from './operation.ts'
import type { Context } from './operation.ts'
import { protectionInformation, storageMasks } from './protection.ts'
import { inQueryOrder } from './query-order.ts'
import { profilesOf } from './profiles.ts'
import { capabilitiesFor, objectTypesOf, registrationMethods } from './server-capabilities.ts'

/**
 * KMIP 2.1 6.1.40. What it tells follows from what the server does for this client on this connection; only the defaults
 * hang on Object Groups. A function that is newer than the request's version is answered with nothing, because nothing
 * newer is ever sent. There are no application namespaces or attestation types that the server claims, and no
 * validations but those of the client's profile.
 */
export const query = operation({
  code: Operation.Query,
  since: '1.0',
  request: QueryRequest,
  response: QueryResponse,
  reasons: ['InvalidField', 'InvalidMessage', 'UnknownObjectGroup'],
  async handle({ queryFunction: functions, objectGroups }, context) {
    if (functions.length === 0) throw new KmipError('InvalidMessage', 'there is no Query Function')
    if (functions.some((each) => !functionCodes.has(each))) {
      throw new KmipError('InvalidField', 'unknown Query Function')
    }
    const groups = objectGroups?.objectGroup
    for (const group of groups ?? []) await checkGroup(group, context)
    const answer: Answer = { ...nothing }
    for (const each of new Set(functions)) Object.assign(answer, await answers[each]?.(context, functions, groups))
    return answer
  },
})

type AnswerTo = (
  context: Context, functions: readonly number[], groups: readonly string[] | undefined,
) => Awaitable<Partial<Answer>>

const answers: Readonly<Record<number, AnswerTo>> = {
  [QueryFunction.QueryOperations]: ({ version, operations, profile }) => {
    const on = [...operations.values()].filter(({ code, since }) => since <= version && isOn(profile, code))
    // What the server itself sends (KMIP 2.1 6.2), to a client that takes its role on the other port.
    const hasRoles = isOn(profile, Operation.SetEndpointRole)
    const sent = hasRoles ? [Operation.Notify, Operation.Put] : []
    return { operation: inQueryOrder('operations', [...on.map(({ code }) => code), ...sent]) }
  },
  [QueryFunction.QueryObjects]: ({ version }) => ({ objectType: inQueryOrder('objectTypes', objectTypesOf(version)) }),
  [QueryFunction.QueryServerInformation]: (context) => ({
    // The published cases have an empty structure in every version; name and version stand beside it.
    vendorIdentification: context.profile.tellsImplementation
      ? `${context.settings.serverName} ${context.settings.serverVersion}`
      : context.settings.serverName,
    serverInformation: {
      alternateFailoverEndpoints: [], vendorSpecific: protectionInformation(context).map(protectionItem),
    },
  }),
  [QueryFunction.QueryExtensionList]: ({ version }, functions) => (
    // "If both ... are specified, then only the response to Query Extension Map SHALL be returned" (KMIP 1.4 4.25).
    functions.includes(QueryFunction.QueryExtensionMap) ? {} : { extensionInformation: extensionNames(version) }
  ),
  [QueryFunction.QueryExtensionMap]: ({ version }) => ({ extensionInformation: extensionsOf(version) }),
  [QueryFunction.QueryProfiles]: ({ version, settings, profile: { profilesTold } }) => ({
    profileInformation: profilesOf(version, settings).filter(({ profileName }) => (
      profilesTold?.includes(profileName) !== false)),
  }),
  [QueryFunction.QueryRNGs]: ({ provider }) => ({ rngParameters: [provider.randomNumberGenerator ?? unspecified] }),
  [QueryFunction.QueryValidations]: ({ profile }) => ({
    validationInformation: profile.validations.map((each) => ({ ...each, validationProfile: [...each.validationProfile] })),
  }),
  [QueryFunction.QueryCapabilities]: ({ profile }) => ({ capabilityInformation: [capabilitiesFor(profile)] }),
  [QueryFunction.QueryClientRegistrationMethods]: () => ({ clientRegistrationMethod: [...registrationMethods] }),
  [QueryFunction.QueryDefaultsInformation]: async ({ objects, caller }, _functions, groups) => {
    const { defaults } = await loadAccountSettings(objects, caller)
    const objectDefaults = defaultsFor(defaults?.objectDefaults ?? serverDefaults, groups)
    return objectDefaults.length === 0 ? {} : { defaultsInformation: { objectDefaults } }
  },
  [QueryFunction.QueryStorageProtectionMasks]: (context) => ({
    protectionStorageMasks: { protectionStorageMask: storageMasks(context) },
  }),
}

/**
 * A group is known by its objects, or because something is set for it.
 *
 * @throws KmipError Unknown Object Group
 */
async function checkGroup(group: string, { objects, caller }: Context): Promise<void> {
  const { defaults, constraints } = await loadAccountSettings(objects, caller)
  const settings = [...defaults?.objectDefaults ?? [], ...constraints?.constraint ?? []]
  if (settings.some(({ objectGroups }) => objectGroups?.objectGroup.includes(group) === true)) return
  const key = attributeKey(caller.account, { name: 'objectGroup', value: group })
  for await (const _ of objects.find(key!)) return
  throw new KmipError('UnknownObjectGroup', 'no object is in the Object Group, and nothing is set for it')
}

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
