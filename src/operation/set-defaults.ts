import type { ObjectDefaults } from '../kmip/defaults-information.ts'
import { KmipError } from '../kmip/error.ts'
import { ObjectType, Operation } from '../kmip/generated/enums.ts'
import { SetDefaultsRequest, SetDefaultsResponse } from '../kmip/payload/set-defaults.ts'
import { checkInitialAttributes } from '../model/initial-attributes.ts'
import { changeAccountSettings } from './account-settings.ts'
import { checkKnownAttributes } from './known-attributes.ts'
import { operation } from './operation.ts'

/** KMIP 2.1 6.1.53 Set Defaults, for the caller's account. What it sets replaces what was there, the server's own too. */
export const setDefaults = operation({
  code: Operation.SetDefaults,
  since: '2.1',
  request: SetDefaultsRequest,
  response: SetDefaultsResponse,
  reasons: ['AttributeReadOnly', 'InvalidAttribute', 'InvalidField', 'InvalidObjectType', 'ServerLimitExceeded'],
  async handle({ defaultsInformation }, context) {
    const entries = defaultsInformation?.objectDefaults ?? []
    if (entries.length > entriesMax) throw new KmipError('ServerLimitExceeded', `at most ${entriesMax} Object Defaults`)
    for (const entry of entries) checkEntry(entry, context.version)
    const defaults = defaultsInformation ?? { objectDefaults: [] }
    await changeAccountSettings(context.objects, context.caller, { defaults })
    return {}
  },
})

function checkEntry({ objectTypes, attributes }: ObjectDefaults, version: number): void {
  if (objectTypes.length === 0) throw new KmipError('InvalidField', 'Object Defaults name no object type')
  checkKnownAttributes({ attributes }, version)
  if (attributes.name !== undefined) throw new KmipError('InvalidField', 'a Name cannot be that of several objects')
  for (const type of objectTypes) {
    const kind = kindOf(type)
    if (kind === undefined) throw new KmipError('InvalidObjectType', 'unknown object type')
    checkInitialAttributes(kind, attributes, 'made', version)
  }
}

/** The name of an Object Type of 2.1, which has no templates. */
export function kindOf(type: number): Exclude<keyof typeof ObjectType, 'Template'> | undefined {
  const names = Object.keys(ObjectType) as (keyof typeof ObjectType)[]
  const name = names.find((each) => ObjectType[each] === type)
  return name === 'Template' ? undefined : name
}

/** Each is looked at for every object that is made. */
const entriesMax = 256
