import { inVersion, namesIn } from '../kmip/attribute-codec.ts'
import type { Constraint } from '../kmip/constraints.ts'
import { KmipError } from '../kmip/error.ts'
import { Operation } from '../kmip/generated/enums.ts'
import { SetConstraintsRequest, SetConstraintsResponse } from '../kmip/payload/set-constraints.ts'
import { changeAccountSettings } from './account-settings.ts'
import { operation } from './operation.ts'
import { kindOf } from './set-defaults.ts'

/** KMIP 2.1 6.1.52 Set Constraints, for the caller's account. What it sets replaces what was set before. */
export const setConstraints = operation({
  code: Operation.SetConstraints,
  since: '2.1',
  request: SetConstraintsRequest,
  response: SetConstraintsResponse,
  reasons: ['InvalidField', 'InvalidObjectType', 'ServerLimitExceeded'],
  async handle({ constraints }, context) {
    const entries = constraints?.constraint ?? []
    if (entries.length > entriesMax) throw new KmipError('ServerLimitExceeded', `at most ${entriesMax} Constraints`)
    for (const entry of entries) checkEntry(entry, context.version)
    await changeAccountSettings(context.objects, context.caller, { constraints })
    return {}
  },
})

function checkEntry({ objectTypes, attributes = {} }: Constraint, version: number): void {
  for (const type of objectTypes?.objectType ?? []) {
    if (kindOf(type) === undefined) throw new KmipError('InvalidObjectType', 'unknown object type')
  }
  if (attributes.uniqueIdentifier !== undefined || attributes.name !== undefined) {
    throw new KmipError('InvalidField', 'identifiers and names are those of one object')
  }
  // One that nobody can give an object would refuse all, and is not shown either.
  if (namesIn(attributes).some((name) => !inVersion(name, { version }))) {
    throw new KmipError('InvalidField', 'the version has no such attribute')
  }
}

/** Each is looked at for every object that is made. */
const entriesMax = 256
